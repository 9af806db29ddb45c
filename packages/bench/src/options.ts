import { parseArgs } from "node:util";
import type { Plan } from "./rounds.ts";

export const USAGE = `usage: npm run -s bench -- [worker|shm] [OPTIONS]
  worker           between two threads: message ports and shared memory, with calls and as bare links
  shm              between two processes: shared memory beside a Unix socket; ratios are of that
  --filter REGEX   only CASE/LANE names that match, such as "call-64/tcp$"; raw lanes come along
  --quick          most cases in few and short rounds: an impression in under 40 s
  --rounds N       how many rounds (default 5, quick 3)
  --fixed-credit   receivers do not widen the credit of streams
  --pin            client and server together on core 0
  --peers          the other systems, beside ours on TCP and WebSocket: npm run -s bench:peers
  --json FILE      all rounds as JSON
  --markdown FILE  medians as tables
  --svg FILE       medians as a plot
  --guard          a short run whose ratios to raw may not be a fifth below those in guard.json
  --update         with --guard: writes guard.json
  --profile CASE/LANE   a CPU profile of each process in place of a measurement, then allocation
  --seconds N      length of each profile (default 3)`;

const WORDS = ["worker", "shm"] as const;
type Word = (typeof WORDS)[number];

export interface Options {
  readonly filter: RegExp;
  /** Cases that are left out, by name. */
  readonly leftOut: RegExp | undefined;
  readonly plan: Plan;
  readonly isPinned: boolean;
  readonly isFixedCredit: boolean;
  readonly isBesidePeers: boolean;
  /** Only what runs between two threads, or in shared memory. */
  readonly only: Word | undefined;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly svg: string | undefined;
  readonly isGuard: boolean;
  readonly isUpdate: boolean;
  readonly profile: string | undefined;
  readonly profileMs: number;
}

const FULL: Plan = { rounds: 5, roundMs: 250, warmUpMs: 100, processWarmUpMs: 2000, isFresh: true };
const QUICK: Plan = { rounds: 3, roundMs: 30, warmUpMs: 15, processWarmUpMs: 600, isFresh: false };
/** What takes longest, or tells little beyond its neighbours. */
const NOT_QUICK = /^(connections-1000|echo-1MiB-4|(down|up)-256)$/;

/** @throws TypeError for options that are not known or make no sense */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      filter: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      "fixed-credit": { type: "boolean", default: false },
      pin: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "string" },
      svg: { type: "string" },
      guard: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      profile: { type: "string" },
      seconds: { type: "string", default: "3" },
    },
  });
  const [word, more] = positionals;
  const only = WORDS.find((known) => known === word);
  if (only !== word || more !== undefined) throw new TypeError(`${more ?? word}: not a word that is known`);
  const plan = values.quick ? QUICK : FULL;
  const rounds = Number(values.rounds ?? plan.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`--rounds ${values.rounds}: not a count`);
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new TypeError(`--seconds ${values.seconds}: not a time`);
  return {
    filter: new RegExp(values.filter),
    leftOut: values.quick ? NOT_QUICK : undefined,
    plan: { ...plan, rounds },
    isPinned: values.pin,
    isFixedCredit: values["fixed-credit"],
    isBesidePeers: values.peers,
    only,
    json: values.json,
    markdown: values.markdown,
    svg: values.svg,
    isGuard: values.guard,
    isUpdate: values.update,
    profile: values.profile,
    profileMs: seconds * 1000,
  };
}
