import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Component, createElement as h, type ReactNode, StrictMode, Suspense } from "react";
import { renderToString } from "react-dom/server";
import { CallError } from "roam";
import { type CallView, useAnswer, useCall } from "roam-react";
import { eventually } from "./eventually.ts";
import { mount } from "./mounting.ts";
import { ShopFixture } from "./shop.ts";

function shown<T>(view: CallView<T>): string {
  if (view.kind === "failed")
    return `failed ${view.error instanceof CallError ? JSON.stringify(view.error.detail) : view.error}`;
  return view.kind === "done" ? `${view.value}` : view.kind;
}

function Item({ shop, id, isEnabled = true }: { shop: ShopFixture; id: bigint; isEnabled?: boolean }) {
  return shown(useCall(shop.client.find, { id }, { isEnabled }));
}

let slow: CallView<number>;
function Slow({ shop, id }: { shop: ShopFixture; id: number }) {
  slow = useCall(shop.client.slow, { id });
  return shown(slow);
}

suite("useCall", () => {
  test("shows the value; the same arguments in other objects make no other call", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Item, { shop, id: 7n }));
    await page.shows("item 7");
    page.render(h(Item, { shop, id: 7n }));
    page.render(h(Item, { shop, id: 8n }));
    await page.shows("item 8");
    assert.deepEqual(shop.found, [7n, 8n]);
    page.unmount();
  });

  test("shows the method's own error", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Item, { shop, id: 0n }));
    await page.shows('failed "NoSuchItem"');
    page.unmount();
  });

  test("makes no call until it is enabled", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Item, { shop, id: 7n, isEnabled: false }));
    await page.shows("idle");
    page.render(h(Item, { shop, id: 7n, isEnabled: true }));
    await page.shows("item 7");
    assert.deepEqual(shop.found, [7n]);
    page.unmount();
  });

  test("other arguments cancel the call that is under way, and so does leaving", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Slow, { shop, id: 1 }));
    await eventually("the call is made", () => shop.waiting.has(1));
    page.render(h(Slow, { shop, id: 2 }));
    await eventually("the first is cancelled", () => shop.cancelled.includes(1));
    await eventually("the second is made", () => shop.waiting.has(2));
    page.unmount();
    await eventually("the second is cancelled", () => shop.cancelled.includes(2));
    assert.equal(shop.waiting.size, 0);
  });

  test("again keeps the last value while it runs; cancel gives up", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(Slow, { shop, id: 1 }));
    await eventually("the call is made", () => shop.waiting.has(1));
    shop.waiting.get(1)?.(5);
    await page.shows("5");
    shop.waiting.clear();
    slow.again();
    await page.shows("running");
    assert.deepEqual(slow.kind === "running" && slow.value, 5);
    await eventually("it is made again", () => shop.waiting.has(1));
    slow.cancel();
    await page.shows("idle");
    await eventually("it is cancelled", () => shop.cancelled.length === 1);
    page.unmount();
  });

  test("strict mode makes one call", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(h(StrictMode, null, h(Item, { shop, id: 7n })));
    await page.shows("item 7");
    assert.deepEqual(shop.found, [7n]);
    page.unmount();
  });

  test("on the server it is idle, and nothing is called", async () => {
    await using shop = await ShopFixture.start();
    assert.equal(renderToString(h(Item, { shop, id: 7n })), "idle");
    await shop.client.find({ id: 1n });
    assert.deepEqual(shop.found, [1n]);
  });
});

class Boundary extends Component<{ children: ReactNode }> {
  override state = { failure: "" };
  static getDerivedStateFromError(error: unknown) {
    return { failure: error instanceof CallError ? error.code : `${error}` };
  }
  override render() {
    return this.state.failure === "" ? this.props.children : `caught ${this.state.failure}`;
  }
}

let again: () => void;
function Answer({ shop, id }: { shop: ShopFixture; id: bigint }) {
  const answer = useAnswer(shop.client.find, { id });
  ({ again } = answer);
  return answer.value;
}

function suspended(shop: ShopFixture, id: bigint) {
  const waits = h(Suspense, { fallback: "waits" }, h(Answer, { shop, id }));
  return h(StrictMode, null, h(Boundary, null, waits));
}

suite("useAnswer", () => {
  test("suspends until there is an answer, which is called for once", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(suspended(shop, 7n));
    await page.shows(/waits|item 7/);
    await page.shows("item 7");
    page.render(suspended(shop, 8n));
    await page.shows("item 8");
    page.render(suspended(shop, 7n));
    await page.shows("item 7");
    assert.deepEqual(shop.found, [7n, 8n]);
    again();
    await eventually("another call", () => shop.found.length === 3);
    await page.shows("item 7");
    page.unmount();
  });

  test("throws what the call failed by, for an error boundary", async () => {
    await using shop = await ShopFixture.start();
    const page = mount(suspended(shop, 0n));
    await page.shows("caught user");
    page.unmount();
  });
});
