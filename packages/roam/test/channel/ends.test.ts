import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channel, method, RoamError, type Rx, service, type Tx, t } from "roam";
import { settled } from "roam/testing";
import {
  callOf,
  closeOf,
  grantOf,
  hex,
  itemOf,
  pairOf,
  resetOf,
  responseOf,
  scriptedClient,
  scriptedServer,
} from "../call/harness.ts";

const Ends = service("Ends", {
  read: method({ items: t.rx(t.string) }, t.u32),
  write: method({ items: t.tx(t.string, 2) }),
});
type EndsHandlers = Parameters<typeof scriptedClient<(typeof Ends)["methods"]>>[1];
const idle: EndsHandlers = { read: () => 0, write: () => {} };

/** A client of ours that receives on channel 1 of a call in flight. */
async function receiving() {
  const served = await scriptedServer(Ends);
  const [tx, rx] = channel<string>();
  void served.client.write({ items: tx }).catch(() => {});
  await served.peer.expect("RequestCall");
  return Object.assign(served, { rx });
}

/** A client of ours that sends on channel 1 of a call in flight, with the credit of 16. */
async function sending() {
  const served = await scriptedServer(Ends);
  const [tx, rx] = channel<string>();
  void served.client.read({ items: rx }).catch(() => {});
  await served.peer.expect("RequestCall");
  return Object.assign(served, { tx });
}

suite("the end of a channel at its receiver", () => {
  // r[verify rpc.x.channel-errors]
  test("Close is a clean end behind what waits, and stays one", async () => {
    await using served = await receiving();
    await served.peer.send(itemOf(1, [1, 0x61]));
    await served.peer.send(closeOf(1));
    await settled();
    assert.deepEqual(await served.rx.next(), { done: false, value: "a" });
    for (let again = 0; again < 2; again++) {
      assert.deepEqual(await served.rx.next(), { done: true, value: undefined });
    }
    assert.equal(served.client.$.connection.channels.size, 0);
  });

  // r[verify rpc.x.channel-errors]
  test("Reset by the sender is channel-reset, behind what waits", async () => {
    await using served = await receiving();
    await served.peer.send(itemOf(1, [1, 0x61]));
    await served.peer.send(resetOf(1));
    await settled();
    assert.deepEqual(await served.rx.next(), { done: false, value: "a" });
    for (let again = 0; again < 2; again++) await assert.rejects(served.rx.next(), { code: "channel-reset" });
  });

  // r[verify rpc.x.channel-errors]
  for (const { name, end, code } of [
    {
      name: "a connection that breaks",
      end: async (served: Awaited<ReturnType<typeof receiving>>) =>
        served.peer.die(new RoamError("io", "cut")),
      code: "io",
    },
    {
      name: "a session that ends in order",
      end: async (served: Awaited<ReturnType<typeof receiving>>) => served.client.$.session.close(),
      code: "closed",
    },
    {
      name: "a counterpart that hangs up",
      end: async (served: Awaited<ReturnType<typeof receiving>>) => served.peer.end(),
      code: "closed",
    },
  ]) {
    test(`${name} is no clean end: ${code}`, async () => {
      await using served = await receiving();
      await served.peer.send(itemOf(1, [1, 0x61]));
      await settled();
      await end(served);
      assert.deepEqual(await served.rx.next(), { done: false, value: "a" });
      await assert.rejects(served.rx.next(), { code });
    });
  }

  // r[verify rpc.x.channel-errors]
  test("an item that does not decode: next() resets, recv() reads on", async () => {
    await using served = await receiving();
    await served.peer.send(itemOf(1, [5]));
    await served.peer.send(itemOf(1, [1, 0x62]));
    await assert.rejects(served.rx.recv(), { code: "decode" });
    assert.deepEqual(await served.rx.recv(), { done: false, value: "b" });
    await served.peer.expect("ChannelGrantCredit");
    await served.peer.expect("ChannelGrantCredit");
    await served.peer.send(itemOf(1, [5]));
    await assert.rejects(
      async () => {
        for await (const _ of served.rx) assert.fail("no item came");
      },
      { code: "decode" },
    );
    await served.peer.expect("ChannelGrantCredit");
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
    await served.peer.expectNothing();
  });

  test("the same when the reader waits already", async () => {
    await using served = await receiving();
    const item = served.rx.next();
    await served.peer.send(itemOf(1, [5]));
    await assert.rejects(item, { code: "decode" });
    await served.peer.expect("ChannelGrantCredit");
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
  });

  // r[verify rpc.channel.reset]
  test("leaving the loop early resets, once, and drops what waits", async () => {
    await using served = await receiving();
    for (let item = 0; item < 2; item++) await served.peer.send(itemOf(1, [1, 0x61]));
    for await (const item of served.rx) {
      assert.equal(item, "a");
      break;
    }
    await served.peer.expect("ChannelGrantCredit");
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
    served.rx.reset();
    await served.rx[Symbol.asyncDispose]();
    await served.peer.expectNothing();
    assert.equal((await served.rx.next()).done, true);
    assert.equal(served.client.$.session.bufferedBytes, 0);
  });

  test("leaving a loop that ended by itself sends nothing", async () => {
    await using served = await receiving();
    await served.peer.send(closeOf(1));
    for await (const _ of served.rx) assert.fail("no item came");
    await served.peer.expectNothing();
  });

  test("a reset before the call is sent goes out with the binding", async () => {
    await using served = await scriptedServer(Ends);
    const [tx, rx] = channel<string>();
    await rx.return();
    void served.client.write({ items: tx }).catch(() => {});
    await served.peer.expect("RequestCall");
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
  });
});

