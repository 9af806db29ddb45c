import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channel, method, type Rx, service, type Tx, t } from "roam";
import { settled, VirtualClock } from "roam/testing";
import { encoded } from "../../src/testing/scripted-peer.ts";
import {
  callOf,
  closeOf,
  grantOf,
  hex,
  itemOf,
  pairOf,
  scriptedClient,
  scriptedServer,
} from "../call/harness.ts";

const Flow = service("Flow", {
  in16: method({ items: t.rx(t.u8) }),
  in4: method({ items: t.rx(t.u8, 4) }),
  in3: method({ items: t.rx(t.u8, 3) }),
  in1: method({ items: t.rx(t.u8, 1) }),
  in0: method({ items: t.rx(t.u8, 0) }),
  out16: method({ items: t.tx(t.u8) }),
  out2: method({ items: t.tx(t.u8, 2) }),
  blobs: method({ items: t.rx(t.bytes, 2) }),
});
type FlowHandlers = Parameters<typeof scriptedClient<(typeof Flow)["methods"]>>[1];
type Items = { readonly items: Rx<number> | Rx<Uint8Array> | Tx<number> };

/** Hands the channel of each call to the test and never ends by itself. */
function holding(options: Parameters<typeof scriptedClient>[2] = {}) {
  const held: (Rx<number> | Tx<number>)[] = [];
  const take = ({ items }: Items) => {
    held.push(items as Rx<number> | Tx<number>);
    return new Promise<never>(() => {});
  };
  const names = ["in16", "in4", "in3", "in1", "in0", "out16", "out2", "blobs"] as const;
  const handlers = Object.fromEntries(names.map((name) => [name, take])) as unknown as FlowHandlers;
  return scriptedClient(Flow, handlers, options).then((served) => Object.assign(served, { held }));
}

