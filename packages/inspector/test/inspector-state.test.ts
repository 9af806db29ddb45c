import assert from "node:assert/strict";
import { after, afterEach, suite, test } from "node:test";
import { madeTrace } from "../../conformance/src/inspector/made-trace.ts";
import { TraceStore } from "../src/store/trace-store.ts";
import { InspectorState } from "../src/view/inspector-state.ts";
import { eventAt, heightOfAll, laneOf, neighbour, rowAt, TimeScale } from "../src/view/timeline-geometry.ts";

// Frames come when the test wants them.
let waiting: (() => void)[] = [];
const globals = globalThis as { requestAnimationFrame?: unknown; cancelAnimationFrame?: unknown };
globals.requestAnimationFrame = (draw: () => void) => waiting.push(draw);
globals.cancelAnimationFrame = () => {};
function frame(): void {
  for (const draw of waiting.splice(0)) draw();
}
afterEach(() => {
  waiting = [];
});
after(() => {
  delete globals.requestAnimationFrame;
  delete globals.cancelAnimationFrame;
});

function storeOf(events = 20_000, sessions = 2): TraceStore {
  const store = new TraceStore();
  for (const text of madeTrace({ events, sessions, seed: 4 })) store.add(new TextEncoder().encode(text));
  return store;
}

suite("what is looked at", () => {
  test("is all of a file, until somebody says otherwise, and never what is not there", () => {
    const state = new InspectorState(storeOf(), false);
    state.become({ kind: "over" });
    const { firstMs, lastMs } = state.store;
    assert.deepEqual([state.fromMs, state.toMs], [firstMs, lastMs]);
    state.zoom(0.1, firstMs);
    assert(Math.abs(state.spanMs - (lastMs - firstMs) / 10) < 1e-6);
    state.pan(-5);
    assert.equal(state.fromMs, firstMs);
    state.show(lastMs - 1, lastMs + 500);
    assert.equal(state.toMs, lastMs);
    state.zoom(1e-12);
    assert(state.spanMs > 0);
    state.zoom(1e12);
    assert.deepEqual([state.fromMs, state.toMs], [firstMs, lastMs]);
  });

  test("follows what is new in a live trace, and stays when somebody looks back", () => {
    const store = new TraceStore();
    const state = new InspectorState(store, true);
    const add = (t: number) => {
      store.add(new TextEncoder().encode(`{"t":${t},"session":1,"kind":"permit-wait","ms":1}\n`));
      state.grew();
    };
    add(0);
    add(100_000);
    assert.deepEqual([state.fromMs, state.toMs], [70_000, 100_000]);
    state.pan(-1);
    add(200_000);
    assert.deepEqual([state.fromMs, state.toMs, state.isFollowing], [40_000, 70_000, false]);
    state.follow(true);
    assert.deepEqual([state.fromMs, state.toMs], [170_000, 200_000]);
  });

  test("is drawn once a frame, and told less often", () => {
    const state = new InspectorState(storeOf(100), false);
    let [drawn, told] = [0, 0];
    state.onFrame(() => drawn++);
    state.onChange(() => told++);
    for (let i = 0; i < 5; i++) state.redraw();
    frame();
    assert.deepEqual([drawn, told], [1, 1]);
    state.redraw();
    frame();
    state.redraw();
    frame();
    assert.deepEqual([drawn, told], [3, 1]);
    // What was held back is told in the end; what is chosen at once.
    state.select(3);
    frame();
    assert.deepEqual([drawn, told], [4, 2]);
    state.stop();
  });

  test("has rows for sessions, methods and channels, and those under what is chosen", () => {
    const state = new InspectorState(storeOf(), false);
    const kinds = (scope: string) => {
      state.choose(scope);
      return new Set(state.shownRows.map(({ session, kind }) => `${session.number} ${kind}`));
    };
    assert(kinds("").has("2 calls"));
    assert.deepEqual(
      [...kinds("s1/0")].every((one) => one.startsWith("1 ")),
      true,
    );
    const count = state.rows.length;
    state.turn("s1");
    assert(state.rows.length < count);
    state.turn("s1");
    assert.equal(state.rows.length, count);
  });
});

suite("the timeline's places", () => {
  const state = new InspectorState(storeOf(), false);
  state.become({ kind: "over" });
  const rows = state.shownRows;
  const row = rows.find(({ kind }) => kind === "calls");
  assert(row?.kind === "calls");

  test("lead to rows", () => {
    assert.equal(rowAt(rows, 0)?.row, rows[0]);
    const top = heightOfAll(rows.slice(0, rows.indexOf(row)));
    assert.deepEqual(rowAt(rows, top + 3), { row, top });
    assert.equal(rowAt(rows, heightOfAll(rows) + 1), undefined);
  });

  test("lead to the call that is there", () => {
    const index = Math.floor(row.track.count / 2);
    const { beginMs, endMs, id, number } = row.track.call(index);
    const scale = new TimeScale({ fromMs: beginMs - 1, toMs: endMs + 1 }, 600);
    const y = 4 + laneOf(id) * 6 + 2;
    const found = eventAt(row, scale, scale.x((beginMs + endMs) / 2), y);
    const other = row.track.numbers.values.indexOf(found);
    // Another call of that lane may lie over it; what is found was under way there.
    const seen = row.track.call(other);
    assert(
      found === number || (seen.beginMs <= endMs && seen.endMs >= beginMs && laneOf(seen.id) === laneOf(id)),
    );
    assert.equal(eventAt({ ...row, kind: "channels" } as never, scale, 1, 1), -1);
  });

  test("lead from one call to the next and back", () => {
    const { numbers } = row.track;
    assert.equal(neighbour(row, numbers.at(5), true), numbers.at(6));
    assert.equal(neighbour(row, numbers.at(5), false), numbers.at(4));
    assert.equal(neighbour(row, numbers.at(5) + 1, false), numbers.at(5));
    assert.equal(neighbour(row, numbers.last, true), -1);
    assert.equal(neighbour(row, numbers.at(0), false), -1);
  });
});
