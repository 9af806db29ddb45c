import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channel, method, RoamError, Rx, service, Tx, t } from "roam";
import { settled } from "roam/testing";
import type { Id } from "roam/wire";
import {
  callOf,
  closeOf,
  grantOf,
  hex,
  itemOf,
  pairOf,
  responseOf,
  scriptedClient,
  scriptedServer,
} from "../call/harness.ts";

const Job = t.struct("Job", { name: t.string, progress: t.tx(t.u32), input: t.rx(t.u32) });
const Source = t.enum("Source", {
  None: t.unit,
  Stored: t.string,
  Live: t.rx(t.u32),
  Pair: [t.tx(t.u32), t.u8, t.rx(t.u32)],
  Full: { log: t.option(t.tx(t.u32)), feed: t.rx(t.u32) },
});
const Places = service("Places", {
  struct: method({ job: Job, last: t.tx(t.u32) }),
  option: method({ log: t.option(t.tx(t.u32)), nested: t.option(t.option(t.rx(t.u32))), out: t.tx(t.u32) }),
  enum: method({ source: Source }),
  tuple: method({ pair: t.tuple([t.tx(t.u32), t.string, t.tuple([t.rx(t.u32)])]) }),
  sum: method({ numbers: t.rx(t.u32) }, t.u32),
  generate: method({ count: t.u32, out: t.tx(t.u32) }),
});
type PlacesHandlers = Parameters<typeof scriptedClient<(typeof Places)["methods"]>>[1];

const forever = () => new Promise<never>(() => {});
const handlers: PlacesHandlers = {
  struct: forever,
  option: forever,
  enum: forever,
  tuple: forever,
  async sum({ numbers }) {
    let sum = 0;
    for await (const number of numbers) sum += number;
    return sum;
  },
  async generate({ count, out }) {
    for (let number = 0; number < count; number++) await out.send(number);
  },
};

