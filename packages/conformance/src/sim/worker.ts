import { campaignOf, runCase, type SimCase } from "./campaign.ts";
import { addCounts, type Counts } from "./counts.ts";
import type { SimOptions } from "./options.ts";

/** What a process has done so far. */
export interface Progress {
  readonly sums: Counts;
  readonly failed: readonly FailedCase[];
  readonly isDone: boolean;
}

export interface FailedCase extends SimCase {
  readonly reason: string;
}

/** Failures after which a process stops. */
const MAX_FAILED = 20;
const PROGRESS_MS = 5_000;

/** Runs one share of the cases, and tells now and then how far it has come. */
export async function work(
  options: SimOptions,
  part: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const sums: Counts = { runs: 0, failedRuns: 0 };
  const failed: FailedCase[] = [];
  let current: SimCase | undefined;
  const onStray = (error: unknown) => {
    // Nobody waits for it: a promise of the run's, or an event's listener.
    if (current !== undefined) failed.push({ ...current, reason: `stray: ${String(error)}` });
  };
  process.on("unhandledRejection", onStray).on("uncaughtException", onStray);
  const campaign = campaignOf(options, part);
  let toldMs = performance.now();
  for (let next = campaign.next(); !next.done; ) {
    current = next.value;
    const known = failed.length;
    const result = await runCase(options, current);
    addCounts(sums, result.counts);
    if (result.failure !== undefined) failed.push({ ...current, reason: result.failure.message });
    addCounts(sums, { runs: 1, failedRuns: failed.length > known ? 1 : 0 });
    if (failed.length >= MAX_FAILED) break;
    if (performance.now() - toldMs > PROGRESS_MS) {
      toldMs = performance.now();
      onProgress({ sums, failed, isDone: false });
    }
    next = campaign.next(result);
  }
  process.off("unhandledRejection", onStray).off("uncaughtException", onStray);
  onProgress({ sums, failed, isDone: true });
}
