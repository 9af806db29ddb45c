import { RoamError } from "roam";
import { allAnswered, formatReports, type LinkReport, makeCalls } from "./calls.ts";
import { HELP, type Options, readOptions, UsageError } from "./options.ts";
import { type Serving, startServing } from "./serving.ts";

/** Longest time that calls being served get to finish when the server stops (ms). */
const DRAIN_TIMEOUT_MS = 5000;
const INTERRUPTED = 130;
const NPM_REPEAT_MS = 300;

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)));
} catch (error) {
  const isKnown = error instanceof UsageError || (error instanceof RoamError && error.code === "io");
  if (!isKnown) throw error;
  console.error(`testbed: ${error instanceof RoamError ? error.reason : error.message}`);
  process.exitCode = 2;
}

/** @returns the exit status */
async function main(options: Options): Promise<number> {
  if (options.isHelp) {
    console.log(HELP);
    return 0;
  }
  const interrupted = interruption();
  const serving = await startServing(options);
  console.log("Testbed is served on");
  for (const { name, address } of serving.links) console.log(`  ${name.padEnd(4)}  ${address}`);

  const reports = await Promise.race([callOverEachLink(serving), interrupted]);
  if (reports !== undefined) {
    console.log(
      `\nEvery call made twice over each link; the second one's time:\n\n${formatReports(reports)}\n`,
    );
  }
  if (options.isOnce) {
    await serving.drain({ timeoutMs: DRAIN_TIMEOUT_MS });
    if (reports === undefined) return INTERRUPTED;
    return allAnswered(reports) ? 0 : 1;
  }
  if (reports !== undefined) {
    console.log(`Now you: ${serving.page}  (Ctrl-C stops the server)`);
    await interrupted;
  }
  const { running } = serving;
  const calls = running === 0 ? "" : ` ${running} ${running === 1 ? "call" : "calls"} may finish first;`;
  console.log(`\nStopping:${calls} Ctrl-C again leaves at once.`);
  await serving.drain({ timeoutMs: DRAIN_TIMEOUT_MS });
  console.log("Stopped.");
  return 0;
}

async function callOverEachLink({ links }: Serving): Promise<LinkReport[]> {
  const reports: LinkReport[] = [];
  for (const { name, address } of links) reports.push(await makeCalls(name, address));
  return reports;
}

/** Resolves at the first Ctrl-C. The second ends the process. */
function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        resolve(undefined);
        return;
      }
      // npm hands on the Ctrl-C that the terminal gave this process already.
      const isRepeat = performance.now() - firstAt < NPM_REPEAT_MS;
      if (process.env.npm_lifecycle_event === "start" && isRepeat) return;
      console.error("testbed: interrupted again, leaving at once");
      process.exit(INTERRUPTED);
    };
    process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  });
}
