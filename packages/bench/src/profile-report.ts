import { readFileSync } from "node:fs";
import type { HeapProfiler, Profiler, Runtime } from "node:inspector";
import { lineOf, placeOf } from "./places.ts";

const LINES = 24;
/** What is not work of the program. */
const IDLE = new Set(["(idle)", "(root)"]);

interface Cost {
  amount: number;
  /** Samples by line. */
  readonly lines: Map<string, number>;
}
type Costs = Map<string, Cost>;

function costOf(costs: Costs, { functionName, url, lineNumber, columnNumber }: Runtime.CallFrame): Cost {
  const name = `${functionName || "(anonymous)"}  ${placeOf(url, lineNumber, columnNumber)}`;
  let cost = costs.get(name);
  if (cost === undefined) {
    cost = { amount: 0, lines: new Map() };
    costs.set(name, cost);
  }
  return cost;
}

/** The functions that cost most, with their hottest lines. */
function printCosts(costs: Costs, operations: number, unit: string): void {
  const total = [...costs.values()].reduce((sum, { amount }) => sum + amount, 0);
  const sorted = [...costs].sort(([, a], [, b]) => b.amount - a.amount).slice(0, LINES);
  for (const [name, { amount, lines }] of sorted) {
    const hottest = [...lines].sort(([, a], [, b]) => b - a).slice(0, 3);
    const where = hottest.map(([place, ticks]) => `${place} ${ticks}`).join(", ");
    const share = `${((100 * amount) / total).toFixed(1)} %`.padStart(7);
    const each = `${(amount / operations).toFixed(0)} ${unit}`.padStart(9);
    console.log(`${share} ${each}  ${name}${where === "" ? "" : `  [${where}]`}`);
  }
  console.log("");
}

/** Prints which functions the time went to. */
export function printCpuProfile(side: string, path: string, operations: number): void {
  const profile = JSON.parse(readFileSync(path, "utf8")) as Profiler.Profile;
  const selfUs = new Map<number, number>();
  for (const [index, id] of (profile.samples ?? []).entries()) {
    selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas?.[index] ?? 0));
  }
  const costs: Costs = new Map();
  let busyNs = 0;
  for (const { id, callFrame, positionTicks = [] } of profile.nodes) {
    if (IDLE.has(callFrame.functionName)) continue;
    const cost = costOf(costs, callFrame);
    const ns = (selfUs.get(id) ?? 0) * 1000;
    cost.amount += ns;
    busyNs += ns;
    for (const { line, ticks } of positionTicks) {
      const place = lineOf(callFrame.url, line - 1);
      cost.lines.set(place, (cost.lines.get(place) ?? 0) + ticks);
    }
  }
  const share = (busyNs / (profile.endTime - profile.startTime) / 10).toFixed(0);
  console.log(`${side}: busy ${share} %, ${(busyNs / operations).toFixed(0)} ns of CPU each; ${path}`);
  printCosts(costs, operations, "ns");
}

/** Prints which functions allocated, short-lived objects included. */
export function printHeapProfile(side: string, path: string, operations: number): void {
  const { head } = JSON.parse(readFileSync(path, "utf8")) as HeapProfiler.SamplingHeapProfile;
  const costs: Costs = new Map();
  let bytes = 0;
  const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode) => {
    costOf(costs, callFrame).amount += selfSize;
    bytes += selfSize;
    for (const child of children) add(child);
  };
  add(head);
  console.log(`${side}: ${(bytes / operations).toFixed(0)} bytes allocated each; ${path}`);
  printCosts(costs, operations, "B");
}
