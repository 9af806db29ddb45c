import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { better, guardTable, type Ratios, verdictsOf } from "../src/guard.ts";

suite("verdictsOf", () => {
  for (const { name, committed, now, hasFallen } of [
    { name: "the same", committed: 0.5, now: 0.5, hasFallen: false },
    { name: "a fall of a fifth", committed: 0.5, now: 0.4, hasFallen: false },
    { name: "a fall of more", committed: 0.5, now: 0.39, hasFallen: true },
    { name: "a rise", committed: 0.5, now: 0.9, hasFallen: false },
    { name: "a figure that could not be measured", committed: 0.5, now: undefined, hasFallen: true },
    { name: "a new figure", committed: undefined, now: 0.1, hasFallen: false },
  ]) {
    test(`${name} has ${hasFallen ? "" : "not "}fallen`, () => {
      const row = "call-64/tcp";
      const of = (value: number | undefined): Ratios => (value === undefined ? {} : { [row]: value });
      assert.deepEqual(verdictsOf(of(committed), of(now)), [{ name: row, committed, now, hasFallen }]);
    });
  }
});

suite("better", () => {
  test("takes the larger of each, and what only one has", () => {
    assert.deepEqual(better({ a: 1, b: 2 }, { b: 1, c: 3 }), { a: 1, b: 2, c: 3 });
  });
});

suite("guardTable", () => {
  test("marks what has fallen", () => {
    const table = guardTable(verdictsOf({ "call-1/tcp": 0.9, "call-64/tcp": 0.5 }, { "call-1/tcp": 0.9 }));
    assert.deepEqual(table.split("\n").slice(1), [
      "call-1/tcp       0.90      0.90",
      "call-64/tcp      0.50         -  FALLEN",
    ]);
  });
});