suite("channels in arguments, as the caller binds them", () => {
  const tx = () => channel<number>()[0];
  const rx = () => channel<number>()[1];
  // r[verify rpc.channel.discovery]
  // r[verify rpc.channel.payload-encoding]
  // r[verify rpc.channel.binding.caller-args]
  // r[verify rpc.channel.allocation]
  for (const { name, call, args, channels } of [
    {
      name: "in a struct and beside it: fields in order",
      call: { method: "struct", args: { job: { name: "a", progress: tx(), input: rx() }, last: tx() } },
      args: "01 61",
      channels: [1, 3, 5],
    },
    {
      name: "in options that are Some",
      call: { method: "option", args: { log: tx(), nested: { some: rx() }, out: tx() } },
      args: "01 01 01",
      channels: [1, 3, 5],
    },
    {
      name: "in options that are None: left out",
      call: { method: "option", args: { log: null, nested: { some: null }, out: tx() } },
      args: "00 01 00",
      channels: [1],
    },
    {
      name: "in no variant",
      call: { method: "enum", args: { source: { tag: "None" } } },
      args: "00",
      channels: [],
    },
    {
      name: "in a variant that carries something else",
      call: { method: "enum", args: { source: { tag: "Stored", value: "a" } } },
      args: "01 01 61",
      channels: [],
    },
    {
      name: "in a variant of one field",
      call: { method: "enum", args: { source: { tag: "Live", value: rx() } } },
      args: "02",
      channels: [1],
    },
    {
      name: "in a variant of several fields",
      call: { method: "enum", args: { source: { tag: "Pair", value: [tx(), 7, rx()] } } },
      args: "03 07",
      channels: [1, 3],
    },
    {
      name: "in a variant with named fields",
      call: { method: "enum", args: { source: { tag: "Full", log: null, feed: rx() } } },
      args: "04 00",
      channels: [1],
    },
    {
      name: "in tuples in tuples",
      call: { method: "tuple", args: { pair: [tx(), "a", [rx()]] } },
      args: "01 61",
      channels: [1, 3],
    },
  ]) {
    test(name, async () => {
      await using served = await scriptedServer(Places);
      const methods = served.client as unknown as Record<string, (args: unknown) => Promise<unknown>>;
      const answer = methods[call.method]?.(call.args);
      const sent = await served.peer.expect("RequestCall");
      assert.equal(hex(sent.args), args);
      assert.deepEqual(sent.channels, channels);
      await served.peer.send(responseOf(1, [0]));
      await answer;
    });
  }

  // r[verify rpc.channel.allocation]
  test("ids grow from call to call, apart from request ids, in our parity", async () => {
    await using served = await scriptedServer(Places, { parity: "even" });
    for (const [id, channels] of [
      [2, [2]],
      [4, [4]],
    ] as const) {
      const call = served.client.generate({ count: 1, out: tx() });
      const sent = await served.peer.expect("RequestCall");
      assert.deepEqual([sent.id, sent.channels], [id, channels]);
      await served.peer.send(responseOf(id, [0]));
      await call;
    }
    const pair = served.client.tuple({ pair: [tx(), "", [rx()]] });
    assert.deepEqual((await served.peer.expect("RequestCall")).channels, [6, 8]);
    await served.peer.send(responseOf(6, [0]));
    await pair;
  });

  // r[verify rpc.channel.direction]
  // r[verify rpc.channel.pair]
  // r[verify rpc.channel.pair.binding-propagation]
  // r[verify rpc.channel.pair.tx-read]
  // r[verify rpc.channel.binding.caller-args.rx]
  test("Rx in the arguments: the caller's Tx sends, waiting for the binding first", async () => {
    await using served = await scriptedServer(Places);
    const [tx, rx] = channel<number>();
    const early = tx.send(300);
    const sum = served.client.sum({ numbers: rx });
    assert.deepEqual((await served.peer.expect("RequestCall")).channels, [1]);
    await early;
    const item = await served.peer.expect("ChannelItem");
    assert.deepEqual([item.id, hex(item.item)], [1, "AC 02"]);
    await tx.send(1);
    assert.equal(hex((await served.peer.expect("ChannelItem")).item), "01");
    await tx.close();
    assert.equal((await served.peer.expect("ChannelClose")).id, 1);
    await served.peer.send(responseOf(1, [0, 5]));
    assert.equal(await sum, 5);
  });

  // r[verify rpc.channel.direction]
  // r[verify rpc.channel.binding.caller-args.tx]
  // r[verify rpc.channel.pair.rx-take]
  test("Tx in the arguments: the caller's Rx receives, also what comes with the first bytes", async () => {
    await using served = await scriptedServer(Places);
    const [tx, rx] = channel<number>();
    const first = rx.next();
    const generated = served.client.generate({ count: 2, out: tx });
    await served.peer.expect("RequestCall");
    await served.peer.send(itemOf(1, [7]));
    await served.peer.send(itemOf(1, [8]));
    await served.peer.send(closeOf(1));
    await served.peer.send(responseOf(1, [0]));
    assert.deepEqual(await first, { done: false, value: 7 });
    assert.deepEqual(await rx.next(), { done: false, value: 8 });
    assert.deepEqual(await rx.next(), { done: true, value: undefined });
    await generated;
  });

  // r[verify rpc.channel.pair.rx-take]
  test("one reader at a time, and the handle that was given away is not usable here", async () => {
    await using served = await scriptedServer(Places);
    const [tx, rx] = channel<number>();
    const early = [rx.next(), rx.next()];
    void served.client.generate({ count: 1, out: tx }).catch(() => {});
    await served.peer.expect("RequestCall");
    await assert.rejects(early[1] ?? assert.fail(), TypeError);
    await assert.rejects(rx.next(), TypeError);
    await served.peer.send(itemOf(1, [7]));
    assert.deepEqual(await early[0], { done: false, value: 7 });
    assert.throws(() => tx.send(1), { code: "closed" });
    const [feed, given] = channel<number>();
    void served.client.sum({ numbers: given }).catch(() => {});
    await served.peer.expect("RequestCall");
    assert.throws(() => given.next(), { code: "closed" });
    await feed.close();
    await served.peer.expect("ChannelClose");
  });

  for (const { name, args, error } of [
    {
      name: "a handle of the wrong direction",
      args: () => ({ count: 1, out: channel()[1] }),
      error: TypeError,
    },
    {
      name: "nothing where a handle is due",
      args: () => ({ pair: [undefined, "", [rx()]] }),
      error: TypeError,
    },
    {
      name: "one handle twice",
      args: () => {
        const given = rx();
        return { job: { name: "", progress: tx(), input: given }, last: given };
      },
      error: TypeError,
    },
  ]) {
    test(`${name} is misuse: nothing is sent`, async () => {
      await using served = await scriptedServer(Places);
      const given = args() as never;
      const method = "count" in given ? "generate" : "pair" in given ? "tuple" : "struct";
      await assert.rejects((served.client[method] as (args: never) => Promise<unknown>)(given), error);
      await served.peer.expectNothing();
    });
  }

  test("a handle can be given to one call only", async () => {
    await using served = await scriptedServer(Places);
    const [tx, rx] = channel<number>();
    void served.client.sum({ numbers: rx }).catch(() => {});
    await served.peer.expect("RequestCall");
    await assert.rejects(served.client.sum({ numbers: rx }), TypeError);
    // The first call's channel is as it was.
    await tx.send(4);
    assert.equal((await served.peer.expect("ChannelItem")).id, 1);
  });

  // r[verify rpc.channel.binding.caller-args]
  for (const { name, call } of [
    {
      name: "aborted",
      call: (served: Awaited<ReturnType<typeof place>>, pair: unknown) =>
        served.client.tuple({ pair: pair as never }, { signal: AbortSignal.abort() }),
    },
    {
      name: "too large",
      call: (served: Awaited<ReturnType<typeof place>>, pair: [Tx<number>, string, [Rx<number>]]) => {
        pair[1] = "x".repeat(3_000);
        return served.client.tuple({ pair });
      },
    },
    {
      name: "of the wrong type",
      call: (served: Awaited<ReturnType<typeof place>>, pair: [Tx<number>, string, [Rx<number>]]) => {
        pair[1] = 7 as never;
        return served.client.tuple({ pair });
      },
    },
    {
      name: "beyond the channel limit",
      call: async (served: Awaited<ReturnType<typeof place>>, pair: [Tx<number>, string, [Rx<number>]]) => {
        void served.client.tuple({ pair: [tx(), "", [rx()]] }).catch(() => {});
        await served.peer.expect("RequestCall");
        return served.client.tuple({ pair });
      },
    },
  ]) {
    test(`a call never sent (${name}) fails its channels`, async () => {
      await using served = await place();
      const [out, received] = channel<number>();
      const [sent, input] = channel<number>();
      const early = Promise.allSettled([received.next(), sent.send(1)]);
      await assert.rejects(call(served, [out, "", [input]]));
      for (const outcome of await early) {
        assert.equal(outcome.status, "rejected");
        assert(outcome.reason instanceof RoamError);
      }
      await assert.rejects(received.next(), RoamError);
      await assert.rejects(sent.send(1), RoamError);
      await served.peer.expectNothing();
    });
  }

  const place = () =>
    scriptedServer(Places, { limits: { maxPayloadBytes: 2_000, maxChannelsPerConnection: 3 } });

  // r[verify rpc.channel.binding.caller-args]
  for (const { name, ret, code } of [
    { name: "UnknownMethod", ret: [1, 1], code: "unknown-method" },
    { name: "InvalidPayload", ret: [1, 2], code: "invalid-payload" },
  ]) {
    test(`a call answered with ${name} fails its channels: no handler has them`, async () => {
      await using served = await scriptedServer(Places);
      const [out, received] = channel<number>();
      const [sent, input] = channel<number>();
      const call = served.client.tuple({ pair: [out, "", [input]] });
      await served.peer.expect("RequestCall");
      const waiting = received.next();
      await served.peer.send(responseOf(1, ret));
      await assert.rejects(call, { code });
      await assert.rejects(waiting, { code });
      await assert.rejects(sent.send(1), { code });
      assert.equal(served.client.$.connection.channels.size, 0);
    });
  }
});

