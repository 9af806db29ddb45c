import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { EndedIds } from "../../src/channel/ended-ids.ts";

suite("ids that are over", () => {
  // r[verify rpc.x.prebind]
  for (const { name, added, over, live } of [
    { name: "none at first", added: [], over: [], live: [1, 3, 1001] },
    { name: "in order", added: [1, 3, 5], over: [1, 3, 5], live: [7] },
    { name: "backwards", added: [5, 3, 1], over: [1, 3, 5], live: [7] },
    { name: "with gaps", added: [1, 9, 5], over: [1, 5, 9], live: [3, 7, 11] },
    { name: "a gap that closes", added: [1, 5, 3], over: [1, 3, 5], live: [7] },
    { name: "twice", added: [3, 3, 1, 3], over: [1, 3], live: [5] },
    { name: "beyond 2^53", added: [2n ** 60n + 1n], over: [2n ** 60n + 1n], live: [2n ** 60n + 3n, 1] },
  ]) {
    test(name, () => {
      const ended = new EndedIds();
      for (const id of added) ended.add(id);
      for (const id of over) assert(ended.has(id), `${id} is over`);
      for (const id of live) assert(!ended.has(id), `${id} is not`);
    });
  }

  test("as a set of them says", () => {
    const ids = fc.array(
      fc.integer({ min: 0, max: 60 }).map((half) => 2 * half + 1),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(ids, (added) => {
        const ended = new EndedIds();
        const model = new Set<number>();
        for (const id of added) {
          ended.add(id);
          model.add(id);
        }
        for (let id = 1; id < 130; id += 2) assert.equal(ended.has(id), model.has(id));
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test("memory stays bounded: gaps of long ago are taken for ended", () => {
    const ended = new EndedIds();
    for (let id = 1; id <= 1 + 8 * 5_000; id += 8) ended.add(id);
    assert(ended.has(5), "an old gap");
    assert(!ended.has(8 * 5_000 - 3), "a young gap");
    assert(ended.has(1) && ended.has(8 * 5_000 + 1));
    for (let id = 0n; id < 10_000n; id++) ended.add(2n ** 60n + id);
    assert(ended.has(2n ** 60n + 9_999n));
    assert(!ended.has(2n ** 60n));
  });
});
