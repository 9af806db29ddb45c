import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { bundleProgram } from "../bundle-program.ts";

const run = promisify(execFile);

export const KINDS = [
  "none",
  "stopped",
  "sample 0.01",
  "sample 0.1",
  "sample 1",
  "sample 1 as JSON",
  "countMethods",
] as const;
export type Kind = (typeof KINDS)[number];

export interface Overhead {
  readonly kind: Kind;
  /** Calls a second, median. */
  readonly rate: number;
  /** Of the rate without a trace, round by round: median, and the quarter on either side of it. */
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number };
}

export interface OverheadTiming {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly slices: number;
  readonly sliceMs: number;
}

/** What traces cost, as ratios of rates in the same round: processes that take turns, one kind in each. */
export async function measureOverhead(timing: OverheadTiming): Promise<Overhead[]> {
  const program = await bundleProgram(new URL("./overhead-program.ts", import.meta.url));
  const { warmUpMs, slices, sliceMs } = timing;
  const rateOf = async (kind: Kind) => {
    const args = [program, kind, `${warmUpMs}`, `${slices}`, `${sliceMs}`];
    const { stdout } = await run(process.execPath, args);
    return quantile(JSON.parse(stdout) as number[], 0.5);
  };
  const rates = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < timing.rounds; round++) {
    // There and back, so that what drifts is on both sides.
    const order = round % 2 === 0 ? KINDS : [...KINDS].reverse();
    for (const kind of order) rates.get(kind)?.push(await rateOf(kind));
  }
  const base = rates.get("none") ?? [];
  return KINDS.map((kind) => {
    const measured = rates.get(kind) ?? [];
    const ratios = measured.map((rate, round) => rate / (base[round] as number));
    const ratio = {
      median: quantile(ratios, 0.5),
      low: quantile(ratios, 0.25),
      high: quantile(ratios, 0.75),
    };
    return { kind, rate: quantile(measured, 0.5), ratio };
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}
