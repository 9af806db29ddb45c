import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { createElement as h, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { ChannelStore, type ChannelView, useChannel } from "roam-react";
import { eventually } from "./eventually.ts";
import { mount } from "./mounting.ts";
import { ShopFixture } from "./shop.ts";

/** Items that the handler may send ahead. */
const CREDIT = 16;

let view: ChannelView<number>;
let renders = 0;

beforeEach(() => {
  const none = () => assert.fail("nothing was rendered");
  view = { kind: "open", items: [], count: 0, pause: none, resume: none };
});

function Numbers({ shop, to, keep }: { shop: ShopFixture; to: number; keep?: number }) {
  view = useChannel(
    (signal) => shop.client.numbers({ to }, { signal }).out,
    [shop, to],
    keep === undefined ? {} : { keep },
  );
  renders++;
  return `${view.kind} ${view.count}: ${view.items.join(" ")}`;
}

suite("useChannel", () => {
  test("shows what comes, to the end", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Numbers, { shop, to: 5 }));
    await page.shows("done 5: 0 1 2 3 4");
    page.render(h(Numbers, { shop, to: 3 }));
    await page.shows("done 3: 0 1 2");
    page.unmount();
    assert.equal(shop.streams, 0);
  });

  test("keeps the newest items only, and renders a turn's items at once", async () => {
    await using shop = await ShopFixture.start();
    renders = 0;
    const page = mount(h(Numbers, { shop, to: 10_000, keep: 3 }));
    await page.shows("done 10000: 9997 9998 9999");
    assert(renders < 5_000, `${renders} renders`);
    page.unmount();
  });

  test("who leaves stops the sender and ends its call", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Numbers, { shop, to: 1_000_000 }));
    await eventually("items", () => view.count > 100);
    page.unmount();
    await eventually("the end of the stream", () => shop.streams === 0);
  });

  test("while it is paused the sender has its credit to send, and no more", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Numbers, { shop, to: 1_000_000 }));
    await eventually("items", () => view.count > 100);
    view.pause();
    await page.shows(/^paused/);
    const { count } = view;
    // A call there and back: what was on its way has come.
    for (let round = 0; round < 20; round++) await shop.client.find({ id: 1n });
    assert(shop.sent <= count + 2 * CREDIT + 1, `${shop.sent} were sent, ${count} had been read`);
    const { sent } = shop;
    for (let round = 0; round < 20; round++) await shop.client.find({ id: 1n });
    assert.equal(shop.sent, sent);
    view.resume();
    await eventually("more items", () => view.count > count + 100);
    page.unmount();
  });

  test("strict mode opens one channel, and loses nothing of it", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(StrictMode, null, h(Numbers, { shop, to: 5 })));
    await page.shows("done 5: 0 1 2 3 4");
    assert.equal(shop.sent, 5);
    page.unmount();
  });

  test("survives a link that dies", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Numbers, { shop, to: 20_000, keep: 1 }));
    await eventually("items", () => view.count > 100);
    shop.client.$.session.dropLink("cut");
    await page.shows("done 20000: 19999");
    page.unmount();
  });

  test("a session that ends is shown as a failure", async () => {
    const shop = await ShopFixture.start();
    const page = mount(h(Numbers, { shop, to: 1_000_000 }));
    await eventually("items", () => view.count > 100);
    await shop.client.$.session.close();
    await page.shows(/^failed/);
    assert.equal((view.error as { code: string }).code, "closed");
    page.unmount();
    await shop.server.close();
  });

  test("on the server nothing is opened", async () => {
    await using shop = await ShopFixture.start();
    assert.equal(renderToString(h(Numbers, { shop, to: 5 })), "open 0: ");
    await shop.client.find({ id: 1n });
    assert.equal(shop.sent, 0);
  });
});

test("a channel's store opens anew for those who come after its end", async () => {
  await using shop = await ShopFixture.start();
  const store = new ChannelStore((signal) => shop.client.numbers({ to: 4 }, { signal }).out);
  for (let round = 1; round <= 2; round++) {
    const leave = store.subscribe(() => {});
    await eventually("its end", () => shop.sent === 4 * round && store.getSnapshot().kind === "done");
    assert.deepEqual(store.getSnapshot().items, [0, 1, 2, 3]);
    leave();
    store.end();
  }
});
