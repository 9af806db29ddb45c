import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { searchTrace } from "../src/search/search-trace.ts";
import { TraceStore } from "../src/store/trace-store.ts";

const LINES = [
  '{"roamTrace":1,"madeBy":"echo in the head","at":""}',
  '{"t":1,"session":1,"kind":"message","direction":"in","tag":"RequestCall","connection":0,"id":7,"metadata":[{"key":"Größe","value":"x"}],"method":"A.echo"}',
  '{"t":1,"session":1,"kind":"call-begin","side":"handler","connection":0,"id":7,"method":"A.echo"}',
  '{"t":2,"session":17,"kind":"call-begin","side":"handler","connection":0,"id":77,"method":"A.sum"}',
  '{"t":3,"session":1,"kind":"call-end","side":"handler","connection":0,"id":7,"method":"A.echo","outcome":"error","ms":2}',
];

async function find(query: string): Promise<readonly number[]> {
  const store = new TraceStore();
  store.add(new TextEncoder().encode(`${LINES.join("\n")}\n`));
  let numbers: readonly number[] = [];
  for await (const found of searchTrace(store, query)) numbers = found.numbers;
  return numbers;
}

suite("a search", () => {
  for (const [query, numbers] of [
    ["echo", [0, 1, 3]],
    ["ECHO", [0, 1, 3]],
    ["id:7", [0, 1, 3]],
    ["session:17", [2]],
    ["outcome:err", [3]],
    ["method:sum", [2]],
    ["key:größe", [0]],
    ["kind:call-", [1, 2, 3]],
    ["nothing of the kind", []],
    ["  ", []],
  ] as const) {
    test(`for ${JSON.stringify(query)}`, async () => assert.deepEqual(await find(query), numbers));
  }
});
