import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Case } from "../src/cases.ts";
import type { Contender } from "../src/contender.ts";
import { resultsOf } from "../src/measured.ts";
import { type Measurable, type Plan, runRounds } from "../src/rounds.ts";
import { median, rotated } from "../src/statistics.ts";

const PLAN: Plan = { rounds: 3, roundMs: 1, warmUpMs: 1, processWarmUpMs: 1, isFresh: true };

function contender(name: string, raw?: string): Contender {
  const unused = async () => assert.fail("not started here");
  return { name, raw, serve: unused, open: unused };
}

function testCase(name: string, credit?: 16): Case {
  const isPossible = () => true;
  return {
    name,
    title: name,
    unit: "calls",
    connections: 1,
    isPossible,
    run: async () => 0,
    ...(credit && { credit }),
  };
}

/** Pairs that write down what is done with them, and measure what they are told to. */
function recorder(rateOf: (name: string, test: string) => number | undefined) {
  const log: string[] = [];
  let started = 0;
  const start = async ({ name }: Contender): Promise<Measurable> => {
    const id = `${name}#${started++}`;
    log.push(`start ${id}`);
    return {
      async measure(test) {
        log.push(`${test} ${id}`);
        const perSecond = rateOf(name, test);
        return perSecond === undefined ? undefined : { perSecond, clientUs: 1e6 / perSecond, serverUs: 0 };
      },
      async [Symbol.asyncDispose]() {
        log.push(`end ${id}`);
      },
    };
  };
  return { log, start };
}

const noFailure = (_: Contender, error: unknown) => assert.fail(String(error));

suite("runRounds", () => {
  const [raw, ours] = [contender("raw"), contender("ours", "raw")];
  const one = testCase("one");
  const two = testCase("two");

  test("gives each round fresh pairs, which take turns case by case, one place on each round", async () => {
    const { log, start } = recorder(() => 10);
    const plan = { ...PLAN, rounds: 2 };
    await runRounds(
      new Map([
        [one, [raw, ours]],
        [two, [raw, ours]],
      ]),
      plan,
      start,
      noFailure,
    );
    assert.deepEqual(log, [
      ...["start raw#0", "start ours#1"],
      ...["one raw#0", "one ours#1", "two raw#0", "two ours#1"],
      ...["end raw#0", "end ours#1"],
      ...["start ours#2", "start raw#3"],
      ...["one ours#2", "one raw#3", "two ours#2", "two raw#3"],
      ...["end raw#3", "end ours#2"],
    ]);
  });

  test("keeps its pairs when asked to", async () => {
    const { log, start } = recorder(() => 10);
    await runRounds(new Map([[one, [raw]]]), { ...PLAN, isFresh: false }, start, noFailure);
    assert.deepEqual(log, ["start raw#0", "one raw#0", "one raw#0", "one raw#0", "end raw#0"]);
  });

  test("a contender that fails is out of its round, reported, and the others go on", async () => {
    const { log, start } = recorder((name, test) => {
      if (name === "ours" && test === "one") throw new Error("wrong answer");
      return 10;
    });
    const failures: string[] = [];
    const matrix = new Map([
      [one, [ours, raw]],
      [two, [ours, raw]],
    ]);
    const samples = await runRounds(matrix, { ...PLAN, rounds: 1 }, start, ({ name }) => failures.push(name));
    assert.deepEqual(failures, ["ours"]);
    assert.deepEqual(log.slice(2), ["one ours#0", "end ours#0", "one raw#1", "two raw#1", "end raw#1"]);
    const results = resultsOf(matrix, samples);
    assert.deepEqual(
      results.map(({ measured }) => measured.map((each) => each.contender)),
      [["raw"], ["raw"]],
    );
  });
});

suite("resultsOf", () => {
  const raw = contender("tcp-raw");
  const credit = contender("tcp-raw-credit");
  const ours = contender("tcp", "tcp-raw");

  test("compares each round with the same round of the raw lane, and of the one with credit", async () => {
    const test = testCase("down-16", 16);
    const matrix = new Map([[test, [raw, credit, ours]]]);
    const rates: Record<string, number[]> = {
      "tcp-raw": [10, 20, 40],
      "tcp-raw-credit": [2, 4, 8],
      tcp: [5, 5, 5],
    };
    const { start } = recorder((name) => rates[name]?.shift());
    const [result] = resultsOf(matrix, await runRounds(matrix, PLAN, start, noFailure));
    const [bare, , tcp] = result?.measured ?? [];
    assert.equal(bare?.ofRaw, undefined);
    assert.deepEqual(tcp?.ofRaw, [0.5, 0.25, 0.125]);
    assert.deepEqual(
      tcp?.ofRawCpu?.map((ratio) => ratio.toFixed(3)),
      ["0.500", "0.250", "0.125"],
    );
    assert.deepEqual(tcp?.ofRawCredit, [2.5, 1.25, 0.625]);
  });

  test("compares ours with the fastest of the others, and leaves out who cannot do it", async () => {
    const test = testCase("call");
    const matrix = new Map([[test, [ours, contender("slow"), contender("fast"), contender("unable")]]]);
    const rates: Record<string, number> = { tcp: 30, slow: 5, fast: 10 };
    const { start } = recorder((name) => rates[name]);
    const [result] = resultsOf(matrix, await runRounds(matrix, PLAN, start, noFailure));
    assert.equal(result?.bestPeer, "fast");
    assert.deepEqual(
      result?.measured.map(({ contender }) => contender),
      ["tcp", "slow", "fast"],
    );
    assert.deepEqual(result?.measured[0]?.ofBestPeer, [3, 3, 3]);
    assert.equal(result?.measured[1]?.ofBestPeer, undefined);
  });
});

suite("median", () => {
  for (const { values, expected } of [
    { values: [3], expected: 3 },
    { values: [9, 1, 2], expected: 2 },
    { values: [4, 1, 2, 100], expected: 3 },
  ]) {
    test(`of ${values.join(", ")} is ${expected}`, () => assert.equal(median(values), expected));
  }
});

suite("rotated", () => {
  for (const { by, expected } of [
    { by: 0, expected: "abc" },
    { by: 1, expected: "bca" },
    { by: 5, expected: "cab" },
  ]) {
    test(`by ${by} gives ${expected}`, () => assert.equal(rotated(["a", "b", "c"], by).join(""), expected));
  }
  test("of nothing is nothing", () => assert.deepEqual(rotated([], 3), []));
});