suite("credit on the wire", () => {
  // r[verify rpc.flow-control.credit.grant]
  // r[verify rpc.flow-control.credit.initial]
  // r[verify rpc.flow-control]
  for (const { method, initial, portion, bytes } of [
    { method: "in16", initial: 16, portion: 8, bytes: "00 08 01 03 08" },
    { method: "in4", initial: 4, portion: 2, bytes: "00 08 01 03 02" },
    { method: "in3", initial: 3, portion: 1, bytes: "00 08 01 03 01" },
    { method: "in1", initial: 1, portion: 1, bytes: "00 08 01 03 01" },
  ] as const) {
    test(`N = ${initial}: ${portion} at a time, when as many have been taken (${bytes})`, async () => {
      await using served = await holding();
      await served.peer.send(callOf(Flow, method, 1, { channels: [1] }));
      for (let item = 0; item < initial; item++) await served.peer.send(itemOf(1, [item]));
      await served.peer.expectNothing();
      const rx = served.held[0] as Rx<number>;
      for (let item = 0; item < initial; item++) {
        assert.deepEqual(await rx.next(), { done: false, value: item });
        if ((item + 1) % portion !== 0) await served.peer.expectNothing();
        else assert.equal(hex(encoded(await served.peer.expect("ChannelGrantCredit"))), bytes);
      }
      await served.peer.expectNothing();
    });
  }

  // r[verify rpc.flow-control.credit.initial.zero]
  test("N = 0: an explicit grant starts it, then one at a time", async () => {
    await using served = await holding();
    await served.peer.send(callOf(Flow, "in0", 1, { channels: [1] }));
    await settled();
    const rx = served.held[0] as Rx<number>;
    rx.grant(3);
    assert.equal(hex(encoded(await served.peer.expect("ChannelGrantCredit"))), "00 08 01 03 03");
    for (let item = 0; item < 3; item++) await served.peer.send(itemOf(1, [item]));
    for (let item = 0; item < 3; item++) {
      await rx.next();
      assert.equal((await served.peer.expect("ChannelGrantCredit")).additional, 1);
    }
    assert.throws(() => rx.grant(0), RangeError);
    assert.throws(() => rx.grant(2 ** 32), RangeError);
    await served.peer.expectNothing();
  });

  // r[verify rpc.flow-control.credit.initial.zero]
  test("N = 0: our sender waits for the first grant", async () => {
    await using served = await scriptedServer(Flow);
    const [tx, items] = channel<number>();
    void served.client.in0({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    const sent = tx.send(7);
    await served.peer.expectNothing();
    await served.peer.send(grantOf(1, 1));
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "07");
    await sent;
  });

  test("grants can be made before the call is sent: they go out with the binding", async () => {
    await using served = await scriptedServer(Flow);
    const [items, rx] = channel<number>();
    rx.grant(5);
    void served.client.out2({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    const grant = await served.peer.expect("ChannelGrantCredit");
    assert.deepEqual([grant.id, grant.additional], [1, 5]);
  });

  // r[verify rpc.flow-control.credit]
  // r[verify rpc.flow-control.credit.exhaustion]
  // r[verify rpc.flow-control.credit.grant.additive]
  test("our sender sends N, waits, and sends as many as are granted, in order", async () => {
    await using served = await scriptedServer(Flow);
    const [tx, items] = channel<number>();
    void served.client.in4({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    const sends = Array.from({ length: 12 }, (_, item) => tx.send(item));
    let item = 0;
    const expectItems = async (count: number) => {
      for (let more = 0; more < count; more++) {
        assert.equal(
          hex((await served.peer.expect("ChannelItem")).item),
          `0${(item++).toString(16).toUpperCase()}`,
        );
      }
      await served.peer.expectNothing();
    };
    await expectItems(4);
    await served.peer.send(grantOf(1, 1));
    await expectItems(1);
    await served.peer.send(grantOf(1, 2));
    await served.peer.send(grantOf(1, 0));
    await expectItems(2);
    await served.peer.send(grantOf(1, 0xffff_ffff));
    await served.peer.send(grantOf(1, 0xffff_ffff));
    await expectItems(5);
    await Promise.all(sends);
  });

  // r[verify rpc.flow-control.credit.exhaustion]
  // r[verify rpc.flow-control.credit]
  test("an item without credit is a protocol error", async () => {
    await using served = await holding();
    await served.peer.send(callOf(Flow, "in4", 1, { channels: [1] }));
    for (let item = 0; item < 5; item++) await served.peer.send(itemOf(1, [item]));
    const told = await served.peer.expect("ProtocolError");
    assert.match(told.description, /rpc\.flow-control\.credit\.exhaustion/);
    assert.equal((await served.session.ended).code, "protocol-error");
  });

  test("Close costs no credit", async () => {
    await using served = await scriptedServer(Flow);
    const [tx, items] = channel<number>();
    void served.client.in1({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    await tx.send(1);
    await tx.close();
    await served.peer.expect("ChannelItem");
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
  });

  // r[verify rpc.flow-control.credit.grant]
  for (const { name, id } of [
    { name: "of an unknown channel", id: 9 },
    { name: "of our parity, unknown", id: 8 },
    { name: "of a channel that we receive on", id: 1 },
  ]) {
    test(`a grant ${name} is ignored`, async () => {
      await using served = await holding();
      await served.peer.send(callOf(Flow, "in4", 1, { channels: [1] }));
      await served.peer.send(grantOf(id, 5));
      await served.peer.send(itemOf(1, [1]));
      await settled();
      assert.deepEqual(await (served.held[0] as Rx<number>).next(), { done: false, value: 1 });
      await served.peer.expectNothing();
    });
  }

  // r[verify rpc.flow-control.credit.grant]
  test("an item that does not decode counts as taken", async () => {
    await using served = await holding();
    await served.peer.send(callOf(Flow, "blobs", 1, { channels: [1] }));
    await served.peer.send(itemOf(1, [5, 1]));
    await settled();
    await assert.rejects((served.held[0] as unknown as Rx<Uint8Array>).recv(), { code: "decode" });
    assert.equal((await served.peer.expect("ChannelGrantCredit")).additional, 1);
  });

  test("peerItemWindow keeps fewer items out than N allows", async () => {
    await using served = await scriptedServer(Flow, { peerItemWindow: 10 });
    const [tx, items] = channel<number>();
    void served.client.in16({ items }).catch(() => {});
    await served.peer.expect("RequestCall");
    const sends = Array.from({ length: 18 }, (_, item) => tx.send(item));
    for (let item = 0; item < 10; item++) await served.peer.expect("ChannelItem");
    await served.peer.expectNothing();
    await served.peer.send(grantOf(1, 8));
    for (let item = 0; item < 8; item++) await served.peer.expect("ChannelItem");
    await Promise.all(sends);
  });
});

suite("granting ahead, on the wire", () => {
  /** Sends all the credit it is given, 50 ms later each time, until `rounds` are over. */
  async function grantsIn(rounds: number, limits = {}): Promise<number[]> {
    const clock = new VirtualClock();
    await using served = await holding({ clock, limits });
    await served.peer.send(callOf(Flow, "in16", 1, { channels: [1] }));
    await settled();
    const rx = served.held[0] as Rx<number>;
    const reading = (async () => {
      for await (const _ of rx);
    })();
    let credit = 16;
    const granted: number[] = [];
    for (let round = 0; round < rounds; round++) {
      clock.advance(50);
      for (; credit > 0; credit--) await served.peer.send(itemOf(1, [round]));
      await settled();
      while (served.peer.script.waiting > 0) {
        credit += (await served.peer.expect("ChannelGrantCredit")).additional;
      }
      granted.push(credit);
    }
    await served.peer.send(closeOf(1));
    await reading;
    assert.equal(served.session.bufferedBytes, 0);
    return granted;
  }

  // r[verify rpc.x.adaptive-credit]
  test("the window grows with rate times round trip while the consumer keeps up", async () => {
    const granted = await grantsIn(12);
    assert((granted.at(-1) ?? 0) >= 256, `${granted}`);
    assert.equal(granted[0], 16);
  });

  // r[verify rpc.x.adaptive-credit]
  test("and no further than the budget", async () => {
    const granted = await grantsIn(12, { maxChannelBufferItems: 40 });
    assert(Math.max(...granted) <= 40, `${granted}`);
    const few = await grantsIn(12, { maxChannelBufferBytes: 24 });
    assert(Math.max(...few) <= 24, `${few}`);
  });

  // r[verify rpc.x.adaptive-credit]
  test("a session full of what nobody reads does not stop the channel that is read", async () => {
    await using served = await holding({ limits: { maxSessionBufferBytes: 10 } });
    await served.peer.send(callOf(Flow, "blobs", 1, { channels: [1] }));
    await served.peer.send(itemOf(1, [20, ...Array(20).fill(0)]));
    await served.peer.send(callOf(Flow, "in4", 3, { channels: [3] }));
    await settled();
    assert.equal(served.session.bufferedBytes, 21);
    const rx = served.held[1] as Rx<number>;
    for (let round = 0; round < 10; round++) {
      for (let item = 0; item < 2; item++) await served.peer.send(itemOf(3, [item]));
      await rx.next();
      await rx.next();
      assert.equal((await served.peer.expect("ChannelGrantCredit")).additional, 2);
    }
  });

  test("from one end to the other, with both sides of ours", async () => {
    await using pair = await pairOf(
      Flow,
      {
        in16: async ({ items }) => {
          let next = 0;
          for await (const item of items) assert.equal(item, next++ % 256);
          assert.equal(next, 5_000);
        },
        in4: () => {},
        in3: () => {},
        in1: () => {},
        in0: () => {},
        out16: () => {},
        out2: () => {},
        blobs: () => {},
      },
      {},
    );
    await pair.client.in16({ items: Array.from({ length: 5_000 }, (_, item) => item % 256) });
    assert.deepEqual(pair.failures, []);
  });
});
