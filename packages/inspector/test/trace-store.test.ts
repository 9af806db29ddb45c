import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TraceEvent } from "roam/trace";
import { madeTrace } from "../../conformance/src/inspector/made-trace.ts";
import { KINDS } from "../src/store/event-kind.ts";
import { pump } from "../src/store/pump.ts";
import { TraceStore, type TraceStoreOptions } from "../src/store/trace-store.ts";

const encoder = new TextEncoder();
const text = [...madeTrace({ events: 30_000, sessions: 3, seed: 7 })].join("");
const events = text
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => JSON.parse(line) as TraceEvent);

function storeOf(source: string, step = source.length, options: TraceStoreOptions = {}): TraceStore {
  const store = new TraceStore(options);
  const bytes = encoder.encode(source);
  for (let at = 0; at < bytes.length; at += step) store.add(bytes.subarray(at, at + step));
  store.finish();
  return store;
}

suite("the trace store", () => {
  test("has every event, however the text was cut", () => {
    for (const step of [7, 1_000, 65_536, text.length]) {
      const store = storeOf(text, step);
      assert.equal(store.count, events.length);
      assert.equal(store.head?.madeBy, "made-trace 7");
      for (const number of [0, 1, 15_000, events.length - 1])
        assert.deepEqual(store.event(number), events[number]);
    }
  });

  test("finds events by their times and by their places", () => {
    const store = storeOf(text);
    const middle = events[15_000] as TraceEvent;
    assert.equal(
      store.numberAt(middle.t),
      events.findIndex(({ t }) => t >= middle.t),
    );
    assert.equal(KINDS[store.kindOf(15_000)], middle.kind);
    const segment = store.segments.of(15_000);
    assert(segment);
    for (const within of [0, 3])
      assert.equal(store.numberIn(segment, store.offsetOf(15_000) + within), 15_000);
  });

  test("counts calls by method and outcome as the events do", () => {
    const store = storeOf(text);
    const ends = events.filter((event) => event.kind === "call-end" && event.session === 2);
    const tracks = [...(store.sessions.get(2)?.connections.get(0)?.calls.values() ?? [])];
    assert.equal(
      tracks.reduce((sum, { count }) => sum + count, 0),
      ends.length,
    );
    const echo = tracks.find(({ method }) => method === "Testbed.echo");
    assert(echo);
    const own = ends.filter((event) => event.kind === "call-end" && event.method === "Testbed.echo");
    const isTrouble = (event: TraceEvent) =>
      event.kind === "call-end" && event.outcome !== "ok" && event.outcome !== "cancelled";
    assert.equal(echo.troubled, own.filter(isTrouble).length);
    for (const [from, to] of [
      [0, 10],
      [5, 200],
      [3, 3],
      [100, own.length],
    ] as const) {
      assert.equal(echo.troubledBetween(from, to), own.slice(from, to).filter(isTrouble).length);
    }
  });

  test("finds every call that was under way for long, and no other", () => {
    const [track] = storeOf(text).sessions.get(1)?.connections.get(0)?.calls.values() ?? [];
    assert(track);
    const [fromMs, toMs] = [200, 900];
    const all = Array.from({ length: track.count }, (_, index) => track.call(index));
    for (const leastMs of [0, 5, 300]) {
      const wanted = all.flatMap(({ beginMs, endMs }, index) =>
        endMs >= fromMs && beginMs <= toMs && endMs - beginMs >= leastMs - 1e-9 ? [index] : [],
      );
      assert.deepEqual([...track.longCalls(fromMs, toMs, leastMs, 1e9)], wanted);
    }
  });

  test("pairs stalls, and knows those that are not over", () => {
    const stall = (t: number, isOver: boolean) =>
      JSON.stringify({
        t,
        session: 1,
        kind: "stall",
        connection: 0,
        what: "channel",
        id: 3,
        cause: "credit",
        ms: 1_000,
        count: 1,
        isOver,
      });
    const [first, second] =
      storeOf(`${stall(2_000, false)}\n${stall(3_000, true)}\n${stall(9_000, false)}\n`).sessions.get(1)
        ?.stalls ?? [];
    assert.deepEqual([first?.beginMs, first?.endMs], [1_000, 3_000]);
    assert.deepEqual([second?.beginMs, second?.endMs], [8_000, undefined]);
  });

  test("forgets the oldest where it is bounded, and keeps its numbers", () => {
    const long = [...madeTrace({ events: 120_000, seed: 7 })].join("");
    const store = storeOf(long, 100_000, { maxEvents: 50_000 });
    assert(store.first > 0 && store.count <= 60_000, `${store.first} ${store.count}`);
    assert.equal(store.next, 120_000);
    const lines = long.trim().split("\n");
    for (const number of [store.first, store.first + 10_000, store.next - 1])
      assert.equal(store.lineOf(number), lines[number + 1]);
    assert.equal(store.event(store.first - 1), undefined);
    assert.equal(store.timeOf(store.first), store.firstMs);
    const ends = lines.slice(store.first + 1).filter((line) => line.includes('"call-end"'));
    assert.equal(store.activity.calls.length, ends.length);
    const tracks = [...store.sessions.values()].flatMap((one) => [
      ...(one.connections.get(0)?.calls.values() ?? []),
    ]);
    assert.equal(
      tracks.reduce((sum, { count }) => sum + count, 0),
      ends.length,
    );
  });

  test("forgets sessions that ended before what it keeps", () => {
    const store = new TraceStore({ maxEvents: 50_000 });
    const add = (line: object) => store.add(encoder.encode(`${JSON.stringify(line)}\n`));
    add({ t: 0, session: 1, kind: "end" });
    add({ t: 0, session: 2, kind: "round-trip", ms: 1 });
    const filler = "x".repeat(100);
    for (let t = 1; t <= 100_000; t++) add({ t, session: 3, kind: "permit-wait", ms: 1, filler });
    assert.deepEqual([...store.sessions.keys()], [2, 3]);
    assert.equal(store.count, store.next - store.first);
  });

  test("counts lines that make no sense, and leaves out a last one that was cut", () => {
    const line = '{"t":1,"session":1,"kind":"permit-wait","ms":1}';
    const store = storeOf(`${line}\nnonsense\n{"t":2}\n\n${line}\n${line.slice(0, 20)}`);
    assert.deepEqual([store.count, store.unreadable], [2, 2]);
    assert.equal(storeOf(`${line}\n${line}`).count, 2);
  });
});

test("a source is read in slices: others have their turns meanwhile", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const store = new TraceStore();
  const chunks = [...madeTrace({ events: 200_000, seed: 2 })];
  async function* source() {
    yield* chunks;
  }
  await pump(source(), store, () => {});
  clearInterval(timer);
  assert.equal(store.count, 200_000);
  assert(turns > 3, `${turns} turns`);
});
