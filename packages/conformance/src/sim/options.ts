import { parseArgs } from "node:util";
import type { FaultPlan } from "roam/testing";

export const USAGE = `usage: npm run -s sim -- [--seeds N] [--from S] [--jobs J]   seeds S to S + N - 1 of the stream scenario (1000 from 0, 2 jobs)
       npm run -s sim -- --seed S [--plan JSON] [--trace FILE]   one of them, with its own fault plan or that one
       npm run -s sim -- --every-byte [--all-pairs] [--jobs J]   a session cut at every byte, once and twice
       npm run -s sim -- --every-byte --plan JSON [--trace FILE]   that session with one fault plan`;

export interface SimOptions {
  readonly everyByte: boolean;
  /** Every byte of the first link with every byte of the second. */
  readonly allPairs: boolean;
  readonly from: number;
  readonly seeds: number;
  /** Processes. */
  readonly jobs: number;
  /** One run is asked for, and told of in full. */
  readonly isSingle: boolean;
  readonly plan: FaultPlan | undefined;
  /** Where the events of a failing run, or of the one asked for, go. */
  readonly trace: string | undefined;
}

/** @throws TypeError, RangeError or SyntaxError for arguments that make no sense */
export function readOptions(args: readonly string[]): SimOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "0" },
      jobs: { type: "string", default: "2" },
      seed: { type: "string" },
      plan: { type: "string" },
      trace: { type: "string" },
      "every-byte": { type: "boolean", default: false },
      "all-pairs": { type: "boolean", default: false },
    },
  });
  const isSingle = values.seed !== undefined || values.plan !== undefined;
  return {
    everyByte: values["every-byte"],
    allPairs: values["all-pairs"],
    from: count("seed", values.seed ?? values.from),
    seeds: isSingle ? 1 : count("seeds", values.seeds),
    jobs: isSingle ? 1 : Math.max(1, count("jobs", values.jobs)),
    isSingle,
    plan: values.plan === undefined ? undefined : (JSON.parse(values.plan) as FaultPlan),
    trace: values.trace,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} ${text} is not a count`);
  return value;
}
