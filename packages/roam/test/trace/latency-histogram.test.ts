import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { LatencyHistogram } from "../../src/trace/latency-histogram.ts";

suite("LatencyHistogram", () => {
  test("has nothing to say before the first", () => {
    assert.equal(new LatencyHistogram().latency, undefined);
  });

  test("its quantiles are within 13 % of the true ones", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 100_000, noNaN: true }), { minLength: 1 }),
        (times) => {
          const histogram = new LatencyHistogram();
          for (const ms of times) histogram.add(ms);
          const sorted = [...times].sort((a, b) => a - b);
          const { count, max, ...quantiles } = histogram.latency ?? assert.fail();
          assert.deepEqual([count, max], [times.length, sorted.at(-1)]);
          for (const [share, told] of [
            [0.5, quantiles.p50],
            [0.9, quantiles.p90],
            [0.99, quantiles.p99],
          ] as const) {
            const true_ = sorted[Math.ceil(share * sorted.length) - 1] as number;
            assert.ok(Math.abs(told / true_ - 1) < 0.13, `${told} for ${true_}`);
          }
        },
      ),
    );
  });

  test("what is shorter than a microsecond or longer than two minutes counts as that", () => {
    const histogram = new LatencyHistogram();
    histogram.add(0);
    histogram.add(10 ** 9);
    const { p50, p99, max } = histogram.latency ?? assert.fail();
    assert.ok(p50 < 0.0011 && p99 > 120_000 && max === 10 ** 9);
  });
});
