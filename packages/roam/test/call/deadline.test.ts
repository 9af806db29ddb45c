import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallContext, type Client, clientOn, method, service, t } from "roam";
import { settled, VirtualClock } from "roam/testing";
import { Metadata } from "roam/wire";
import { callOf, hex, pairOf, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Steps = service("Steps", {
  step: method({ number: t.u32 }, t.u32),
  relay: method({ number: t.u32 }, t.u32),
});
const KEY = "request-timeout-ms";
const forever = () => new Promise<never>(() => {});
const timeout = (ms: bigint | string) => Metadata.from({ [KEY]: ms });

suite("a caller's deadline", () => {
  // r[verify rpc.x.deadline]
  for (const { name, timeoutMs, sent } of [
    { name: "travels as milliseconds left", timeoutMs: 500, sent: 500n },
    { name: "is rounded up", timeoutMs: 0.25, sent: 1n },
    { name: "may be very far", timeoutMs: 1e300, sent: BigInt(Number.MAX_SAFE_INTEGER) },
    { name: "may be none", timeoutMs: Number.POSITIVE_INFINITY, sent: undefined },
  ]) {
    test(name, async () => {
      await using served = await scriptedServer(Steps, { clock: new VirtualClock() });
      const step = served.client.step({ number: 1 }, { timeoutMs });
      const call = await served.peer.expect("RequestCall");
      assert.equal(call.metadata.get(KEY), sent);
      assert.equal(call.metadata.size, sent === undefined ? 0 : 1);
      await served.peer.send(responseOf(1, [0, 1]));
      await step;
    });
  }

  test("what travels is what is left when the Call goes out", async () => {
    const clock = new VirtualClock();
    await using served = await scriptedServer(Steps, { clock }, { maxConcurrentRequests: 1 });
    const first = served.client.step({ number: 1 });
    const second = served.client.step({ number: 2 }, { timeoutMs: 500 });
    await served.peer.expect("RequestCall");
    clock.advance(120);
    await served.peer.send(responseOf(1, [0, 1]));
    assert.equal((await served.peer.expect("RequestCall")).metadata.get(KEY), 380n);
    await served.peer.send(responseOf(3, [0, 2]));
    assert.deepEqual(await Promise.all([first, second]), [1, 2]);
    assert.equal(clock.pending, 0);
  });

  // r[verify rpc.x.deadline]
  test("is enforced here: Cancel, and deadline-exceeded", async () => {
    const clock = new VirtualClock();
    await using served = await scriptedServer(Steps, { clock });
    const step = served.client.step({ number: 1 }, { timeoutMs: 500 });
    await served.peer.expect("RequestCall");
    clock.advance(499);
    await served.peer.expectNothing();
    clock.advance(1);
    await assert.rejects(step, { name: "CallError", code: "deadline-exceeded" });
    assert.equal((await served.peer.expect("RequestCancel")).id, 1);
    await served.peer.send(responseOf(1, [0, 1]));
    await served.peer.expectNothing();
  });

  for (const { name, timeoutMs } of [
    { name: "0", timeoutMs: 0 },
    { name: "0, behind others", timeoutMs: 0 },
  ]) {
    test(`an expired call is not sent at all (${name})`, async () => {
      await using served = await scriptedServer(
        Steps,
        { clock: new VirtualClock() },
        { maxConcurrentRequests: name === "0" ? 64 : 0 },
      );
      await assert.rejects(served.client.step({ number: 1 }, { timeoutMs }), { code: "deadline-exceeded" });
      await served.peer.expectNothing();
    });
  }

  test("a call whose time ran out while its turn came is not sent, late timers or not", async () => {
    const clock = new VirtualClock();
    let nowMs = 0;
    const late = { nowMs: () => nowMs, after: clock.after.bind(clock) };
    await using served = await scriptedServer(Steps, { clock: late }, { maxConcurrentRequests: 1 });
    const first = served.client.step({ number: 1 });
    const second = served.client.step({ number: 2 }, { timeoutMs: 500 });
    await served.peer.expect("RequestCall");
    nowMs = 600;
    await served.peer.send(responseOf(1, [0, 1]));
    await first;
    await assert.rejects(second, { code: "deadline-exceeded" });
    await served.peer.expectNothing();
  });

  test("a client's own default applies where the call sets none", async () => {
    await using served = await scriptedServer(Steps, { clock: new VirtualClock(), timeoutMs: 250 });
    for (const [id, options, sent] of [
      [1, undefined, 250n],
      [3, { timeoutMs: 900 }, 900n],
      [5, { timeoutMs: Number.POSITIVE_INFINITY }, undefined],
    ] as const) {
      const step = served.client.step({ number: 1 }, options);
      assert.equal((await served.peer.expect("RequestCall")).metadata.get(KEY), sent);
      await served.peer.send(responseOf(id, [0, 1]));
      await step;
    }
  });

  test("a negative time or none at all is misuse", async () => {
    await using served = await scriptedServer(Steps);
    assert.throws(() => served.client.step({ number: 1 }, { timeoutMs: -1 }), RangeError);
    assert.throws(() => served.client.step({ number: 1 }, { timeoutMs: Number.NaN }), RangeError);
  });
});

suite("the deadline of a call being served", () => {
  const served = (clock: VirtualClock, calls: CallContext[], limit = 64) =>
    scriptedClient(
      Steps,
      {
        step: (_, call) => {
          calls.push(call);
          return forever();
        },
        relay: forever,
      },
      { clock, limits: { maxConcurrentRequests: limit } },
    );

  // r[verify rpc.x.deadline]
  test("is arrival + value: then the handler's signal aborts and Cancelled goes out", async () => {
    const clock = new VirtualClock(7_000);
    const calls: CallContext[] = [];
    await using session = await served(clock, calls);
    await session.peer.send(callOf(Steps, "step", 1, { args: [1], metadata: timeout(300n) }));
    await settled();
    const [call] = calls;
    assert(call !== undefined);
    assert.equal(call.deadlineMs, 7_300);
    assert.equal(call.timeLeftMs, 300);
    clock.advance(299);
    assert.equal(call.timeLeftMs, 1);
    assert.equal(call.signal.aborted, false);
    await session.peer.expectNothing();
    clock.advance(1);
    assert(call.signal.aborted);
    assert.equal(call.signal.reason.code, "deadline-exceeded");
    assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "01 03");
    assert.equal(call.timeLeftMs, 0);
  });

  // r[verify rpc.x.deadline]
  test("0 is expired on arrival: Cancelled, and the handler does not run", async () => {
    const calls: CallContext[] = [];
    await using session = await served(new VirtualClock(), calls);
    await session.peer.send(callOf(Steps, "step", 1, { args: [1], metadata: timeout(0n) }));
    assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "01 03");
    assert.deepEqual(calls, []);
  });

  // r[verify rpc.metadata.unknown]
  for (const { name, metadata } of [
    { name: "a String under the key", metadata: timeout("300") },
    { name: "the key in capitals", metadata: Metadata.from({ "Request-Timeout-Ms": 300n }) },
    { name: "no metadata", metadata: Metadata.EMPTY },
  ]) {
    test(`${name} is no deadline`, async () => {
      const calls: CallContext[] = [];
      await using session = await served(new VirtualClock(), calls);
      await session.peer.send(callOf(Steps, "step", 1, { args: [1], metadata }));
      await settled();
      assert.equal(calls[0]?.deadlineMs, undefined);
      assert.equal(calls[0]?.timeLeftMs, undefined);
    });
  }

  test("the largest u64 is far away, not in the past", async () => {
    const calls: CallContext[] = [];
    await using session = await served(new VirtualClock(), calls);
    await session.peer.send(callOf(Steps, "step", 1, { args: [1], metadata: timeout(2n ** 64n - 1n) }));
    await session.peer.expectNothing();
    assert((calls[0]?.timeLeftMs ?? 0) >= Number.MAX_SAFE_INTEGER);
  });

  test("it runs while the call waits for its turn", async () => {
    const clock = new VirtualClock();
    const calls: CallContext[] = [];
    await using session = await served(clock, calls, 1);
    await session.peer.send(callOf(Steps, "step", 1, { args: [1], metadata: timeout(1_000n) }));
    await session.peer.send(callOf(Steps, "step", 3, { args: [2], metadata: timeout(1_000n) }));
    await settled();
    clock.advance(400);
    assert.equal(session.session.root.dispatcher.queued, 1);
    assert.equal(calls[0]?.deadlineMs, 1_000);
    clock.advance(600);
    // The first is answered, though its handler goes on; the second keeps waiting for its place.
    assert.equal((await session.peer.expect("RequestResponse")).id, 1);
  });

  test("a call that waited has the rest of its time", async () => {
    const clock = new VirtualClock();
    let release = (_: number) => {};
    const left: (number | undefined)[] = [];
    await using session = await scriptedClient(
      Steps,
      {
        step: () => new Promise<number>((resolve) => (release = resolve)),
        relay: (_, call) => {
          left.push(call.timeLeftMs);
          return 0;
        },
      },
      { clock, limits: { maxConcurrentRequests: 1 } },
    );
    await session.peer.send(callOf(Steps, "step", 1, { args: [1] }));
    await session.peer.send(callOf(Steps, "relay", 3, { args: [1], metadata: timeout(1_000n) }));
    await session.peer.send(callOf(Steps, "relay", 5, { args: [1], metadata: timeout(300n) }));
    await settled();
    clock.advance(400);
    release(1);
    assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "00 01");
    assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "00 00");
    assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "01 03");
    assert.deepEqual(left, [600]);
  });

  test("an answer in time leaves no timer", async () => {
    const clock = new VirtualClock();
    await using pair = await pairOf(
      Steps,
      { step: ({ number }) => number, relay: forever },
      { client: { clock }, server: { clock } },
    );
    assert.equal(await pair.client.step({ number: 4 }, { timeoutMs: 100 }), 4);
    assert.equal(clock.pending, 0);
  });
});

