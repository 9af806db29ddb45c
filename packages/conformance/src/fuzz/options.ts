import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { fromHex } from "../hex.ts";
import { TARGETS, type TargetName } from "./targets.ts";

export const USAGE = `usage: npm run -s fuzz -- [OPTIONS]
  --minutes N           how long all targets together take (default 1)
  --quick               about 30 s, for CI
  --target NAME         one of ${Object.keys(TARGETS).join(", ")}
  --seed S              decides every input (default: another each time); with --workers 1 and --executions the same run again
  --executions N        inputs for each target and thread, instead of a time
  --workers N           threads (default 2)
  --input HEX           takes one input of --target, and no other
  --show                prints the inputs that took most time and memory
  --save                writes a small corpus of what was learned to packages/conformance/corpus`;

export interface FuzzOptions {
  readonly targets: readonly TargetName[];
  readonly seed: number;
  readonly ms: number;
  readonly executions: number;
  readonly workers: number;
  readonly input: Uint8Array | undefined;
  readonly isShown: boolean;
  readonly isSaved: boolean;
}

const SEEDS = 2 ** 32;
/** Leaves some of half a minute to the start. */
const QUICK_MS = 24_000;

/** @throws TypeError or RangeError for arguments that make no sense */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
      target: { type: "string" },
      seed: { type: "string" },
      executions: { type: "string" },
      workers: { type: "string", default: "2" },
      input: { type: "string" },
      show: { type: "boolean", default: false },
      save: { type: "boolean", default: false },
    },
  });
  const { target, input, executions } = values;
  if (target !== undefined && !(target in TARGETS)) throw new RangeError(`there is no target ${target}`);
  if (input !== undefined && target === undefined) throw new TypeError("--input goes with --target");
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes ${values.minutes} is no time`);
  const names = Object.keys(TARGETS) as TargetName[];
  return {
    targets: target === undefined ? names : [target as TargetName],
    seed: count("seed", values.seed ?? String(randomInt(SEEDS))),
    ms: executions === undefined ? (values.quick ? QUICK_MS : minutes * 60_000) : Number.POSITIVE_INFINITY,
    executions: executions === undefined ? Number.POSITIVE_INFINITY : count("executions", executions),
    workers: input === undefined ? Math.max(1, count("workers", values.workers)) : 1,
    input: input === undefined ? undefined : fromHex(input.toLowerCase()),
    isShown: values.show,
    isSaved: values.save,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} ${text} is not a count`);
  return value;
}
