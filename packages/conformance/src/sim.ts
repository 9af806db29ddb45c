// The stable conduit under simulated networks: `npm run -s sim -- --help`. Prints what was run, what came
// of it, and for what failed how to repeat it; exits with 1 if anything did.
import { writeFileSync } from "node:fs";
import { CALM, explainFailure, type SimEvent, simulate } from "roam/testing";
import { STRIDE, WAYS } from "./sim/byte-cases.ts";
import { byteScenario, Small } from "./sim/byte-scenario.ts";
import { planOf, runCase } from "./sim/campaign.ts";
import { runAll, type Tally } from "./sim/crew.ts";
import { readOptions, type SimOptions, USAGE } from "./sim/options.ts";
import { Stream, streamScenario } from "./sim/stream-scenario.ts";
import type { FailedCase } from "./sim/worker.ts";

/** Failures named one by one. */
const SHOWN_FAILURES = 10;

function writeTrace(file: string | undefined, events: readonly SimEvent[]): void {
  if (file === undefined) return;
  writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  console.log(`${events.length} events written to ${file}`);
}

function repeatOf({ everyByte }: SimOptions, { seed, plan }: FailedCase): string {
  const which = everyByte ? `--every-byte --plan '${JSON.stringify(plan)}'` : `--seed ${seed}`;
  return `npm run -s sim -- ${which}`;
}

/** Runs it again, and if it fails again with smaller and smaller plans, and shows the smallest. */
async function explain(options: SimOptions, failed: FailedCase): Promise<void> {
  const { seed } = failed;
  const again = await runCase(options, failed);
  if (again.failure === undefined) {
    console.log(`seed ${seed} did not fail when it was run again`);
    return;
  }
  const repeat = { repeat: () => repeatOf(options, failed) };
  // Each with its own types of services.
  const error = options.everyByte
    ? await explainFailure(Small, byteScenario, again, repeat)
    : await explainFailure(Stream, streamScenario, again, repeat);
  console.log(error.message);
  console.log(
    `with that plan: npm run -s sim -- ${options.everyByte ? "--every-byte" : `--seed ${seed}`} --plan '${JSON.stringify(error.plan)}'`,
  );
  writeTrace(options.trace, error.events);
}

async function runOne(options: SimOptions): Promise<boolean> {
  const seed = options.from;
  const plan = options.plan ?? (options.everyByte ? CALM : planOf(seed));
  const result = options.everyByte
    ? await simulate(Small, byteScenario, { seed, plan, trace: true })
    : await simulate(Stream, streamScenario, { seed, plan, trace: true });
  console.log(`seed ${seed}, fault plan ${JSON.stringify(plan)}`);
  console.log(
    Object.entries(result.counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", "),
  );
  if (result.failure === undefined) {
    writeTrace(options.trace, result.events);
    console.log("1 passed, 0 failed");
    return true;
  }
  await explain(options, { seed, plan, reason: result.failure.message });
  console.log("0 passed, 1 failed");
  return false;
}

function printTally(options: SimOptions, { sums }: Tally, seconds: number): void {
  const of = (...names: readonly string[]) => names.map((name) => `${name} ${sums[name] ?? 0}`).join(", ");
  const runs = sums.runs ?? 0;
  console.log(
    `${options.everyByte ? "runs" : "seeds"} ${runs}, ${of("links", "cuts", "resumes", "replayed", "retries", "restarts", "lostSessions", "expired")}`,
  );
  console.log(`${of("items", "lost", "doubled", "outOfOrder", "leaks", "hangs")}`);
  const perRun = ((seconds * 1000 * options.jobs) / Math.max(1, runs)).toFixed(1);
  const virtualHours = ((sums.virtualMs ?? 0) / 3_600_000).toFixed(1);
  console.log(`${seconds.toFixed(0)} s, ${perRun} ms of a core each, ${virtualHours} virtual hours`);
}

async function runMany(options: SimOptions): Promise<boolean> {
  const { from, seeds, jobs, everyByte, allPairs } = options;
  const what = everyByte
    ? `a session cut at every byte, once in ${WAYS} ways and twice at ${allPairs ? "all" : `one in ${STRIDE} of all, in handshakes all,`} pairs of bytes`
    : `seeds ${from} to ${from + seeds - 1} of the stream scenario`;
  console.log(`${what}; ${jobs} processes`);
  const startMs = performance.now();
  const tally = await runAll(options);
  const seconds = (performance.now() - startMs) / 1000;
  printTally(options, tally, seconds);
  const failed = tally.failed.toSorted((a, b) => a.seed - b.seed);
  for (const one of failed.slice(0, SHOWN_FAILURES)) {
    console.log(`FAILED ${repeatOf(options, one)}\n  ${one.reason}`);
  }
  if (failed[0] !== undefined) await explain(options, failed[0]);
  const { runs = 0, failedRuns = 0 } = tally.sums;
  console.log(`${runs - failedRuns} passed, ${failedRuns} failed`);
  return failed.length === 0 && runs > 0;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: SimOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
const isGood = await (options.isSingle ? runOne(options) : runMany(options));
process.exit(isGood ? 0 : 1);
