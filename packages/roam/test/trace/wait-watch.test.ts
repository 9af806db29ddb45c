import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type SeenWait, WaitWatch } from "../../src/trace/wait-watch.ts";

const channel = (id: number, cause: SeenWait["cause"], count = 1): SeenWait => ({
  connection: 0,
  what: "channel",
  id,
  cause,
  count,
});

suite("WaitWatch", () => {
  test("adds up what waits for the same in look after look, longest first", () => {
    const watch = new WaitWatch(1_000);
    watch.look([channel(1, "credit")], 0);
    watch.look([channel(1, "credit"), channel(3, "producer")], 100);
    const { waits } = watch.look([channel(3, "producer"), channel(1, "credit", 7)], 250);
    assert.deepEqual(waits, [
      { ...channel(1, "credit", 7), ms: 250 },
      { ...channel(3, "producer"), ms: 150 },
    ]);
  });

  test("another cause is another wait", () => {
    const watch = new WaitWatch(1_000);
    watch.look([channel(1, "credit")], 0);
    assert.deepEqual(watch.look([channel(1, "socket")], 500).waits, [{ ...channel(1, "socket"), ms: 0 }]);
  });

  test("a stall is told once when it is long enough, and once when it is over", () => {
    const watch = new WaitWatch(200);
    const told = [0, 100, 200, 300].map((nowMs) => watch.look([channel(1, "credit")], nowMs));
    assert.deepEqual(
      told.map(({ stalled }) => stalled.map(({ ms }) => ms)),
      [[], [], [200], []],
    );
    assert.deepEqual(watch.look([], 450).over, [{ ...channel(1, "credit"), ms: 450 }]);
    assert.deepEqual(watch.look([], 500).over, []);
  });

  test("what was short is not told to be over", () => {
    const watch = new WaitWatch(200);
    watch.look([channel(1, "credit")], 0);
    assert.deepEqual(watch.look([], 100), { waits: [], stalled: [], over: [] });
  });
});
