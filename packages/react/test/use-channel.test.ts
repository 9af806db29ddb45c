import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

test("a store that is opened anew shows what comes, whatever the last time ended by", async () => {
  let times = 0;
  const store = new ChannelStore<number>(async function* (signal) {
    if (++times === 1) throw new Error("the first time");
    yield times;
    if (times === 3) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  const kinds = ["failed", "done", "open"] as const;
  for (const kind of kinds) {
    const leave = store.subscribe(() => {});
    const isSo = () => times === kinds.indexOf(kind) + 1 && store.getSnapshot().kind === kind;
    await eventually(kind, () => isSo() && (times === 1 || store.getSnapshot().items[0] === times));
    assert.equal(store.getSnapshot().count, times === 1 ? 0 : 1);
    leave();
    store.end();
  }
  assert.equal("error" in store.getSnapshot(), false);
});

test("a store that is ended while somebody looks stays so until somebody else comes", async () => {
  let isAborted = false;
  let times = 0;
  const store = new ChannelStore<number>(async function* (signal) {
    times++;
    yield times;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    isAborted = true;
  });
  const leave = store.subscribe(() => {});
  await eventually("an item", () => store.getSnapshot().count === 1);
  store.end();
  await eventually("the end", () => isAborted);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(times, 1);
  const leaveToo = store.subscribe(() => {});
  await eventually("another time", () => store.getSnapshot().items[0] === 2);
  leave();
  leaveToo();
});

test("a channel that cannot be opened has failed, and is not tried again by itself", async () => {
  let times = 0;
  const store = new ChannelStore<number>(() => {
    times++;
    throw new TypeError("no client yet");
  });
  const leave = store.subscribe(() => {});
  await eventually("its failure", () => store.getSnapshot().kind === "failed");
  assert.match(`${store.getSnapshot().error}`, /no client yet/);
  assert.equal(times, 1);
  leave();
});

/** A source that gives what it is told to give. */
class Pulled implements AsyncIterableIterator<number> {
  readonly waiting: {
    resolve(result: IteratorResult<number, undefined>): void;
    reject(error: Error): void;
  }[] = [];
  pulls = 0;
  isReturned = false;
  next() {
    this.pulls++;
    return new Promise<IteratorResult<number, undefined>>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }
  async return() {
    this.isReturned = true;
    return { done: true, value: undefined } as const;
  }
  give(value: number) {
    this.waiting.shift()?.resolve({ done: false, value });
  }
  [Symbol.asyncIterator]() {
    return this;
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

test("what comes of a channel that was given up is not shown", async () => {
  const sources: Pulled[] = [];
  const store = new ChannelStore<number>(() => {
    sources.push(new Pulled());
    return sources.at(-1) as Pulled;
  });
  for (const [number, late] of ["item", "error"].entries()) {
    store.subscribe(() => {});
    store.end();
    const source = sources.at(-1);
    assert.equal(source?.isReturned, true);
    store.subscribe(() => {});
    sources.at(-1)?.give(number);
    await eventually("an item", () => store.getSnapshot().items[0] === number);
    if (late === "item") source.give(7);
    else source.waiting.shift()?.reject(new Error(late));
    await turn();
    await turn();
    assert.deepEqual(store.getSnapshot(), { kind: "open", items: [number], count: 1 });
    store.end();
  }
});

test("many who look are one reader, also of a channel that is done", async () => {
  const source = new Pulled();
  let opened = 0;
  const store = new ChannelStore<number>(() => {
    opened++;
    return source;
  });
  store.subscribe(() => {});
  store.subscribe(() => {});
  store.resume();
  assert.deepEqual([opened, source.pulls], [1, 1]);
  source.waiting.shift()?.resolve({ done: true, value: undefined });
  await eventually("the end", () => store.getSnapshot().kind === "done");
  store.subscribe(() => {});
  store.resume();
  await turn();
  assert.deepEqual([opened, source.pulls, store.getSnapshot().kind], [1, 1, "done"]);
});

test("nothing is read any more from the moment on in which the last one leaves", async () => {
  const source = new Pulled();
  const store = new ChannelStore<number>(() => source);
  const leave = store.subscribe(() => {});
  source.give(1);
  await eventually("an item", () => store.getSnapshot().count === 1);
  assert.equal(source.pulls, 2);
  leave();
  source.give(2);
  for (let tick = 0; tick < 10; tick++) await Promise.resolve();
  assert.equal(source.pulls, 2);
  // Somebody who comes in the same turn finds the channel as it was left.
  const leaveToo = store.subscribe(() => {});
  await turn();
  assert.deepEqual([source.isReturned, source.pulls], [false, 3]);
  leaveToo();
  await eventually("it is given up", () => source.isReturned);
});

test("what is not kept can be collected", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const refs: WeakRef<object>[] = [];
  let leaveOff = () => {};
  const store = new ChannelStore<object>(
    async function* () {
      for (let number = 0; number < 10_000; number++) {
        const item = { number };
        refs.push(new WeakRef(item));
        yield item;
        if (number % 100 === 0) await turn();
      }
      await new Promise<void>((resolve) => {
        leaveOff = resolve;
      });
    },
    { keep: 100 },
  );
  const leave = store.subscribe(() => {});
  await eventually("all items", () => store.getSnapshot().count === 10_000);
  assert.equal(store.getSnapshot().items.length, 100);
  let alive = 0;
  await eventually("most are gone", () => {
    collect();
    alive = refs.filter((ref) => ref.deref() !== undefined).length;
    return alive <= 200;
  });
  assert(alive >= 100, `${alive}`);
  leave();
  leaveOff();
});
