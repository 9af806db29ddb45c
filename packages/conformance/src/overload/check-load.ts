import type { Level } from "./level.ts";
import type { LoadResult } from "./run-load.ts";
import type { Load } from "./work.ts";

export interface Check {
  readonly isGood: boolean;
  readonly text: string;
}

/** Of the best goodput, that which must be left at four times the capacity. */
const MIN_GOODPUT = 0.8;
/** Latency above the bound for machines that do other things as well: times it, and more (ms). */
const SLACK = 1.5;
const SLACK_MS = 100;
const MAX_RSS_GROWTH_BYTES = 128 * 2 ** 20;

/** What a run shows, and whether that is as promised. */
export function checkLoad(
  load: Load,
  result: LoadResult,
): { readonly table: string; readonly checks: Check[] } {
  const { capacityPerSecond, levels, drain } = result;
  const table = [
    `${load.title} (${load.work.method} ${load.work.amount.toLocaleString("en")}), ${load.connections} connections; capacity ${show(capacityPerSecond)} calls/s`,
    row(
      "load",
      "offered/s",
      "goodput/s",
      "p50 ms",
      "p99 ms",
      "queue-full",
      "refused",
      "Ping p99",
      "CPU/call µs",
      "RSS MiB",
    ),
    ...levels.map(rowOf),
    `drain at 4x: ${drain.tookMs.toFixed(0)} ms; ${show(drain.level.handled)} done by the server, ${show(drain.level.answered)} answered at the clients; cancelled ${show(drain.level.failed("cancelled"))}, closed ${show(drain.level.failed("closed"))}`,
  ].join("\n");
  return { table, checks: [...checksOf(load, result), drainCheck(result)] };
}

function rowOf(level: Level): string {
  return row(
    `${level.factor}x`,
    show(level.offeredPerSecond),
    show(level.goodputPerSecond),
    level.latencyMs(0.5).toFixed(1),
    level.latencyMs(0.99).toFixed(1),
    show(level.failed("queue-full")),
    show(level.failed("cancelled")),
    level.pingMs(0.99).toFixed(1),
    level.cpuUsPerAnswer.toFixed(0),
    (level.peakRssBytes / 2 ** 20).toFixed(0),
  );
}

function checksOf(load: Load, { levels, startRssBytes }: LoadResult): Check[] {
  const peak = Math.max(...levels.map(({ goodputPerSecond }) => goodputPerSecond));
  const top = levels.at(-1) as Level;
  const share = top.goodputPerSecond / peak;
  const above = levels.filter(({ factor }) => factor > 1);
  const boundMs = (1000 * load.maxUnanswered) / top.goodputPerSecond;
  const limitMs = SLACK * boundMs + SLACK_MS;
  const slowestMs = Math.max(...above.map((level) => level.latencyMs(0.99)));
  const pingMs = Math.max(...above.map((level) => level.pingMs(0.99)));
  const lost = levels.reduce((sum, level) => sum + level.lost, 0);
  const others = levels.flatMap((level) => level.otherFailures("queue-full", "cancelled"));
  const refused = above.map((level) => level.failed("queue-full") + level.failed("cancelled"));
  const growthBytes = Math.max(...levels.map(({ peakRssBytes }) => peakRssBytes)) - startRssBytes;
  return [
    {
      isGood: share >= MIN_GOODPUT,
      text: `goodput at 4x is ${percent(share)} of the peak (at least ${percent(MIN_GOODPUT)})`,
    },
    {
      isGood: slowestMs <= limitMs,
      text: `p99 of answered calls ${slowestMs.toFixed(0)} ms; bounded by ${load.boundedBy}: ${load.maxUnanswered} calls at that goodput take ${boundMs.toFixed(0)} ms (checked against ${limitMs.toFixed(0)})`,
    },
    {
      isGood: pingMs <= limitMs,
      text: `Pings pass on all connections, p99 ${pingMs.toFixed(0)} ms (at most ${limitMs.toFixed(0)})`,
    },
    {
      isGood: lost === 0 && others.length === 0 && refused.every((count) => count > 0),
      text: `every call settled: answered, queue-full or cancelled (never settled ${lost}, otherwise ${others.join(", ") || "none"})`,
    },
    {
      isGood: growthBytes <= MAX_RSS_GROWTH_BYTES,
      text: `the server's RSS grew by ${(growthBytes / 2 ** 20).toFixed(0)} MiB (at most ${MAX_RSS_GROWTH_BYTES / 2 ** 20})`,
    },
  ];
}

function drainCheck({ drain: { level, tookMs } }: LoadResult): Check {
  const others = level.otherFailures("queue-full", "cancelled", "closed");
  return {
    isGood: level.handled === level.answered && level.lost === 0 && others.length === 0,
    text: `drained under load in ${tookMs.toFixed(0)} ms: what was done was answered (${show(level.handled)} and ${show(level.answered)}), everything else refused (never settled ${level.lost}, otherwise ${others.join(", ") || "none"})`,
  };
}

function row(...cells: readonly string[]): string {
  return cells.map((cell, index) => (index === 0 ? cell.padEnd(5) : cell.padStart(12))).join("");
}

function show(count: number): string {
  return count.toLocaleString("en", { maximumFractionDigits: 0 });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
