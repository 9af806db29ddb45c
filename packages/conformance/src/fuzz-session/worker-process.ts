// One process of `npm run -s fuzz:session`: runs its share of the seeds and tells the parent.
import type { SessionFuzzOptions } from "./options.ts";
import { play } from "./play.ts";

/** What a process did, told at its end. */
export interface SessionFuzzTally {
  readonly sequences: number;
  readonly messages: number;
  /** How often each end came about. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What sessions sent, by kind. */
  readonly sent: Readonly<Record<string, number>>;
  readonly failures: readonly SessionFuzzFailure[];
}

export interface SessionFuzzFailure {
  readonly seed: number;
  readonly reason: string;
}

/** Failures after which a process stops. */
const MOST_FAILURES = 20;

async function work({ from, seeds, jobs }: SessionFuzzOptions, part: number): Promise<SessionFuzzTally> {
  const outcomes: Record<string, number> = {};
  const sent: Record<string, number> = {};
  const failures: SessionFuzzFailure[] = [];
  let sequences = 0;
  let messages = 0;
  let seed = from + part;
  // Nobody waits for it: a promise inside the session.
  process.on("unhandledRejection", (error) => failures.push({ seed, reason: `stray: ${String(error)}` }));
  for (; seed < from + seeds && failures.length < MOST_FAILURES; seed += jobs) {
    const result = await play(seed);
    sequences++;
    messages += result.messages;
    outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
    for (const [kind, count] of Object.entries(result.sent)) sent[kind] = (sent[kind] ?? 0) + count;
    if (result.difference !== undefined) failures.push({ seed, reason: result.difference });
  }
  return { sequences, messages, outcomes, sent, failures };
}

const [options = "", part = "0"] = process.argv.slice(2);
// Without its parent nobody would hear the result.
process.once("disconnect", () => process.exit(1));
const tally = await work(JSON.parse(options) as SessionFuzzOptions, Number(part));
process.send?.(tally, () => process.exit(0));
