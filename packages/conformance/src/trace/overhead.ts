import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { bundleProgram } from "../bundle-program.ts";

const run = promisify(execFile);

export interface Overhead {
  readonly kind: string;
  /** Calls a second, median. */
  readonly rate: number;
  /** Of the rate without a trace, round by round: median, and the quarter on either side of it. */
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number };
}

/** What traces cost, as ratios of rates in the same rounds. */
export async function measureOverhead(rounds: number, roundMs: number): Promise<Overhead[]> {
  const program = await bundleProgram(new URL("./overhead-program.ts", import.meta.url));
  const { stdout } = await run(process.execPath, [program, `${rounds}`, `${roundMs}`]);
  const rates = JSON.parse(stdout) as Record<string, number[]>;
  const base = rates.none ?? [];
  return Object.entries(rates).map(([kind, measured]) => {
    const ratios = measured.map((rate, round) => rate / (base[round] as number));
    const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share)) as [
      number,
      number,
      number,
    ];
    return { kind, rate: quantile(measured, 0.5), ratio: { median, low, high } };
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}
