import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { EndedIds } from "../../src/channel/ended-ids.ts";

/** Numbers below `below`, the same each time. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

suite("EndedIds", () => {
  for (const { name, ids } of [
    { name: "in order", ids: [1, 3, 5, 7] },
    { name: "backwards", ids: [7, 5, 3, 1] },
    { name: "with the gap filled last", ids: [1, 3, 7, 9, 5] },
    { name: "twice", ids: [1, 3, 3, 1, 5, 7] },
    { name: "none", ids: [] },
  ]) {
    test(`knows what ended: ${name}`, () => {
      const ended = new EndedIds();
      for (const id of ids) ended.add(id);
      for (let id = 1; id < 20; id += 2) assert.equal(ended.has(id), ids.includes(id), `id ${id}`);
    });
  }

  for (const seed of [1, 2, 3, 4]) {
    test(`agrees with a set over random ids of one parity, seed ${seed}`, () => {
      const next = random(seed);
      const ended = new EndedIds();
      const model = new Set<number>();
      for (let step = 0; step < 2_000; step++) {
        const id = 2 * next(600) + 2;
        ended.add(id);
        model.add(id);
        const asked = 2 * next(600) + 2;
        assert.equal(ended.has(asked), model.has(asked), `step ${step}, id ${asked}`);
      }
      for (let id = 2; id < 1_210; id += 2) assert.equal(ended.has(id), model.has(id), `id ${id}`);
    });
  }

  test("a bound on gaps takes the oldest skipped ids for ended, never the youngest", () => {
    const ended = new EndedIds();
    for (let index = 0; index < 5_000; index++) ended.add(1 + index * 4);
    assert.equal(ended.has(3), true, "skipped long ago");
    assert.equal(ended.has(4_999 * 4 - 1), false, "skipped lately");
    assert.equal(ended.has(1 + 4_999 * 4), true);
  });

  test("ids from 2^53 on are kept one by one, the youngest of them", () => {
    const ended = new EndedIds();
    const first = 2n ** 60n;
    for (let index = 0n; index < 5_000n; index++) ended.add(first + 2n * index);
    assert.equal(ended.has(first + 9_998n), true);
    assert.equal(ended.has(first + 10_000n), false);
    assert.equal(ended.has(first), false, "forgotten");
  });
});
