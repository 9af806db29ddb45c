import { parseArgs } from "node:util";

export const USAGE = `usage: npm run -s fuzz:session -- [--seeds N] [--from S] [--jobs J]   sequences of seeds S to S + N - 1 (1000 from 0, 2 jobs)
       npm run -s fuzz:session -- --seed S   one of them, told step by step`;

export interface SessionFuzzOptions {
  readonly from: number;
  readonly seeds: number;
  /** Processes. */
  readonly jobs: number;
  /** One sequence is asked for, and told of in full. */
  readonly isSingle: boolean;
}

/** @throws TypeError or RangeError for arguments that make no sense */
export function readOptions(args: readonly string[]): SessionFuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "0" },
      jobs: { type: "string", default: "2" },
      seed: { type: "string" },
    },
  });
  return {
    from: count("seed", values.seed ?? values.from),
    seeds: count("seeds", values.seeds),
    jobs: Math.max(1, count("jobs", values.jobs)),
    isSingle: values.seed !== undefined,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} ${text} is not a count`);
  return value;
}
