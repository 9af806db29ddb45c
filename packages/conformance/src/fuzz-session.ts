// Messages in any order, legal and not, against a real session with the contract's outcomes as the oracle:
// `npm run -s fuzz:session -- --help`. Prints how sessions ended; exits with 1 if one did what it should not.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readOptions, type SessionFuzzOptions, USAGE } from "./fuzz-session/options.ts";
import { play } from "./fuzz-session/play.ts";
import type { SessionFuzzTally } from "./fuzz-session/worker-process.ts";

const PROCESS = fileURLToPath(new URL("fuzz-session/worker-process.ts", import.meta.url));
/** Failures named one by one. */
const SHOWN_FAILURES = 10;

function runPart(options: SessionFuzzOptions, part: number): Promise<SessionFuzzTally> {
  const child = fork(PROCESS, [JSON.stringify(options), String(part)]);
  const onSignal = () => child.kill();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  return new Promise((resolve, reject) => {
    child.once("message", (tally: SessionFuzzTally) => resolve(tally));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`process ${part} ended early, with ${code}`)));
  });
}

/** A table in Markdown, the most frequent first. */
function printCounts(head: readonly string[], parts: readonly Readonly<Record<string, number>>[]): void {
  const sums = new Map<string, number>();
  for (const [name, count] of parts.flatMap((part) => Object.entries(part))) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
  const rows = [...sums].sort((a, b) => b[1] - a[1]).map((row) => row.map(String));
  for (const cells of [head, ["---", "---"], ...rows]) console.log(`| ${cells.join(" | ")} |`);
  console.log("");
}

/** @returns true if nothing failed */
async function runMany(options: SessionFuzzOptions): Promise<boolean> {
  const startMs = performance.now();
  const parts = Array.from({ length: options.jobs }, (_, part) => part);
  const tallies = await Promise.all(parts.map((part) => runPart(options, part)));
  const failures = tallies.flatMap((tally) => tally.failures).sort((a, b) => a.seed - b.seed);
  for (const { seed, reason } of failures.slice(0, SHOWN_FAILURES)) {
    console.log(`FAILED npm run -s fuzz:session -- --seed ${seed}\n  ${reason.replaceAll("\n", "\n  ")}`);
  }
  const sequences = tallies.reduce((sum, tally) => sum + tally.sequences, 0);
  const messages = tallies.reduce((sum, tally) => sum + tally.messages, 0);
  printCounts(
    ["how it ended", "sequences"],
    tallies.map((tally) => tally.outcomes),
  );
  printCounts(
    ["what sessions sent", "messages"],
    tallies.map((tally) => tally.sent),
  );
  const seconds = (performance.now() - startMs) / 1000;
  console.log(`${sequences} sequences, ${messages} messages, violations of the contract ${failures.length}`);
  console.log(`${seconds.toFixed(0)} s, ${options.jobs} processes`);
  console.log(`${sequences - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 && sequences === options.seeds;
}

/** @returns true if it did not fail */
async function runOne({ from }: SessionFuzzOptions): Promise<boolean> {
  const { log, outcome, difference } = await play(from);
  console.log(log.join("\n"));
  console.log(difference === undefined ? `ended: ${outcome}` : `FAILED ${difference}`);
  console.log(difference === undefined ? "1 passed, 0 failed" : "0 passed, 1 failed");
  return difference === undefined;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: SessionFuzzOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
process.exit((await (options.isSingle ? runOne(options) : runMany(options))) ? 0 : 1);
