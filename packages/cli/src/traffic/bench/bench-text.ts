import type { Paint } from "../../paint.ts";
import type { LoadResult } from "./bench-load.ts";
import type { Latencies } from "./latencies.ts";

export interface BenchFacts {
  readonly url: string;
  readonly method: string;
  readonly concurrency: number;
  /** Sessions. */
  readonly connections: number;
  /** Of one core, that this side used while measuring. */
  readonly cpuShare?: number;
}

const PERCENTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const;
/** Bars of the histogram for each doubling of time. */
const BARS = 2;
const BAR_WIDTH = 40;
/** Above this share of a core our side may be what limits the rate. */
const BUSY = 0.9;

/** The result for a person. */
export function benchText(facts: BenchFacts, result: LoadResult, paint: Paint): string {
  const { latencies, failures, items, tookMs } = result;
  const failed = [...failures.values()].reduce((sum, one) => sum + one, 0);
  const sessions = facts.connections === 1 ? "" : ` of ${facts.connections} sessions`;
  const lines = [
    `${paint.cyan(facts.method)}: ${whole(latencies.count)} calls in ${(tookMs / 1000).toFixed(2)} s, ${facts.concurrency} at a time${sessions}`,
    `  rate     ${paint.bold(`${whole(perSecond(latencies.count, tookMs))} calls/s`)}${items > 0 ? `, ${whole(perSecond(items, tookMs))} items/s` : ""}`,
  ];
  if (latencies.count > 0) {
    lines.push(
      `  latency  min ${timeText(latencies.minMs)}  mean ${timeText(latencies.meanMs)}  max ${timeText(latencies.maxMs)}`,
      `           ${PERCENTILES.map((share) => `${percentName(share)} ${timeText(latencies.percentile(share))}`).join("  ")}`,
      ...histogram(latencies, paint),
    );
  }
  if (failed > 0) {
    const codes = [...failures].map(([code, count]) => `${code} ${whole(count)}`);
    lines.push(paint.red(`  failed   ${whole(failed)}: ${codes.join(", ")}`));
  }
  if ((facts.cpuShare ?? 0) > BUSY)
    lines.push(
      paint.yellow(
        `  this side used ${Math.round((facts.cpuShare ?? 0) * 100)} % of a core: it may be the limit`,
      ),
    );
  return lines.join("\n");
}

function histogram(latencies: Latencies, paint: Paint): string[] {
  const bars = latencies.bars(BARS);
  const most = Math.max(...bars.map(({ calls }) => calls));
  return bars.map(({ upToMs, calls }) => {
    const length = calls === 0 ? 0 : Math.max(1, Math.round((calls / most) * BAR_WIDTH));
    return `  ${`≤ ${timeText(upToMs)}`.padStart(12)} ${paint.green("█".repeat(length).padEnd(BAR_WIDTH))} ${whole(calls)}`;
  });
}

/** The result for programs; times in milliseconds. */
export function benchJson(facts: BenchFacts, result: LoadResult): unknown {
  const { latencies, failures, items, tookMs } = result;
  return {
    url: facts.url,
    method: facts.method,
    concurrency: facts.concurrency,
    connections: facts.connections,
    seconds: rounded(tookMs / 1000),
    calls: latencies.count,
    calls_per_second: rounded(perSecond(latencies.count, tookMs)),
    items,
    failed: Object.fromEntries(failures),
    cpu_share: rounded(facts.cpuShare ?? 0),
    latency_ms: {
      min: rounded(latencies.minMs),
      mean: rounded(latencies.meanMs),
      ...Object.fromEntries(
        PERCENTILES.map((share) => [percentName(share), rounded(latencies.percentile(share))]),
      ),
      max: rounded(latencies.maxMs),
    },
    histogram: latencies.bars(BARS).map(({ upToMs, calls }) => ({ up_to_ms: rounded(upToMs), calls })),
  };
}

function perSecond(count: number, tookMs: number): number {
  return tookMs <= 0 ? 0 : (count / tookMs) * 1000;
}

/** `p50`, `p99.9` */
function percentName(share: number): string {
  return `p${Number((share * 100).toFixed(2))}`;
}

function timeText(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
}

function whole(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
