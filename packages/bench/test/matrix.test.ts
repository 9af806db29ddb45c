import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { cases } from "../src/cases.ts";
import { lanes } from "../src/lanes.ts";
import { matrixOf } from "../src/matrix.ts";

function chosen(filter: string): Record<string, string[]> {
  const matrix = matrixOf(cases, lanes, new RegExp(filter));
  return Object.fromEntries([...matrix].map(([test, list]) => [test.name, list.map(({ name }) => name)]));
}

suite("matrixOf", () => {
  for (const { filter, expected } of [
    { filter: "call-64/tcp$", expected: { "call-64": ["tcp", "tcp-raw"] } },
    { filter: "call-64/ws", expected: { "call-64": ["ws", "ws-stable", "ws-raw"] } },
    { filter: "down-16/tcp-fixed", expected: { "down-16": ["tcp-fixed", "tcp-raw", "tcp-raw-credit"] } },
    { filter: "down-256/tcp-fixed", expected: { "down-256": ["tcp-fixed", "tcp-raw"] } },
    { filter: "call-1/tcp-(fixed|raw-credit)", expected: {} },
    { filter: "call-1/memory", expected: { "call-1": ["memory"] } },
  ]) {
    test(`${filter} takes ${JSON.stringify(expected)}`, () => assert.deepEqual(chosen(filter), expected));
  }
});

suite("the lists", () => {
  test("no two cases and no two lanes share a name, and every raw lane that is named is there", () => {
    for (const list of [cases, lanes]) {
      const names = list.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
    }
    for (const { raw } of lanes) assert.ok(raw === undefined || lanes.some(({ name }) => name === raw), raw);
  });
});
