import { parseArgs } from "node:util";
import type { Plan } from "./rounds.ts";

export const USAGE = `usage: npm run -s bench -- [OPTIONS]
  --filter REGEX   only CASE/LANE names that match, such as "call-64/tcp" (which includes tcp-raw)
  --quick          short rounds: an impression in under 20 s
  --adaptive       receivers grant credit ahead of their consumers (option adaptiveCredit)
  --pin            client and server together on core 0
  --json FILE      all rounds as JSON
  --profile CASE/LANE   a CPU profile of each process in place of a measurement
  --seconds N      length of the profile (default 3)`;

export interface Options {
  readonly filter: RegExp;
  readonly plan: Plan;
  readonly isPinned: boolean;
  readonly isAdaptive: boolean;
  readonly json: string | undefined;
  readonly profile: string | undefined;
  readonly profileMs: number;
}

const FULL: Plan = { rounds: 7, roundMs: 300, warmUpMs: 200 };
const QUICK: Plan = { rounds: 3, roundMs: 40, warmUpMs: 30 };

/** @throws TypeError for options that are not known */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      filter: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      adaptive: { type: "boolean", default: false },
      pin: { type: "boolean", default: false },
      json: { type: "string" },
      profile: { type: "string" },
      seconds: { type: "string", default: "3" },
    },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new TypeError(`--seconds ${values.seconds}: not a time`);
  return {
    filter: new RegExp(values.filter),
    plan: values.quick ? QUICK : FULL,
    isPinned: values.pin,
    isAdaptive: values.adaptive,
    json: values.json,
    profile: values.profile,
    profileMs: seconds * 1000,
  };
}
