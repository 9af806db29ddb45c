import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Component, createElement as h, type ReactNode, StrictMode, Suspense, startTransition } from "react";
import { renderToString } from "react-dom/server";
import { CallError } from "roam";
import { CallStore, type CallView, useAnswer, useCall } from "roam-react";
import { eventually } from "./eventually.ts";
import { mount } from "./mounting.ts";
import { ShopFixture } from "./shop.ts";

function shown<T>(view: CallView<T>): string {
  if (view.kind === "failed")
    return `failed ${view.error instanceof CallError ? JSON.stringify(view.error.detail) : view.error}`;
  return view.kind === "done" ? `${view.value}` : view.kind;
}

let renders = 0;
function Item({ shop, id, isEnabled = true }: { shop: ShopFixture; id: bigint; isEnabled?: boolean }) {
  renders++;
  return shown(useCall(shop.client.find, { id }, { isEnabled }));
}

function Asker({ ask, args, name }: { ask: () => Promise<number>; args: unknown; name: string }) {
  return `${name} ${shown(useCall(ask, args))}`;
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
    const before = renders;
    page.render(h(Item, { shop, id: 7n }));
    await eventually("another render", () => renders > before);
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

  test("arguments count by their values, in whatever order their fields are", async () => {
    let asked = 0;
    const ask = async () => ++asked;
    const at = { x: 1, y: 2 };
    const page = mount(h(Asker, { ask, args: { id: 1n, bytes: Uint8Array.of(1), at }, name: "a" }));
    await page.shows("a 1");
    page.render(h(Asker, { ask, args: { at: { y: 2, x: 1 }, bytes: Uint8Array.of(1), id: 1n }, name: "b" }));
    await page.shows("b 1");
    page.render(h(Asker, { ask, args: { id: 1n, bytes: Uint8Array.of(2), at }, name: "c" }));
    await page.shows("c 2");
    page.render(h(Asker, { ask, args: { id: 1, bytes: Uint8Array.of(2), at }, name: "d" }));
    await page.shows("d 3");
    page.render(h(Asker, { ask, args: { id: Number.NaN, bytes: Uint8Array.of(2), at }, name: "e" }));
    await page.shows("e 4");
    page.unmount();
  });

  test("what another number, map or set makes is another call", async () => {
    let asked = 0;
    const ask = async () => ++asked;
    const page = mount(h(Asker, { ask, args: { id: 0 }, name: "a" }));
    await page.shows("a 1");
    const others: unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, 1n, 1, null];
    others.push(new Map([[1n, "a"]]), new Map([[2n, "a"]]), new Set(["a"]), new Set(["b"]), [1, 2], [2, 1]);
    for (const [index, id] of others.entries()) {
      page.render(h(Asker, { ask, args: { id }, name: "b" }));
      await page.shows(`b ${index + 2}`);
    }
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

test("a call that is started again cancels the one before, whose outcome is not shown", async () => {
  const calls: { readonly signal: AbortSignal; answer(value: number): void }[] = [];
  const store = new CallStore<number>((signal) => new Promise((answer) => calls.push({ signal, answer })));
  store.start();
  await eventually("the first", () => calls.length === 1);
  store.start();
  await eventually("the second", () => calls.length === 2);
  assert.deepEqual(
    calls.map(({ signal }) => signal.aborted),
    [true, false],
  );
  calls[0]?.answer(1);
  calls[1]?.answer(2);
  await eventually("an outcome", () => store.getSnapshot().kind === "done");
  assert.deepEqual(store.getSnapshot(), { kind: "done", value: 2 });
  store.start();
  store.cancel();
  store.start();
  await eventually("one call of the two", () => calls.length > 2);
  assert.equal(calls.length, 3);
});

test("a call that throws before it is made has failed", async () => {
  const store = new CallStore<number>(() => {
    throw new RangeError("no such time");
  });
  store.start();
  await eventually("its failure", () => store.getSnapshot().kind === "failed");
  assert.match(`${(store.getSnapshot() as { error: unknown }).error}`, /no such time/);
});

class Boundary extends Component<{ children: ReactNode }> {
  override state = { failure: "" };
  static getDerivedStateFromError(error: unknown) {
    return { failure: error instanceof CallError ? error.code : `${error}` };
  }
  override render() {
    retry = () => this.setState({ failure: "" });
    return this.state.failure === "" ? this.props.children : `caught ${this.state.failure}`;
  }
}

let retry: () => void;
let again: () => void;
function Answer({ shop, id }: { shop: ShopFixture; id: bigint }) {
  const answer = useAnswer(shop.client.find, { id });
  ({ again } = answer);
  return answer.value;
}

function Asked({ ask, id }: { ask: (args: { id: number }) => Promise<string>; id: number }) {
  return useAnswer(ask, { id }).value;
}

/** Takes more than one slice of React's time together with a few others: timers run in the midst of a render. */
function Heavy(_: { name: string }) {
  for (const endMs = performance.now() + 8; performance.now() < endMs; );
  return null;
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

  test("a failure is called for once, however long rendering takes; later it may be tried again", async () => {
    await using shop = await ShopFixture.start();
    const heavy = Array.from({ length: 12 }, (_, key) => h(Heavy, { key, name: "inside" }));
    const answer = h(Answer, { shop, id: 0n });
    const page = mount(h(Boundary, null, h(Suspense, { fallback: "waits" }, heavy, answer, heavy)));
    await page.shows("caught user");
    assert.deepEqual(shop.found, [0n]);
    await eventually("another call", () => {
      retry();
      return shop.found.length === 2;
    });
    page.unmount();
  });

  test("a failure that is thrown long before the page is done is called for once", async () => {
    await using shop = await ShopFixture.start();
    const heavy = (name: string) => Array.from({ length: 12 }, (_, key) => h(Heavy, { key, name }));
    const answer = (id: bigint) => h(Boundary, null, h(Answer, { shop, id }));
    const waits = (inside: ReactNode) => h(Suspense, { fallback: "waits" }, inside);
    const page = mount(waits(answer(7n)));
    await page.shows("item 7");
    // A transition is rendered as a whole when the answer is there: the failure, then all that is beside it.
    startTransition(() => page.render(waits([answer(0n), ...heavy("beside")])));
    await page.shows("caught user");
    assert.deepEqual(shop.found, [7n, 0n]);
    page.unmount();
  });

  test("keeps a hundred answers", async () => {
    let asked = 0;
    const ask = async ({ id }: { id: number }) => `${id} of ${++asked}`;
    const page = mount(h(Asked, { ask, id: 0 }));
    await page.shows("0 of 1");
    for (let id = 1; id <= 100; id++) {
      page.render(h(Asked, { ask, id }));
      await page.shows(`${id} of ${id + 1}`);
    }
    page.render(h(Asked, { ask, id: 1 }));
    await page.shows("1 of 2");
    page.render(h(Asked, { ask, id: 0 }));
    await page.shows("0 of 102");
    page.unmount();
  });
});
