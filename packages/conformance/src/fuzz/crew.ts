import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { FuzzFinding } from "./campaign.ts";
import { readCorpus } from "./corpus-file.ts";
import type { FuzzOptions } from "./options.ts";
import { Pulse } from "./pulse.ts";
import { TARGETS, type TargetName } from "./targets.ts";
import type { TargetJob, WorkerJob, WorkerReport } from "./worker-thread.ts";

/** Longest input of any target (bytes). */
export const MOST_INPUT_BYTES = 16_384;
/** Without the next input for so long (ms), a thread hangs in this one. */
const STUCK_MS = 10_000;
const LOOK_MS = 1_000;
/** Of a thread: more is a finding. */
const MOST_HEAP_MIB = 1_024;

/** What one thread did, and what only the main thread could see. */
export interface CrewResult {
  readonly reports: readonly WorkerReport[];
  readonly findings: readonly (FuzzFinding & { readonly name: TargetName })[];
}

/** Runs the targets in threads of their own until the time is over. */
export async function runCrew(options: FuzzOptions, directory: string): Promise<CrewResult> {
  const members = Array.from({ length: options.workers }, (_, part) => new Member(options, directory, part));
  await Promise.all(members.map((member) => member.done));
  return {
    reports: members.flatMap((member) => [...member.reports.values()]),
    findings: members.flatMap((member) => member.findings),
  };
}

/** One thread, and another in its place when it is lost. */
class Member {
  readonly reports = new Map<string, WorkerReport>();
  readonly findings: (FuzzFinding & { readonly name: TargetName })[] = [];
  readonly done: Promise<void>;
  readonly #options: FuzzOptions;
  readonly #directory: string;
  readonly #part: number;

  constructor(options: FuzzOptions, directory: string, part: number) {
    this.#options = options;
    this.#directory = directory;
    this.#part = part;
    this.done = this.#run(options.targets);
  }

  /** The target that a thread is lost in is not tried again. */
  async #run(targets: readonly TargetName[]): Promise<void> {
    const { targets: all } = this.#options;
    const lost = await this.#runThread(this.#job(targets));
    if (lost === undefined) return;
    const name = all[lost.target] as TargetName;
    this.findings.push({ name, ...lost });
    const left = targets.filter((one) => one !== name && this.reports.get(one)?.isLast !== true);
    if (left.length > 0) await this.#run(left);
  }

  #job(targets: readonly TargetName[]): WorkerJob {
    const { targets: all, seed, ms, executions, input, isSaved } = this.#options;
    const weight = all.reduce((sum, name) => sum + TARGETS[name], 0);
    const jobs = targets.map((name): TargetJob => {
      const corpus = input === undefined ? readCorpus(name) : [input];
      const share = (ms * TARGETS[name]) / weight;
      return { name, index: all.indexOf(name), corpus, executions, ms: share, isReplay: input !== undefined };
    });
    // Several turns each, so that a quick look at a long run shows all of them.
    const rounds = input === undefined && ms > 60_000 && Number.isFinite(ms) ? 5 : 1;
    const pulse = Pulse.memory(MOST_INPUT_BYTES);
    return {
      seed: seed + this.#part,
      directory: pathToFileURL(this.#directory).href,
      targets: jobs,
      rounds,
      isSaved,
      pulse,
    };
  }

  /** @returns what it was lost in, if it was */
  #runThread(job: WorkerJob): Promise<(FuzzFinding & { readonly target: number }) | undefined> {
    const pulse = new Pulse(job.pulse);
    const thread = new Worker(join(this.#directory, "worker-thread.mjs"), {
      workerData: job,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
    });
    thread.on("message", (report: WorkerReport) => this.reports.set(report.name, report));
    let seen = pulse.current?.count;
    let sinceMs = performance.now();
    return new Promise((resolve, reject) => {
      const look = setInterval(() => {
        const { current } = pulse;
        if (current === undefined || current.count !== seen) {
          seen = current?.count;
          sinceMs = performance.now();
        } else if (performance.now() - sinceMs > STUCK_MS) {
          resolve({ kind: "hang", message: `no end after ${STUCK_MS} ms`, ...current });
          void thread.terminate();
        }
      }, LOOK_MS);
      thread.on("error", (error) => {
        const { current } = pulse;
        if (current === undefined) reject(error);
        else resolve({ kind: "crash", message: String(error.stack), ...current });
      });
      thread.on("exit", () => {
        clearInterval(look);
        resolve(undefined);
      });
    });
  }
}
