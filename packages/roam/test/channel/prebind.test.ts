import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channel, method, type Rx, service, type Tx, t } from "roam";
import { settled } from "roam/testing";
import {
  callOf,
  closeOf,
  grantOf,
  hex,
  itemOf,
  resetOf,
  responseOf,
  scriptedClient,
  scriptedServer,
} from "../call/harness.ts";

const Early = service("Early", {
  sum: method({ numbers: t.rx(t.u8) }, t.u32),
  many: method({ numbers: t.rx(t.u8, 100) }, t.u32),
  watch: method({ out: t.tx(t.u8, 0) }),
});

function serving(limits = {}) {
  const held: Tx<number>[] = [];
  const add = async ({ numbers }: { numbers: Rx<number> }) => {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  };
  const watch = ({ out }: { out: Tx<number> }) => {
    held.push(out);
    return new Promise<never>(() => {});
  };
  return scriptedClient(Early, { sum: add, many: add, watch }, { limits }).then((served) =>
    Object.assign(served, { held }),
  );
}

suite("what comes for a channel before its Call", () => {
  // r[verify rpc.x.prebind]
  test("items and Close are held until it is bound", async () => {
    await using served = await serving();
    for (const number of [1, 2, 3]) await served.peer.send(itemOf(1, [number]));
    await served.peer.send(closeOf(1));
    await settled();
    assert.equal(served.session.root.channels.unboundBytes, 3);
    await served.peer.send(callOf(Early, "sum", 1, { channels: [1] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 06");
    assert.equal(served.session.root.channels.unboundBytes, 0);
  });

  test("they use up the initial credit as any others", async () => {
    await using served = await serving();
    for (let item = 0; item < 17; item++) await served.peer.send(itemOf(1, [1]));
    await served.peer.expectNothing();
    await served.peer.send(callOf(Early, "sum", 1, { channels: [1] }));
    assert.match((await served.peer.expect("ProtocolError")).description, /credit\.exhaustion/);
  });

  // r[verify rpc.x.prebind]
  test("grants and Reset are held for a channel that we send on", async () => {
    await using served = await serving();
    await served.peer.send(grantOf(1, 2));
    await served.peer.send(grantOf(1, 1));
    await served.peer.send(callOf(Early, "watch", 1, { channels: [1] }));
    await settled();
    const sends = [1, 2, 3, 4].map((number) => served.held[0]?.send(number));
    for (const number of [1, 2, 3]) {
      assert.equal(hex((await served.peer.expect("ChannelItem")).item), `0${number}`);
    }
    await served.peer.expectNothing();
    await served.peer.send(resetOf(1));
    await Promise.all(sends.slice(0, 3));
    await assert.rejects(sends[3] ?? assert.fail(), { code: "channel-reset" });

    await served.peer.send(resetOf(3));
    await served.peer.send(callOf(Early, "watch", 3, { channels: [3] }));
    await settled();
    await assert.rejects(served.held[1]?.send(1) ?? assert.fail(), { code: "channel-reset" });
  });

  test("Reset by the sender of a channel that we receive on ends it as given up", async () => {
    await using served = await serving();
    await served.peer.send(itemOf(1, [1]));
    await served.peer.send(resetOf(1));
    await served.peer.send(callOf(Early, "sum", 1, { channels: [1] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 03");
  });

  // r[verify rpc.x.prebind]
  test("more items than the larger of 64 and the service's largest credit: Reset when bound", async () => {
    await using served = await serving({ minUnboundItems: 8 });
    for (let item = 0; item < 100; item++) await served.peer.send(itemOf(1, [1]));
    await served.peer.send(closeOf(1));
    await served.peer.send(callOf(Early, "many", 1, { channels: [1] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 64");
    for (let item = 0; item < 101; item++) await served.peer.send(itemOf(3, [1]));
    await settled();
    assert.equal(served.session.root.channels.unboundBytes, 0);
    await served.peer.send(callOf(Early, "many", 3, { channels: [3] }));
    assert.equal((await served.peer.expect("ChannelReset")).id, 3);
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 00");
  });

  for (const { name, limits, send } of [
    {
      name: "bytes",
      limits: { maxUnboundBytes: 10 },
      send: [itemOf(1, Array(6).fill(0)), itemOf(3, Array(5).fill(0))],
    },
    {
      name: "channels",
      limits: { maxChannelsPerConnection: 2 },
      send: [itemOf(1, [1]), closeOf(3), grantOf(5, 1)],
    },
  ]) {
    // r[verify rpc.x.prebind]
    test(`more ${name} than allowed are a protocol error`, async () => {
      await using served = await serving(limits);
      for (const message of send) await served.peer.send(message);
      await served.peer.expect("ProtocolError");
      assert.equal((await served.session.ended).code, "protocol-error");
    });
  }
});

suite("what comes for a channel that is over or never was", () => {
  // r[verify rpc.x.prebind]
  test("late messages for a closed channel of theirs are dropped", async () => {
    await using served = await serving();
    await served.peer.send(callOf(Early, "sum", 1, { channels: [1] }));
    await served.peer.send(closeOf(1));
    await served.peer.expect("RequestResponse");
    for (const late of [itemOf(1, [1]), grantOf(1, 1), closeOf(1), resetOf(1)]) await served.peer.send(late);
    await served.peer.expectNothing();
    assert.equal(served.session.root.channels.unboundBytes, 0);
  });

  test("the same beyond 2^53", async () => {
    await using served = await serving();
    const id = 2n ** 60n + 1n;
    await served.peer.send(callOf(Early, "sum", 1, { channels: [id] }));
    await served.peer.send(closeOf(id));
    await served.peer.expect("RequestResponse");
    await served.peer.send(itemOf(id, [1]));
    await served.peer.expectNothing();
    assert.equal(served.session.root.channels.unboundBytes, 0);
  });

  test("unknown ids of our own parity, and 0, are dropped", async () => {
    await using served = await serving();
    for (const id of [0, 2, 2n ** 60n]) {
      for (const message of [itemOf(id, [1]), grantOf(id, 1), closeOf(id), resetOf(id)]) {
        await served.peer.send(message);
      }
    }
    await served.peer.expectNothing();
    assert.equal(served.session.root.channels.unboundBytes, 0);
  });

  // r[verify rpc.channel.reset]
  test("items on the way when we reset are dropped, in either role", async () => {
    await using served = await scriptedServer(Early);
    const [out, rx] = channel<number>();
    const watch = served.client.watch({ out });
    await served.peer.expect("RequestCall");
    rx.reset();
    assert.equal((await served.peer.expect("ChannelReset")).id, 1);
    await served.peer.send(itemOf(1, [1]));
    await served.peer.send(closeOf(1));
    await served.peer.send(responseOf(1, [0]));
    await watch;
    await served.peer.expectNothing();
    assert.equal((await rx.next()).done, true);
  });

  test("an item on a channel where we send is a protocol error", async () => {
    await using served = await serving();
    await served.peer.send(callOf(Early, "watch", 1, { channels: [1] }));
    await served.peer.send(itemOf(1, [1]));
    assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.channel\.direction/);
  });
});
