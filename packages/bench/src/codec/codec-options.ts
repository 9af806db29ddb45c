import { parseArgs } from "node:util";

export const CODEC_USAGE = `usage: npm run -s bench:codec -- [OPTIONS]
  --filter REGEX   only CASE/CODEC names that match, such as "point/" or "/(ours|avsc)"
  --quick          one run of short rounds: an impression
  --json FILE      all rounds as JSON`;

export interface CodecPlan {
  /** Fresh processes, one after another: what an engine makes of a program differs from one to the next. */
  readonly runs: number;
  readonly rounds: number;
  readonly roundMs: number;
  /** For each case and direction. */
  readonly warmUpMs: number;
}

export interface CodecOptions {
  readonly filter: RegExp;
  readonly plan: CodecPlan;
  readonly json: string | undefined;
  readonly isHelp: boolean;
}

const FULL: CodecPlan = { runs: 5, rounds: 2, roundMs: 60, warmUpMs: 100 };
const QUICK: CodecPlan = { runs: 1, rounds: 3, roundMs: 20, warmUpMs: 40 };

/** @throws TypeError for options that are not known */
export function readCodecOptions(args: readonly string[]): CodecOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    filter: new RegExp(values.filter),
    plan: values.quick ? QUICK : FULL,
    json: values.json,
    isHelp: values.help,
  };
}
