// A session under traffic whose links are cut all the time, on real sockets: `npm run -s chaos -- --help`.
// Exits with 1 if a call or an item was lost, doubled or wrong, or if anything stood still.

import { noLeaks } from "roam/testing";
import type { Memory } from "./chaos/measure-memory.ts";
import { type ChaosOptions, readOptions, type Transport, USAGE } from "./chaos/options.ts";
import { quantile } from "./chaos/quantile.ts";
import { type ChaosResult, runChaos } from "./chaos/run-chaos.ts";

const MIB = 2 ** 20;

function times(values: readonly number[]): string {
  const ms = (share: number) => `${quantile(values, share).toFixed(1)} ms`;
  return `median ${ms(0.5)}, p99 ${ms(0.99)}`;
}

function told({ heapBytes, rssBytes }: Memory): string {
  return `heap ${(heapBytes / MIB).toFixed(1)} MiB, RSS ${(rssBytes / MIB).toFixed(0)} MiB`;
}

function print(transport: Transport, { counts, links, seconds, memory, violations }: ChaosResult): void {
  const { calls, itemsUp, itemsDown, lost, doubled, outOfOrder, cuts, vanished, resumes } = counts;
  const { failedAttempts, replayed } = counts;
  const { resumeMs, firstAttemptMs } = links;
  console.log(
    `${transport}: cuts ${cuts} (silent ${vanished}), resumes ${resumes}, attempts that failed ${failedAttempts}, items replayed ${replayed}, ${seconds.toFixed(0)} s`,
  );
  console.log(
    `  calls ${calls}, items up ${itemsUp}, items down ${itemsDown}, lost ${lost}, doubled ${doubled}, out of order ${outOfOrder}`,
  );
  console.log(
    `  from cut to resumed: ${times(resumeMs)}; ${firstAttemptMs.length} at the first attempt: ${times(firstAttemptMs)}`,
  );
  console.log(`  memory at the start: ${told(memory.start)}; at the end: ${told(memory.end)}`);
  for (const violation of violations) console.log(`  FAILED ${violation}`);
}

/** @returns the exit status */
async function main({ cuts, seed, transports }: ChaosOptions): Promise<number> {
  const share = Math.ceil(cuts / transports.length);
  console.log(`seed ${seed}, ${share} cuts each on ${transports.join(" and ")}`);
  let failed = 0;
  for (const transport of transports) {
    try {
      const result = await noLeaks(() => runChaos(transport, share, seed));
      print(transport, result);
      if (result.violations.length > 0) failed++;
    } catch (error) {
      failed++;
      console.log(`${transport}:\n  FAILED ${error instanceof Error ? error.message : error}`);
      break;
    }
  }
  const [only] = transports.length === 1 ? transports.map((name) => ` --transport ${name}`) : [""];
  if (failed > 0) console.log(`again: npm run -s chaos -- --cuts ${cuts} --seed ${seed}${only}`);
  console.log(failed === 0 ? "passed" : "failed");
  return failed === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: ChaosOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main(options));
