import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fail, method, RoamError, service, t } from "roam";
import { settled } from "roam/testing";
import {
  closeOf,
  grantOf,
  hex,
  itemOf,
  pairOf,
  responseOf,
  type scriptedClient,
  scriptedServer,
} from "../call/harness.ts";

const Sugar = service("Sugar", {
  sum: method({ numbers: t.rx(t.i32) }, t.i64, t.string),
  count: method({ upTo: t.u32, out: t.tx(t.u32) }),
  echo: method({ input: t.rx(t.string, 2), output: t.tx(t.string, 2) }),
});
type SugarHandlers = Parameters<typeof scriptedClient<(typeof Sugar)["methods"]>>[1];
const handlers: SugarHandlers = {
  async sum({ numbers }) {
    let sum = 0n;
    for await (const number of numbers) {
      if (number < 0) fail(`${number}`);
      sum += BigInt(number);
    }
    return sum;
  },
  async count({ upTo, out }) {
    for (let number = 0; number < upTo; number++) await out.send(number);
  },
  async echo({ input, output }) {
    for await (const text of input) await output.send(text);
  },
};

async function* slowly(...numbers: number[]) {
  for (const number of numbers) {
    await settled();
    yield number;
  }
}

suite("items given instead of a channel", () => {
  for (const { name, numbers } of [
    { name: "an array", numbers: () => [1, 2, 3] },
    { name: "a set", numbers: () => new Set([1, 2, 3]) },
    { name: "an async iterable", numbers: () => slowly(1, 2, 3) },
    { name: "a stream", numbers: () => new Blob(["\u0001\u0002\u0003"]).stream().pipeThrough(flat()) },
  ]) {
    test(`${name} is sent and closed`, async () => {
      await using pair = await pairOf(Sugar, handlers);
      assert.equal(await pair.client.sum({ numbers: numbers() }), 6n);
      assert.equal(pair.client.$.connection.channels.size, 0);
      assert.deepEqual(pair.failures, []);
    });
  }

  test("nothing at all is a Close", async () => {
    await using served = await scriptedServer(Sugar);
    const sum = served.client.sum({ numbers: [] });
    await served.peer.expect("RequestCall");
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
    await served.peer.send(responseOf(1, [0, 0]));
    assert.equal(await sum, 0n);
  });

  test("at the receiver's pace: not more is taken from the source than credit allows", async () => {
    await using served = await scriptedServer(Sugar);
    let taken = 0;
    const sum = served.client.sum({
      numbers: (function* () {
        for (;;) yield taken++;
      })(),
    });
    await served.peer.expect("RequestCall");
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.expectNothing();
    assert.equal(taken, 17);
    await served.peer.send(grantOf(1, 8));
    for (let item = 0; item < 8; item++) await served.peer.expect("ChannelItem");
    await served.peer.expectNothing();
    assert.equal(taken, 25);
    void sum.catch(() => {});
  });

  test("when the handler wants no more, the source is ended and the call goes on", async () => {
    let isEnded = false;
    await using pair = await pairOf(Sugar, {
      ...handlers,
      sum: async ({ numbers }) => {
        for await (const number of numbers) return BigInt(number);
        return 0n;
      },
    });
    const endless = (function* () {
      try {
        for (let number = 5; ; number++) yield number;
      } finally {
        isEnded = true;
      }
    })();
    assert.equal(await pair.client.sum({ numbers: endless }), 5n);
    await settled();
    assert(isEnded);
    assert.equal(pair.client.$.connection.channels.size, 0);
  });

  for (const { name, numbers, error } of [
    {
      name: "throws",
      numbers: (function* () {
        yield 1;
        throw new Error("out of numbers");
      })(),
      error: /out of numbers/,
    },
    { name: "gives what is no item", numbers: [1, "2" as never], error: { code: "encode" } },
    { name: "is no iterable", numbers: 7 as never, error: TypeError },
  ] as const) {
    test(`a source that ${name} fails the call with that error`, async () => {
      await using served = await scriptedServer(Sugar);
      const sum = served.client.sum({ numbers });
      await assert.rejects(sum, error as RegExp);
      const tags: string[] = [];
      await settled();
      while (served.peer.script.waiting > 0) tags.push((await served.peer.expectAny()).tag);
      // Either nothing went out, or all of it is taken back.
      if (tags.length > 0) {
        assert(tags.includes("RequestCancel"), `${tags}`);
        assert(tags.includes("ChannelClose"), `${tags}`);
      }
      assert.equal(served.client.$.connection.channels.size, 0);
    });
  }

  // r[verify rpc.channel.close]
  test("a failed call ends its source even if its channel is out of credit", async () => {
    await using served = await scriptedServer(Sugar);
    const sum = served.client.sum({ numbers: Array(100).fill(1) });
    await served.peer.expect("RequestCall");
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.send(responseOf(1, [1, 0, 0]));
    await assert.rejects(sum, { code: "user", detail: "" });
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
    assert.equal(served.client.$.connection.channels.size, 0);
  });

  test("a source that fails when the call is answered already closes the channel", async () => {
    await using served = await scriptedServer(Sugar);
    let throwNow = () => {};
    const failed = new Promise<number>((_, reject) => (throwNow = () => reject(new Error("late"))));
    const sum = served.client.sum({
      numbers: (async function* () {
        yield failed;
      })(),
    });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 2]));
    assert.equal(await sum, 1n);
    throwNow();
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
    await served.peer.expectNothing();
  });
});

