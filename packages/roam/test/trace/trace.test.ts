import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Session } from "roam";
import { settled } from "roam/testing";
import { type SampleEvent, type StallEvent, type TraceEvent, trace } from "roam/trace";
import { storyOf, TracedDesks } from "./traced-desks.ts";

const of = <K extends TraceEvent["kind"]>(events: readonly TraceEvent[], kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

suite("a trace", () => {
  test("tells a call on both sides, from the handshake to the end", async () => {
    const desks = await TracedDesks.start();
    assert.equal(await desks.client.add({ a: 1, b: 300 }), 301);
    await desks.end();
    const there = { maxConcurrentRequests: { here: 64, there: 64 }, peer: "memory", conduit: "bare" };
    const call = { connection: 0, id: 1, method: "Desk.add" };
    assert.deepEqual(storyOf(desks.events.client), [
      ["session", { role: "initiator", isJoined: false, ...there }],
      ["link", { state: "connected" }],
      ["message", { direction: "out", tag: "RequestCall", bytes: 3, ...call }],
      ["call-begin", { side: "caller", ...call }],
      ["message", { direction: "in", tag: "RequestResponse", connection: 0, id: 1, bytes: 3 }],
      ["call-end", { side: "caller", ...call, outcome: "ok" }],
      ["link", { state: "closed" }],
      ["end", {}],
    ]);
    assert.deepEqual(storyOf(desks.events.server), [
      ["session", { role: "acceptor", isJoined: false, service: "Desk", ...there }],
      ["link", { state: "connected" }],
      ["message", { direction: "in", tag: "RequestCall", bytes: 3, ...call }],
      ["call-begin", { side: "handler", ...call }],
      ["message", { direction: "out", tag: "RequestResponse", connection: 0, id: 1, bytes: 3 }],
      ["call-end", { side: "handler", ...call, outcome: "ok" }],
      ["link", { state: "closed" }],
      ["end", {}],
    ]);
  });

  test("tells how calls end that do not end well, and what only the owner learns", async () => {
    const desks = await TracedDesks.start();
    const { client, events } = desks;
    await assert.rejects(client.lookup({ id: 0 }), { code: "user" });
    await assert.rejects(client.broken(), { code: "cancelled" });
    const stop = new AbortController();
    const given = client.wait({}, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    const left = client.wait();
    await settled();
    await Promise.all([assert.rejects(left, { code: "closed" }), desks.end()]);
    const outcomes = (side: "client" | "server") =>
      of(events[side], "call-end").map(({ method, outcome }) => [method, outcome]);
    assert.deepEqual(outcomes("client"), [
      ["Desk.lookup", "error"],
      ["Desk.broken", "cancelled"],
      ["Desk.wait", "cancelled"],
      ["Desk.wait", "lost"],
    ]);
    assert.deepEqual(outcomes("server"), outcomes("client"));
    assert.deepEqual(
      of(events.server, "error").map(({ t: _, session: __, ...rest }) => rest),
      [{ kind: "error", code: "handler", reason: "out of order", method: "Desk.broken" }],
    );
    assert.deepEqual(of(events.client, "error"), []);
  });

  // r[verify rpc.metadata.flags.sensitive]
  test("keeps what is SENSITIVE, and tells payloads only if it is asked to", async () => {
    const secret = { token: { value: "hunter2", sensitive: true }, tenant: "acme" };
    for (const payloadBytes of [0, 64]) {
      const desks = await TracedDesks.start({ payloadBytes });
      await desks.client.add({ a: 7, b: 8 }, { metadata: secret });
      await desks.end();
      for (const events of Object.values(desks.events)) {
        assert.doesNotMatch(JSON.stringify(events), /hunter2|aHVudGVyMg/);
        const [call, answer] = of(events, "message");
        assert.deepEqual(call?.metadata, [
          { key: "token", isRedacted: true },
          { key: "tenant", value: "acme" },
        ]);
        const seen = payloadBytes === 0 ? [undefined, undefined] : ["Bwg=", "AA8="];
        assert.deepEqual([call?.payload, answer?.payload], seen);
      }
    }
  });

  test("follows items, credit and the end of channels both ways", async () => {
    const desks = await TracedDesks.start();
    const count = desks.client.count({ upTo: 3 });
    const seen: number[] = [];
    for await (const value of count.out) seen.push(value);
    await count;
    const sum = desks.client.sum();
    await sum.numbers.send(5);
    await sum.numbers.close();
    assert.equal(await sum, 5);
    await desks.end();
    const items = of(desks.events.server, "message").filter(({ tag }) => tag.startsWith("Channel"));
    const told = items.map(({ direction, tag, id, bytes, credit }) => [direction, tag, id, bytes, credit]);
    const none = undefined;
    assert.deepEqual(
      told.filter(([, , id]) => id === 1),
      [
        ["out", "ChannelItem", 1, 1, 1],
        ["out", "ChannelItem", 1, 1, 0],
        ["in", "ChannelGrantCredit", 1, none, none],
        ["out", "ChannelItem", 1, 1, 0],
        ["in", "ChannelGrantCredit", 1, none, none],
        ["in", "ChannelGrantCredit", 1, none, none],
        ["out", "ChannelClose", 1, none, none],
      ],
    );
    assert.deepEqual(
      told.filter(([, , id]) => id === 3),
      [
        ["in", "ChannelItem", 3, 1, none],
        ["in", "ChannelClose", 3, none, none],
      ],
    );
    const [begin] = of(desks.events.client, "call-begin");
    assert.deepEqual([begin?.method, begin?.channels], ["Desk.count", [1]]);
  });

  test("of a share of the calls tells those whole, and nothing of the others", async () => {
    const desks = await TracedDesks.start({ sample: 0.25 });
    for (let index = 0; index < 8; index++) {
      const count = desks.client.count({ upTo: 2 });
      for await (const _ of count.out);
      await count;
    }
    await desks.end();
    const { client } = desks.events;
    assert.deepEqual(
      of(client, "call-begin").map(({ id, channels }) => [id, channels]),
      [
        [7, [7]],
        [15, [15]],
      ],
    );
    assert.deepEqual(
      of(client, "call-end").map(({ id, outcome }) => [id, outcome]),
      [
        [7, "ok"],
        [15, "ok"],
      ],
    );
    const items = of(client, "message").filter(({ tag }) => tag === "ChannelItem");
    assert.deepEqual(
      items.map(({ id }) => id),
      [7, 7, 15, 15],
    );
  });

  test("on a stable conduit tells numbers, the lost link and the next one", async () => {
    const desks = await TracedDesks.start({}, { connect: { conduit: "stable" } });
    await desks.client.add({ a: 1, b: 1 });
    desks.links[0]?.destroy();
    await settled();
    const answer = desks.client.add({ a: 2, b: 2 });
    await Promise.all([desks.clock.pass(1_000), answer]);
    await desks.end();
    const links = of(desks.events.client, "link").map(({ state, replayed }) => [state, replayed]);
    const none = undefined;
    assert.deepEqual(links, [
      ["connected", none],
      ["detached", none],
      ["resumed", 0],
      ["closed", none],
    ]);
    const frames = of(desks.events.client, "message").map(({ direction, tag, seq }) => [direction, tag, seq]);
    // The handshake of the session took one number each way.
    assert.deepEqual(frames.slice(0, 4), [
      ["out", "RequestCall", 1],
      ["in", "RequestResponse", 1],
      ["out", "RequestCall", 2],
      ["in", "RequestResponse", 2],
    ]);
    assert.equal(of(desks.events.client, "session")[0]?.conduit, "stable");
  });

  test("names who a channel waits for, while it lasts and when it is over", async () => {
    const desks = await TracedDesks.start({ sampleMs: 100, stallMs: 300 });
    const { client, clock, events } = desks;
    const count = client.count({ upTo: 5 });
    await settled();
    await clock.pass(500);
    const channel = { connection: 0, what: "channel", id: 1, method: "Desk.count" };
    const stalls = (side: "client" | "server") =>
      of(events[side], "stall").map(({ t: _, session: __, kind: ___, ...rest }) => rest);
    assert.deepEqual(stalls("server"), [{ ...channel, cause: "credit", count: 1, ms: 300, isOver: false }]);
    assert.deepEqual(stalls("client"), [{ ...channel, cause: "consumer", count: 2, ms: 300, isOver: false }]);
    const { waits, channels } = of(events.server, "sample").at(-1) as SampleEvent;
    assert.deepEqual(waits, [{ ...channel, cause: "credit", count: 1, ms: 400 }]);
    assert.deepEqual(channels, [
      { connection: 0, id: 1, direction: "out", items: 2, credit: 0, waiting: 1, waitingBytes: 0 },
    ]);
    for await (const _ of count.out);
    await count;
    await clock.pass(100);
    assert.deepEqual(
      stalls("server").map(({ isOver, ms }) => [isOver, ms]),
      [
        [false, 300],
        [true, 500],
      ],
    );
    await desks.end();
    assert.equal(clock.pending, 0, "no timer is left");
  });

  test("names a handler that does not settle, and calls that wait for the others' answers", async () => {
    const desks = await TracedDesks.start(
      { sampleMs: 100, stallMs: 200 },
      { serve: { limits: { maxConcurrentRequests: 1 } } },
    );
    const { client, clock, events } = desks;
    const first = client.wait();
    const second = client.add({ a: 1, b: 2 });
    await settled();
    await clock.pass(400);
    const causes = (side: "client" | "server") =>
      of(events[side], "stall").map(({ cause, what, id, method }: StallEvent) => [cause, what, id, method]);
    assert.deepEqual(causes("client"), [
      ["in-flight-limit", "call", undefined, undefined],
      ["answer", "call", 1, "Desk.wait"],
    ]);
    assert.deepEqual(causes("server"), [["handler", "call", 1, "Desk.wait"]]);
    desks.answer(4);
    assert.deepEqual(await Promise.all([first, second]), [4, 3]);
    await desks.end();
  });

  test("tells a limit that was reached, once for a burst", async () => {
    const desks = await TracedDesks.start(
      {},
      {
        serve: { limits: { maxConcurrentRequests: 1 } },
        connect: { limits: { maxQueuedCalls: 1 } },
      },
    );
    const calls = Array.from({ length: 5 }, () => desks.client.wait().catch(({ code }) => code));
    await settled();
    assert.deepEqual(
      of(desks.events.client, "limit").map(({ limit, connection }) => [limit, connection]),
      [["maxQueuedCalls", 0]],
    );
    await desks.end();
    assert.deepEqual((await Promise.all(calls)).sort(), [
      "closed",
      "closed",
      "queue-full",
      "queue-full",
      "queue-full",
    ]);
  });

  test("joins a session that is there, beside another trace, and lets go of it", async () => {
    const desks = await TracedDesks.start();
    const { client } = desks;
    const joined: TraceEvent[] = [];
    const second = trace({ sampleMs: 0, onEvent: (event) => joined.push(event) });
    second.attach(client.$.session);
    second.attach(client.$.session);
    await client.add({ a: 1, b: 1 });
    assert.equal(second.sessionOf(1), client.$.session);
    second.stop();
    await client.add({ a: 1, b: 1 });
    await desks.end();
    assert.equal(of(joined, "session")[0]?.isJoined, true);
    assert.deepEqual(
      [joined, desks.events.client].map((events) => of(events, "call-end").length),
      [1, 2],
    );
    assert.equal(client.$.session.tap.current, undefined);
  });

  test("an onEvent that throws ends the trace, not the session", async () => {
    const errors: unknown[] = [];
    const failing = trace({
      onEvent: ({ kind }) => {
        if (kind === "call-begin") throw new Error("full");
      },
      onError: (error) => errors.push(error),
    });
    const desks = await TracedDesks.start({}, { connect: { trace: failing } });
    assert.equal(await desks.client.add({ a: 1, b: 1 }), 2);
    assert.equal(await desks.client.add({ a: 1, b: 1 }), 2);
    assert.equal((desks.client.$.session as Session).tap.current, undefined);
    await desks.end();
    assert.deepEqual(errors.map(String), ["Error: full"]);
    assert.equal(desks.clock.pending, 0);
  });

  for (const [name, value] of [
    ["sample", 1.5],
    ["sample", Number.NaN],
    ["sampleMs", -1],
    ["payloadBytes", Number.NaN],
  ] as const) {
    test(`${name}: ${value} is refused`, () => {
      assert.throws(() => trace({ onEvent() {}, [name]: value }), RangeError);
    });
  }
});
