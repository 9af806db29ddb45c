import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SeededRandom } from "roam/testing";
import { Campaign } from "../../src/fuzz/campaign.ts";
import { Counters } from "../../src/fuzz/counters.ts";
import { Broken, type FuzzTarget } from "../../src/fuzz/fuzz-target.ts";
import { toHex } from "../../src/hex.ts";

/** A decoder with a fault behind four right bytes, which luck alone does not find in a million inputs. */
function guarded(counters: Counters, log: string[] = []): FuzzTarget {
  const hits = counters.register("guarded.ts", 5, 4);
  const steps = (input: Uint8Array) => {
    hits[4] = (hits[4] as number) + 1;
    for (let at = 0; at < 4; at++) {
      if (input[at] !== 0x40 + at) return;
      hits[at] = (hits[at] as number) + 1;
    }
    if (input.length > 6) throw new Broken("behind all guards");
  };
  return {
    run: (input) => {
      log.push(toHex(input));
      steps(input);
    },
    measure: () => {},
    seeds: () => [],
    maxBytes: 32,
    dictionary: [Uint8Array.of(1)],
  };
}

async function campaign(seed: number, executions: number, log: string[] = []): Promise<Campaign> {
  const counters = new Counters();
  const target = guarded(counters, log);
  const run = new Campaign(target, counters, { random: new SeededRandom(seed), onBegin: () => {} });
  await run.take([]);
  await run.run({ executions, ms: Number.POSITIVE_INFINITY });
  return run;
}

suite("a campaign", () => {
  test("finds what stands behind several guards, and makes the input small", async () => {
    const { findings, executions } = (await campaign(1, 60_000)).result;
    assert.equal(findings.length, 1);
    const [finding] = findings;
    assert.equal(finding?.kind, "crash");
    assert.match(finding?.message ?? "", /behind all guards/);
    assert.equal(finding?.input.length, 7);
    assert.equal(toHex(finding.input.subarray(0, 4)), "40414243");
    assert.ok(executions <= 60_001);
  });

  test("is decided by its seed", async () => {
    const logs: string[][] = [[], [], []];
    await campaign(7, 500, logs[0]);
    await campaign(7, 500, logs[1]);
    await campaign(8, 500, logs[2]);
    assert.deepEqual(logs[0], logs[1]);
    assert.notDeepEqual(logs[0], logs[2]);
  });

  test("keeps few inputs that go as far as all", async () => {
    const run = await campaign(3, 20_000);
    const small = await run.smallCorpus();
    assert.ok(small.length >= 3 && small.length < 12, `${small.length} inputs`);
    assert.ok(small.some((input) => toHex(input).startsWith("404142")));
  });

  test("takes memory and time for findings", async () => {
    const counters = new Counters();
    const kept: unknown[] = [];
    const target: FuzzTarget = {
      ...guarded(counters),
      run: () => void kept.push(new Array(2 ** 20).fill(0)),
      measure: () => void kept.push(new Array(2 ** 20).fill(0)),
    };
    const run = new Campaign(target, counters, { random: new SeededRandom(1), onBegin: () => {} });
    await run.take([new Uint8Array(4)]);
    const [finding] = run.result.findings;
    assert.match(finding?.message ?? "", /takes \d+ bytes of memory/);
  });
});

suite("counters", () => {
  test("learn places, and counts by powers of two", () => {
    const counters = new Counters();
    const hits = counters.register("a.ts", 3, 2);
    const pass = (...counts: readonly number[]) => {
      counters.clear();
      hits.set(counts);
      return counters.learn();
    };
    assert.deepEqual(
      [
        pass(0, 0, 1),
        pass(0, 0, 1),
        pass(0, 0, 2),
        pass(0, 0, 3),
        pass(0, 0, 4),
        pass(1, 0, 1),
        pass(1, 0, 4),
      ],
      [true, false, true, false, true, true, false],
    );
    assert.deepEqual(counters.coverage(), [{ file: "a.ts", branches: 2, covered: 1 }]);
  });
});