suite("the end of a channel at its sender", () => {
  // r[verify rpc.channel.close]
  test("close sends Close behind everything, once, and nothing after it", async () => {
    await using served = await sending();
    const sends = Array.from({ length: 18 }, () => served.tx.send("a"));
    const closed = served.tx.close();
    await assert.rejects(served.tx.send("b"), { code: "closed" });
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.expectNothing();
    await served.peer.send(grantOf(1, 8));
    for (let item = 0; item < 2; item++) await served.peer.expect("ChannelItem");
    const close = await served.peer.expect("ChannelClose");
    assert.deepEqual([close.id, close.metadata.size], [1, 0]);
    await Promise.all([...sends, closed]);
    await served.tx.close();
    await served.tx[Symbol.asyncDispose]();
    await assert.rejects(served.tx.send("b"), { code: "closed" });
    await served.peer.expectNothing();
    assert.equal(served.client.$.connection.channels.size, 0);
  });

  // r[verify rpc.channel.close]
  test("disposing of a sender closes", async () => {
    await using served = await sending();
    {
      await using tx = served.tx;
      await tx.send("a");
    }
    await served.peer.expect("ChannelItem");
    await served.peer.expect("ChannelClose");
  });

  // r[verify rpc.channel.reset]
  test("Reset stops it: waiting and later sends fail, nothing more is sent, not even Close", async () => {
    await using served = await sending();
    const sends = Array.from({ length: 18 }, () => served.tx.send("a"));
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.send(resetOf(1));
    const outcomes = await Promise.allSettled(sends);
    assert.deepEqual(outcomes.map(({ status }) => status).lastIndexOf("fulfilled"), 15);
    await assert.rejects(sends[17] ?? assert.fail(), { code: "channel-reset" });
    await assert.rejects(served.tx.send("b"), { code: "channel-reset" });
    await served.tx.close();
    await served.peer.send(grantOf(1, 8));
    await served.peer.expectNothing();
    assert.equal(served.client.$.connection.channels.size, 0);
  });

  test("a connection that breaks fails waiting and later sends, with the cause", async () => {
    await using served = await sending();
    const sends = Array.from({ length: 17 }, () => served.tx.send("a"));
    await settled();
    served.peer.die(new RoamError("io", "cut"));
    await assert.rejects(sends[16] ?? assert.fail(), { code: "io" });
    await assert.rejects(served.tx.send("b"), { code: "io" });
    await served.tx.close();
  });

  test("Close from the receiver of what we send is a protocol error", async () => {
    await using served = await sending();
    await served.peer.send(closeOf(1));
    assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.channel\.direction/);
  });

  // r[verify rpc.flow-control.credit.exhaustion]
  test("a waiting send can be aborted, from the middle too; the others go out in order", async () => {
    await using served = await sending();
    for (let item = 0; item < 16; item++) await served.tx.send("x");
    const first = new AbortController();
    const middle = new AbortController();
    const sends = [
      served.tx.send("a", { signal: first.signal }),
      served.tx.send("b"),
      served.tx.send("c", { signal: middle.signal }),
      served.tx.send("d"),
    ];
    middle.abort(new Error("not c"));
    await assert.rejects(sends[2] ?? assert.fail(), /not c/);
    first.abort(new Error("not a"));
    await assert.rejects(sends[0] ?? assert.fail(), /not a/);
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.expectNothing();
    await served.peer.send(grantOf(1, 3));
    for (const item of ["01 62", "01 64"]) {
      assert.equal(hex((await served.peer.expect("ChannelItem")).item), item);
    }
    await Promise.all([sends[1], sends[3]]);
    // The aborted ones have cost no credit.
    await served.tx.send("e");
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01 65");
    await assert.rejects(served.tx.send("f", { signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  test("close goes out when the last waiting send is aborted", async () => {
    await using served = await sending();
    for (let item = 0; item < 16; item++) await served.tx.send("x");
    const controller = new AbortController();
    const send = served.tx.send("a", { signal: controller.signal });
    const closed = served.tx.close();
    controller.abort();
    await assert.rejects(send, { name: "AbortError" });
    await closed;
    for (let item = 0; item < 16; item++) await served.peer.expect("ChannelItem");
    await served.peer.expect("ChannelClose");
  });

  test("a value that does not fit fails its send alone and costs no credit", async () => {
    await using served = await sending();
    for (let attempt = 0; attempt < 20; attempt++) {
      await assert.rejects(served.tx.send(7 as never), { code: "encode" });
    }
    await assert.rejects(served.tx.send("x".repeat(17 << 20)), { code: "too-large" });
    await served.tx.send("a");
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01 61");
  });
});

suite("sends before the channel is bound", () => {
  // r[verify rpc.channel.pair.binding-propagation]
  // r[verify rpc.channel.pair.tx-read]
  test("keep their order with sends and close that come after the binding", async () => {
    await using served = await scriptedServer(Ends);
    const [tx, items] = channel<string>();
    const sends = [tx.send("a"), tx.send("b")];
    void served.client.read({ items }).catch(() => {});
    sends.push(tx.send("c"), tx.close());
    await served.peer.expect("RequestCall");
    for (const item of ["01 61", "01 62", "01 63"]) {
      assert.equal(hex((await served.peer.expect("ChannelItem")).item), item);
    }
    await served.peer.expect("ChannelClose");
    await Promise.all(sends);
  });

  test("can be aborted", async () => {
    await using served = await scriptedServer(Ends);
    const [tx, items] = channel<string>();
    const controller = new AbortController();
    const dropped = tx.send("a", { signal: controller.signal });
    const kept = tx.send("b");
    controller.abort();
    await assert.rejects(dropped, { name: "AbortError" });
    void served.client.read({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01 62");
    await kept;
  });
});

suite("channels of a handler that is done", () => {
  // r[verify rpc.channel.lifecycle]
  test("are closed, or reset, behind the answer", async () => {
    await using served = await scriptedClient(Ends, {
      read: () => 7,
      write: async ({ items }) => items.send("a"),
    });
    await served.peer.send(callOf(Ends, "read", 1, { channels: [1] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 07");
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
    await served.peer.send(callOf(Ends, "write", 3, { channels: [3] }));
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01 61");
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00");
    assert.equal((await served.peer.expect("ChannelClose")).id, 3);
    assert.equal(served.session.root.channels.size, 0);
  });

  test("unless ended by the handler itself", async () => {
    await using served = await scriptedClient(Ends, {
      read: async ({ items }) => {
        for await (const _ of items) return 1;
        return 0;
      },
      write: async ({ items }) => items.close(),
    });
    await served.peer.send(callOf(Ends, "write", 1, { channels: [1] }));
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
    await served.peer.expect("RequestResponse");
    await served.peer.send(callOf(Ends, "read", 3, { channels: [3] }));
    await served.peer.send(itemOf(3, [0]));
    assert.equal((await served.peer.expect("ChannelReset")).id, 3);
    await served.peer.expect("RequestResponse");
    await served.peer.expectNothing();
  });

  // r[verify rpc.channel.lifecycle]
  test("or kept: a channel outlives its call", async () => {
    const kept: { tx?: Tx<string>; rx?: Rx<string> } = {};
    await using served = await scriptedClient(Ends, {
      read: ({ items }) => {
        kept.rx = items.keep();
        return 0;
      },
      write: ({ items }) => {
        kept.tx = items.keep();
      },
    });
    await served.peer.send(callOf(Ends, "read", 1, { channels: [1] }));
    await served.peer.send(callOf(Ends, "write", 3, { channels: [3] }));
    await served.peer.expect("RequestResponse");
    await served.peer.expect("RequestResponse");
    await served.peer.expectNothing();
    await kept.tx?.send("a");
    assert.equal((await served.peer.expect("ChannelItem")).id, 3);
    await served.peer.send(itemOf(1, [1, 0x62]));
    assert.deepEqual(await kept.rx?.next(), { done: false, value: "b" });
    await kept.tx?.close();
    assert.equal((await served.peer.expect("ChannelClose")).id, 3);
  });

  test("what was closed and not read is given up with the rest", async () => {
    await using served = await scriptedClient(Ends, idle);
    await served.peer.send(itemOf(1, [1, 0x61]));
    await served.peer.send(closeOf(1));
    await served.peer.send(callOf(Ends, "read", 1, { channels: [1] }));
    await served.peer.expect("RequestResponse");
    await served.peer.expectNothing();
    assert.equal(served.session.bufferedBytes, 0);
  });

  test("sends of a handler that did not await them still go out", async () => {
    await using served = await scriptedClient(Ends, {
      ...idle,
      write: ({ items }) => {
        for (const item of ["a", "b", "c"]) void items.send(item);
      },
    });
    await served.peer.send(callOf(Ends, "write", 1, { channels: [1] }));
    await served.peer.expect("ChannelItem");
    await served.peer.expect("ChannelItem");
    await served.peer.expect("RequestResponse");
    await served.peer.expectNothing();
    await served.peer.send(grantOf(1, 1));
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01 63");
    await served.peer.expect("ChannelClose");
  });

  test("a handler whose receiver left fails without being reported", async () => {
    await using served = await scriptedClient(Ends, {
      ...idle,
      write: async ({ items }) => {
        for (;;) await items.send("a");
      },
    });
    await served.peer.send(callOf(Ends, "write", 1, { channels: [1] }));
    await served.peer.expect("ChannelItem");
    await served.peer.expect("ChannelItem");
    await served.peer.send(resetOf(1));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
    assert.deepEqual(served.failures, []);
  });

  test("a slow or stopped channel does not hold up other calls", async () => {
    await using pair = await pairOf(Ends, {
      read: async ({ items }) => {
        let count = 0;
        for await (const _ of items) count++;
        return count;
      },
      write: async ({ items }) => {
        for (let item = 0; item < 10; item++) await items.send("a");
      },
    });
    const slow = pair.client.write();
    await slow.items.next();
    assert.equal(await pair.client.read({ items: Array(50).fill("a") }), 50);
    let rest = 0;
    for await (const _ of slow.items) rest++;
    assert.equal(rest, 9);
    await slow;
  });
});

suite("channels and the answer of their call", () => {
  test("a response does not end the channels of the call at the caller", async () => {
    await using served = await receiving();
    await served.peer.send(responseOf(1, [0]));
    await served.peer.send(itemOf(1, [1, 0x61]));
    assert.deepEqual(await served.rx.next(), { done: false, value: "a" });
  });
});