suite("calls made while serving a call", () => {
  /** Serves `relay` by calling `step` back on the same session, as `options` say. */
  async function relaying(
    options: (call: CallContext) => Parameters<Client<(typeof Steps)["methods"]>["step"]>[1],
  ) {
    const clock = new VirtualClock();
    let back: Client<(typeof Steps)["methods"]> | undefined;
    const session = await scriptedClient(
      Steps,
      { step: forever, relay: ({ number }, call) => back?.step({ number }, options(call)) ?? 0 },
      { clock },
    );
    back = clientOn(session.session, session.session.root, Steps);
    return { clock, session };
  }

  // r[verify rpc.x.deadline]
  for (const { name, options, sent } of [
    { name: "inherit the time left", options: {}, sent: 1_000n },
    { name: "cannot have more time", options: { timeoutMs: 5_000 }, sent: 1_000n },
    { name: "may have less time", options: { timeoutMs: 50 }, sent: 50n },
    { name: "inherit nothing if told so", options: { inherit: false }, sent: undefined },
    { name: "have their own time then", options: { inherit: false, timeoutMs: 5_000 }, sent: 5_000n },
  ]) {
    test(name, async () => {
      const { session } = await relaying((call) => ({ signal: call.signal, ...options }));
      await using _ = session;
      await session.peer.send(callOf(Steps, "relay", 1, { args: [9], metadata: timeout(1_000n) }));
      const call = await session.peer.expect("RequestCall");
      assert.equal(call.id, 2);
      assert.equal(call.metadata.get(KEY), sent);
      await session.peer.send(responseOf(2, [0, 9]));
      assert.equal(hex((await session.peer.expect("RequestResponse")).ret), "00 09");
    });
  }

  test("are given up when the call they serve expires", async () => {
    const { session, clock } = await relaying((call) => ({ signal: call.signal, inherit: false }));
    await using _ = session;
    await session.peer.send(callOf(Steps, "relay", 1, { args: [9], metadata: timeout(100n) }));
    await session.peer.expect("RequestCall");
    clock.advance(100);
    const tags = [await session.peer.expectAny(), await session.peer.expectAny()].map(({ tag }) => tag);
    assert.deepEqual(tags.sort(), ["RequestCancel", "RequestResponse"]);
  });

  test("without the signal nothing is inherited", async () => {
    const { session } = await relaying(() => ({}));
    await using _ = session;
    await session.peer.send(callOf(Steps, "relay", 1, { args: [9], metadata: timeout(1_000n) }));
    assert.equal((await session.peer.expect("RequestCall")).metadata.size, 0);
  });
});
