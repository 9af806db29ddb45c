import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import type { ConduitState, Session } from "roam";
import { type SessionView, sessionStore, useSession } from "roam-react";
import { eventually } from "./eventually.ts";
import { mount } from "./mounting.ts";
import { ShopFixture } from "./shop.ts";

let view: SessionView;

function Banner({ shop }: { shop: ShopFixture }) {
  view = useSession(shop.client);
  return view.kind === "detached" ? `detached for ${Math.round(view.forMs / 1000)} s` : view.kind;
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

  test("counts them, too, while nothing else is heard; there is no timer otherwise", async (t) => {
    const intervals = new Set<unknown>();
    const { setInterval: set, clearInterval: clear } = globalThis;
    t.mock.method(globalThis, "setInterval", ((run: () => void, ms: number) => {
      const timer = set(run, ms);
      if (ms === 1_000) intervals.add(timer);
      return timer;
    }) as typeof setInterval);
    t.mock.method(globalThis, "clearInterval", ((timer: NodeJS.Timeout) => {
      intervals.delete(timer);
      clear(timer);
    }) as typeof clearInterval);
    await using shop = await ShopFixture.start();
    const page = mount(h(Banner, { shop }));
    await page.shows("connected");
    assert.equal(intervals.size, 0);
    let open = () => {};
    shop.way = new Promise((resolve) => {
      open = resolve;
    });
    shop.client.$.session.dropLink("cut");
    await page.shows("detached for 1 s");
    assert.equal(intervals.size, 1);
    open();
    await page.shows("resumed");
    await eventually("its timer is stopped", () => intervals.size === 0);
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

test("a session's store listens once for all who look, and not when nobody does", () => {
  const watchers = new Set<(state: ConduitState) => void>();
  const session = {
    state: { kind: "connected", conduit: "stable" },
    watch(onState: (state: ConduitState) => void) {
      watchers.add(onState);
      return () => watchers.delete(onState);
    },
  };
  const store = sessionStore(session as unknown as Session);
  for (let round = 0; round < 2; round++) {
    let told = 0;
    // The same function, as it may be that of two who look.
    const onChange = () => told++;
    const leave = [store.subscribe(onChange), store.subscribe(onChange)];
    assert.equal(watchers.size, 1);
    for (const tell of watchers) tell({ kind: "resumed", replayed: round });
    assert.equal((store.getSnapshot() as { replayed?: number }).replayed, round);
    assert.equal(told, 2);
    for (const one of leave) one();
    assert.equal(watchers.size, 0);
  }
});