suite("channels left out: their ends on the returned call", () => {
  test("the caller's Rx", async () => {
    await using pair = await pairOf(Sugar, handlers);
    const received: number[] = [];
    const call = pair.client.count({ upTo: 40 });
    for await (const number of call.out) received.push(number);
    assert.deepEqual(
      received,
      Array.from({ length: 40 }, (_, number) => number),
    );
    await call;
  });

  test("the caller's Tx, and both at once", async () => {
    await using pair = await pairOf(Sugar, handlers);
    const call = pair.client.echo();
    for (const text of ["a", "b", "c", "d", "e"]) {
      await call.input.send(text);
      assert.deepEqual(await call.output.next(), { done: false, value: text });
    }
    await call.input.close();
    assert.equal((await call.output.next()).done, true);
    await call;
  });

  // r[verify rpc.channel.reset]
  test("leaving the loop early sends Reset", async () => {
    await using served = await scriptedServer(Sugar);
    const call = served.client.count({ upTo: 2 });
    await served.peer.expect("RequestCall");
    await served.peer.send(itemOf(1, [9]));
    for await (const number of call.out) {
      assert.equal(number, 9);
      break;
    }
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
    await served.peer.send(responseOf(1, [0]));
    await call;
  });

  test("a failed call fails them behind what came, and the loop says why", async () => {
    await using served = await scriptedServer(Sugar);
    const call = served.client.count({ upTo: 2 });
    await served.peer.expect("RequestCall");
    await served.peer.send(itemOf(1, [9]));
    await served.peer.send(responseOf(1, [1, 3]));
    const received: number[] = [];
    await assert.rejects(
      (async () => {
        for await (const number of call.out) received.push(number);
      })(),
      { name: "CallError", code: "cancelled" },
    );
    assert.deepEqual(received, [9]);
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
  });

  test("a call that cannot be sent fails them too", async () => {
    await using served = await scriptedServer(Sugar, {}, { maxConcurrentRequests: 0 });
    const call = served.client.echo();
    await assert.rejects(call.output.next(), { code: "queue-full" });
    await assert.rejects(call.input.send("a"), { code: "queue-full" });
    await assert.rejects(call, { code: "queue-full" });
  });

  test("an aborted call ends them with the abort as the cause", async () => {
    await using served = await scriptedServer(Sugar);
    const controller = new AbortController();
    const call = served.client.count({ upTo: 2 }, { signal: controller.signal });
    await served.peer.expect("RequestCall");
    const item = call.out.next();
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
    await assert.rejects(item, (error) => {
      assert(error instanceof RoamError);
      assert.equal(error.code, "aborted");
      return error.cause === reason;
    });
    await served.peer.expect("RequestCancel");
    await served.peer.expect("ChannelReset");
    await served.peer.expectNothing();
  });

  test("who reads only the channel may leave a failing call alone", async () => {
    await using served = await scriptedServer(Sugar);
    const { out } = served.client.count({ upTo: 2 });
    await served.peer.expect("RequestCall");
    await served.peer.send(closeOf(1));
    await served.peer.send(responseOf(1, [1, 3]));
    assert.equal((await out.next()).done, true);
    await served.peer.expectNothing();
  });

  test("result() with channels given", async () => {
    await using pair = await pairOf(Sugar, handlers);
    const good = await pair.client.sum.result({ numbers: [1, 2] });
    assert.deepEqual([good.ok, good.ok && good.value], [true, 3n]);
    const bad = await pair.client.sum.result({ numbers: [1, -2] });
    assert.deepEqual([bad.ok, !bad.ok && bad.error.detail], [false, "-2"]);
  });

  test("the arguments given are left as they are", async () => {
    await using served = await scriptedServer(Sugar);
    const args = Object.freeze({ numbers: [1] });
    const sum = served.client.sum(args);
    const call = await served.peer.expect("RequestCall");
    assert.equal(hex(call.args), "");
    await served.peer.send(responseOf(1, [0, 2]));
    assert.equal(await sum, 1n);
  });
});

/** Chunks to single numbers. */
function flat(): TransformStream<Uint8Array, number> {
  return new TransformStream({
    transform(chunk, controller) {
      for (const byte of chunk) controller.enqueue(byte);
    },
  });
}
