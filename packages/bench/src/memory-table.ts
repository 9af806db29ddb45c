import type { Usage } from "./memory-child.ts";
import type { Allocated, BothSides, IdlePlan, Side } from "./memory-measures.ts";
import { median } from "./statistics.ts";

/** A lane, and the one that its ratios are taken of. */
export interface Row {
  readonly name: string;
  readonly raw: string | undefined;
}

const KIB = 1024;
const NAME_WIDTH = 16;

const kib = (bytes: number) => (bytes / KIB).toFixed(1);

function spread(values: readonly number[]): string {
  return `${kib(median(values))} (${kib(Math.min(...values))}-${kib(Math.max(...values))})`;
}

function table(widths: readonly number[], rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === 0 ? cell.padEnd(NAME_WIDTH) : cell.padStart(widths[index - 1] ?? 0)))
        .join(" ")
        .trimEnd(),
    )
    .join("\n");
}

/** KiB per idle connection: a line per lane, medians with the smallest and the largest round. */
export function idleTable(
  { before, count }: IdlePlan,
  lanes: readonly Row[],
  measured: ReadonlyMap<string, readonly BothSides<Usage>[]>,
): string {
  const of = (name: string, side: Side, what: (usage: Usage) => number) =>
    (measured.get(name) ?? []).map((usage) => what(usage[side]));
  const rss = (usage: Usage) => usage.rss;
  const kept = (usage: Usage) => usage.heapUsed + usage.external;
  const ratio = (lane: Row, side: Side) => {
    if (lane.raw === undefined || !measured.has(lane.raw)) return "";
    return (median(of(lane.name, side, rss)) / median(of(lane.raw, side, rss))).toFixed(2);
  };
  const half = (lane: Row, side: Side) => [
    spread(of(lane.name, side, rss)),
    kib(median(of(lane.name, side, kept))),
    ratio(lane, side),
  ];
  const head = ["", "server RSS", "heap+ext", "of raw", "client RSS", "heap+ext", "of raw"];
  const number = (value: number) => value.toLocaleString("en-US");
  const which = before === 0 ? `the first ${number(count)}` : `${number(count)} more than ${number(before)}`;
  const title = `KiB per idle connection, ${which}, each after one call`;
  const rows = lanes.map((lane) => [lane.name, ...half(lane, "server"), ...half(lane, "client")]);
  return `${title}\n${table([20, 9, 7, 20, 9, 7], [head, ...rows])}\n`;
}

/** Bytes allocated per call: a line per lane, medians. */
export function callTable(
  inFlight: number,
  lanes: readonly Row[],
  measured: ReadonlyMap<string, readonly BothSides<Allocated>[]>,
  methodCheck: number,
): string {
  const bytes = (name: string, what: (sides: BothSides<Allocated>) => number) =>
    Math.round(median((measured.get(name) ?? []).map(what))).toLocaleString("en-US");
  const sum = ({ heap, external }: Allocated) => heap + external;
  const head = ["", "both sides", "client heap", "outside it", "server heap", "outside it"];
  const rows = lanes.map(({ name }) => [
    name,
    bytes(name, ({ client, server }) => sum(client) + sum(server)),
    bytes(name, ({ client }) => client.heap),
    bytes(name, ({ client }) => client.external),
    bytes(name, ({ server }) => server.heap),
    bytes(name, ({ server }) => server.external),
  ]);
  const title = `bytes allocated per call, ${inFlight} in flight (of bytes known to be allocated, the method counts ${(methodCheck * 100).toFixed(1)} %)`;
  return `${title}\n${table([12, 12, 12, 12, 12], [head, ...rows])}\n`;
}
