import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { type SessionView, sessionStore, useSession } from "roam-react";
import { mount } from "./mounting.ts";
import { ShopFixture } from "./shop.ts";

let view: SessionView;

function Banner({ shop }: { shop: ShopFixture }) {
  view = useSession(shop.client);
  return view.kind === "detached" ? `detached for ${Math.floor(view.forMs / 1000)} s` : view.kind;
}

suite("useSession", () => {
  test("shows a cut and the resume, and in the end that it is closed", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Banner, { shop }));
    await page.shows("connected");
    shop.client.$.session.dropLink("cut");
    await page.shows("resumed");
    await shop.client.$.session.close();
    await page.shows("closed");
    page.unmount();
  });

  test("counts the seconds without a link, through attempts in vain", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Banner, { shop }));
    await page.shows("connected");
    shop.isCut = true;
    shop.client.$.session.dropLink("cut");
    await page.shows("detached for 0 s");
    await page.shows("detached for 1 s");
    assert(view.kind === "detached" && view.attempt > 3, JSON.stringify(view));
    shop.isCut = false;
    await page.shows("resumed");
    page.unmount();
  });

  test("on the server it shows the state of that moment", async () => {
    await using shop = await ShopFixture.start();
    assert.equal(renderToString(h(Banner, { shop })), "connected");
  });
});

test("a session's store keeps its snapshot between changes, and catches up with what nobody heard", async () => {
  await using shop = await ShopFixture.start();
  const { session } = shop.client.$;
  const store = sessionStore(session);
  const first = store.getSnapshot();
  assert.equal(store.getSnapshot(), first);
  await session.close();
  assert.equal(store.getSnapshot(), first);
  let changes = 0;
  const stop = store.subscribe(() => changes++);
  assert.equal(store.getSnapshot().kind, "closed");
  stop();
  assert.equal(changes, 0);
});