suite("channels in arguments, as the handler gets them", () => {
  // r[verify rpc.channel.binding]
  // r[verify rpc.channel.binding.callee-args]
  // r[verify rpc.channel.binding.callee-args.rx]
  // r[verify rpc.channel.binding.callee-args.tx]
  // r[verify rpc.channel.discovery]
  for (const { name, method, args, channels, receiving } of [
    { name: "struct", method: "struct", args: [1, 0x61], channels: [7, 3, 5], receiving: 3 },
    { name: "option, all there", method: "option", args: [1, 1, 1], channels: [1, 5, 3], receiving: 5 },
    { name: "tuple", method: "tuple", args: [0], channels: [1, 3], receiving: 3 },
    { name: "enum, several fields", method: "enum", args: [3, 9], channels: [5, 9], receiving: 9 },
    { name: "enum, named fields", method: "enum", args: [4, 0], channels: [11], receiving: 11 },
    {
      name: "ids beyond 2^53",
      method: "tuple",
      args: [0],
      channels: [2n ** 60n + 1n, 2n ** 60n + 3n],
      receiving: 2n ** 60n + 3n,
    },
  ] as readonly {
    name: string;
    method: "struct" | "option" | "tuple" | "enum";
    args: readonly number[];
    channels: readonly Id[];
    receiving: Id;
  }[]) {
    test(`${name}: bound in plan order with the ids of the Call`, async () => {
      const found: (Tx<number> | Rx<number>)[] = [];
      const collect = (value: unknown): void => {
        if (value instanceof Tx || value instanceof Rx) found.push(value);
        else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
      };
      const take = (given: unknown) => {
        collect(given);
        return forever();
      };
      await using served = await scriptedClient(Places, {
        ...handlers,
        struct: take,
        option: take,
        tuple: take,
        enum: take,
      });
      await served.peer.send(callOf(Places, method, 1, { args, channels }));
      await served.peer.send(itemOf(receiving, [42]));
      await settled();
      assert.equal(found.length, channels.length);
      for (const [index, handle] of found.entries()) {
        if (handle instanceof Rx) {
          assert.equal(channels[index], receiving);
          assert.deepEqual(await handle.next(), { done: false, value: 42 });
        } else {
          await handle.send(index);
          const item = await served.peer.expect("ChannelItem");
          assert.deepEqual([item.id, hex(item.item)], [channels[index], `0${index}`]);
        }
      }
    });
  }

  // r[verify rpc.x.args]
  for (const { name, method, args, channels } of [
    { name: "too few ids", method: "tuple", args: [0], channels: [1] },
    { name: "none where some are due", method: "sum", args: [], channels: [] },
    { name: "too many ids", method: "sum", args: [], channels: [1, 3] },
    { name: "an id for a channel that is None", method: "option", args: [0, 0], channels: [1, 3] },
    { name: "arguments cut short", method: "tuple", args: [3, 0x61], channels: [1, 3] },
  ] as const) {
    test(`${name}: InvalidPayload, and what comes for the channels is dropped`, async () => {
      await using served = await scriptedClient(Places, handlers);
      await served.peer.send(callOf(Places, method, 1, { args, channels }));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 02");
      for (const id of channels) {
        for (let item = 0; item < 10; item++) await served.peer.send(itemOf(id, [1]));
        await served.peer.send(grantOf(id, 1));
        await served.peer.send(closeOf(id));
      }
      await served.peer.expectNothing();
      assert.equal(served.session.root.channels.unboundBytes, 0);
      assert.equal(served.session.root.channels.size, 0);
    });
  }

  test("items for the channels of an unknown method are dropped, before and after", async () => {
    await using served = await scriptedClient(Places, handlers);
    await served.peer.send(itemOf(1, [1]));
    await served.peer.send({ ...callOf(Places, "sum", 1, { channels: [1] }), methodLo: 0 });
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 01");
    for (let item = 0; item < 10; item++) await served.peer.send(itemOf(1, [1]));
    await served.peer.expectNothing();
    assert.equal(served.session.root.channels.unboundBytes, 0);
  });

  // r[verify rpc.channel.allocation]
  for (const { name, calls } of [
    { name: "0", calls: [[0]] },
    { name: "our parity", calls: [[2]] },
    { name: "an id in use", calls: [[1], [1]] },
    { name: "an id twice in one Call", calls: [[3, 3]] },
  ]) {
    test(`channel id ${name} is a protocol error`, async () => {
      await using served = await scriptedClient(Places, handlers);
      for (const [index, channels] of calls.entries()) {
        const isPair = channels.length === 2;
        const args = isPair ? [0] : [];
        await served.peer.send(callOf(Places, isPair ? "tuple" : "sum", 2 * index + 1, { args, channels }));
      }
      assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.channel\.allocation/);
      assert.equal((await served.session.ended).code, "protocol-error");
    });
  }

  test("an id that is over cannot come again", async () => {
    await using served = await scriptedClient(Places, handlers);
    await served.peer.send(callOf(Places, "sum", 1, { channels: [1] }));
    await served.peer.send(closeOf(1));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 00");
    await served.peer.send(callOf(Places, "sum", 3, { channels: [1] }));
    assert.match((await served.peer.expect("ProtocolError")).description, /rpc\.channel\.allocation/);
  });

  test("above the channel limit: InvalidPayload", async () => {
    await using served = await scriptedClient(Places, handlers, { limits: { maxChannelsPerConnection: 1 } });
    await served.peer.send(callOf(Places, "tuple", 1, { args: [0], channels: [1, 3] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "01 02");
    await served.peer.send(callOf(Places, "sum", 3, { channels: [5] }));
    await served.peer.send(closeOf(5));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 00");
  });
});

suite("channels from one end to the other", () => {
  // r[verify rpc.channel]
  // r[verify rpc.channel.item]
  test("nested in everything, both ways at once", async () => {
    await using pair = await pairOf(Places, {
      ...handlers,
      async struct({ job, last }) {
        for await (const number of job.input) await job.progress.send(number * 2);
        await last.send(99);
      },
    });
    const [progress, doubled] = channel<number>();
    const [feed, input] = channel<number>();
    const [last, end] = channel<number>();
    const done = pair.client.struct({ job: { name: "", progress, input }, last });
    const received: number[] = [];
    for (let number = 0; number < 100; number++) {
      await feed.send(number);
      received.push((await doubled.next()).value as number);
    }
    await feed.close();
    await done;
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, number) => 2 * number),
    );
    assert.deepEqual(await end.next(), { done: false, value: 99 });
    assert.equal((await end.next()).done, true);
    assert.equal((await doubled.next()).done, true);
    assert.equal(pair.client.$.connection.channels.size, 0);
    assert.equal(pair.server.root.channels.size, 0);
  });
});
