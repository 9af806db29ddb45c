import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { VirtualClock } from "roam/testing";
import { RingAgain } from "../../src/shm/ring-again.ts";

suite("RingAgain", () => {
  // r[verify shm.bipbuf.backpressure]
  test("after traffic it rings at 5 ms, doubling to 100 ms, and ends after 2 s of silence", async () => {
    const clock = new VirtualClock();
    const rings: number[] = [];
    const again = new RingAgain(() => rings.push(clock.nowMs()), clock);
    const start = clock.nowMs();
    again.traffic();
    await clock.advance(60_000);
    const at = rings.map((ms) => ms - start);
    // The first ring finds the traffic that started it.
    assert.deepEqual(at.slice(0, 7), [5, 10, 20, 40, 80, 160, 260]);
    const last = at.at(-1) as number;
    assert(last > 2_000 && last < 2_200, `the last ring at ${last} ms`);
    again.end();
  });

  test("traffic begins it anew; the end stops it", async () => {
    const clock = new VirtualClock();
    let rings = 0;
    const again = new RingAgain(() => rings++, clock);
    again.traffic();
    await clock.advance(10_000);
    const before = rings;
    again.traffic();
    await clock.advance(5);
    assert.equal(rings, before + 1);
    again.end();
    await clock.advance(10_000);
    assert.equal(rings, before + 1);
  });
});
