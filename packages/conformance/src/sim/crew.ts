import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { addCounts, type Counts } from "./counts.ts";
import type { SimOptions } from "./options.ts";
import type { FailedCase, Progress } from "./worker.ts";

const PROCESS = fileURLToPath(new URL("worker-process.ts", import.meta.url));
/** Time between two lines that say how far it is (ms). */
const LINE_MS = 60_000;

/** What all processes did. */
export interface Tally {
  readonly sums: Readonly<Counts>;
  readonly failed: readonly FailedCase[];
}

/** Shares the cases out among processes and waits for them. */
export async function runAll(options: SimOptions): Promise<Tally> {
  const latest = new Map<number, Progress>();
  const tally = (): Tally => {
    const sums: Counts = {};
    for (const { sums: own } of latest.values()) addCounts(sums, own);
    return { sums, failed: [...latest.values()].flatMap(({ failed }) => failed) };
  };
  const line = setInterval(() => {
    const { sums, failed } = tally();
    console.log(`  ${sums.runs} runs, ${failed.length} failed so far`);
  }, LINE_MS);
  try {
    const parts = Array.from({ length: options.jobs }, (_, part) => part);
    await Promise.all(parts.map((part) => runPart(options, part, (progress) => latest.set(part, progress))));
  } finally {
    clearInterval(line);
  }
  return tally();
}

function runPart(options: SimOptions, part: number, onProgress: (progress: Progress) => void): Promise<void> {
  const child = fork(PROCESS, [JSON.stringify(options), String(part)]);
  const onSignal = () => child.kill();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  return new Promise<void>((resolve, reject) => {
    let isDone = false;
    child.on("message", (progress: Progress) => {
      isDone = progress.isDone;
      onProgress(progress);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (isDone) resolve();
      else reject(new Error(`process ${part} ended early, with ${code}`));
    });
  }).finally(() => process.off("SIGINT", onSignal).off("SIGTERM", onSignal));
}
