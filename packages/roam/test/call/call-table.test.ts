import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { CallTable } from "../../src/call/call-table.ts";

const FIRST_SLOTS = 4;
const calls = (count: number, first = 1) =>
  Array.from({ length: count }, (_, index) => ({ id: first + 2 * index }));

suite("the calls in flight", () => {
  test("are found by their ids, and no others", () => {
    const table = new CallTable<{ id: number }>();
    const added = calls(100);
    for (const call of added) table.add(call);
    for (const call of added) assert.equal(table.get(call.id), call);
    for (const id of [0, 2, 201, 2 ** 60, 2n ** 60n, 1n]) assert.equal(table.get(id), undefined, `${id}`);
  });

  test("one that is not answered is found however many follow, and costs no room in the ring", () => {
    const table = new CallTable<{ id: number }>();
    const [old, ...others] = calls(10_000);
    assert(old !== undefined);
    table.add(old);
    for (const call of others) {
      table.add(call);
      table.remove(call);
    }
    assert.equal(table.get(old.id), old);
    assert.equal(table.size, 1);
    table.remove(old);
    assert.deepEqual([table.get(old.id), table.size], [undefined, 0]);
  });

  test("ids beyond 2^32 are told apart", () => {
    const table = new CallTable<{ id: number }>();
    const added = [...calls(FIRST_SLOTS / 2, 2 ** 33 + 1), ...calls(FIRST_SLOTS / 2, 2 ** 52 + 1)];
    for (const call of added) table.add(call);
    for (const call of added) assert.equal(table.get(call.id), call);
  });

  test("clear gives all of them in order, those that others overtook too", () => {
    const table = new CallTable<{ id: number }>();
    const added = calls(50);
    for (const call of added) {
      table.add(call);
      if (call.id % 3 === 0) table.remove(call);
    }
    assert.deepEqual(
      table.clear(),
      added.filter(({ id }) => id % 3 !== 0),
    );
    assert.equal(table.size, 0);
  });

  test("removing twice is removing once", () => {
    const table = new CallTable<{ id: number }>();
    const [one, two] = calls(2);
    assert(one !== undefined && two !== undefined);
    table.add(one);
    table.add(two);
    table.remove(one);
    table.remove(one);
    assert.equal(table.size, 1);
  });

  test("is what a map is, whatever is added and removed", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ kind: "add" } as const) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), at: fc.nat(1_000) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.constantFrom(1, 2), (steps, first) => {
        const table = new CallTable<{ id: number }>();
        const model = new Map<number, { id: number }>();
        let id = first;
        for (const taken of steps) {
          if (taken.kind === "add") {
            const call = { id };
            id += 2;
            table.add(call);
            model.set(call.id, call);
          } else {
            const call = [...model.values()][taken.at % Math.max(1, model.size)];
            if (call === undefined) continue;
            table.remove(call);
            model.delete(call.id);
          }
          assert.equal(table.size, model.size);
        }
        for (let each = 0; each < id; each++) assert.equal(table.get(each), model.get(each));
        assert.deepEqual(table.clear(), [...model.values()]);
      }),
    );
  });
});
