// One thread of `npm run -s fuzz`: takes turns at its targets and tells the main thread.
import { parentPort, workerData } from "node:worker_threads";
import { SeededRandom } from "../../../roam/src/testing/simulation/seeded-random.ts";
import { Campaign, type CampaignResult } from "./campaign.ts";
import { Counters, type FileCoverage } from "./counters.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { Pulse } from "./pulse.ts";

export interface WorkerJob {
  readonly seed: number;
  /** Where the targets' modules are. */
  readonly directory: string;
  readonly targets: readonly TargetJob[];
  /** Turns that each target takes. */
  readonly rounds: number;
  readonly isSaved: boolean;
  readonly pulse: SharedArrayBuffer;
}

export interface TargetJob {
  readonly name: string;
  /** Its place in the list of all targets. */
  readonly index: number;
  readonly corpus: readonly Uint8Array[];
  /** In all. */
  readonly executions: number;
  readonly ms: number;
  /** The corpus is all that is taken. */
  readonly isReplay: boolean;
}

/** What the main thread is told of one target, again and again. */
export interface WorkerReport extends CampaignResult {
  readonly name: string;
  readonly coverage: readonly FileCoverage[];
  /** Good inputs, where they are to be saved. */
  readonly corpus: readonly Uint8Array[];
  readonly isLast: boolean;
}

declare global {
  // What instrumented code asks for its counters.
  var fuzzCounters: Counters;
}

const job = workerData as WorkerJob;
const pulse = new Pulse(job.pulse);

/** A target of which nothing is known yet. */
async function load({ name, index, corpus, isReplay }: TargetJob): Promise<Turn> {
  const counters = new Counters();
  globalThis.fuzzCounters = counters;
  const { target } = (await import(`${job.directory}/${name}.mjs`)) as { target: FuzzTarget };
  const random = new SeededRandom(job.seed, name);
  const campaign = new Campaign(target, counters, { random, onBegin: (input) => pulse.begin(index, input) });
  await campaign.take(isReplay ? corpus : [...corpus, ...target.seeds()]);
  return { counters, campaign };
}

interface Turn {
  readonly counters: Counters;
  readonly campaign: Campaign;
}

async function report({ name }: TargetJob, { counters, campaign }: Turn, isLast: boolean): Promise<void> {
  pulse.end();
  const { result } = campaign;
  const coverage = counters.coverage();
  const corpus = isLast && job.isSaved ? await campaign.smallCorpus() : [];
  parentPort?.postMessage({ ...result, name, coverage, corpus, isLast } satisfies WorkerReport);
}

const turns = new Map<string, Turn>();
for (let round = 1; round <= job.rounds; round++) {
  for (const one of job.targets) {
    let turn = turns.get(one.name);
    if (turn === undefined) {
      turn = await load(one);
      turns.set(one.name, turn);
    }
    const { executions, ms, isReplay } = one;
    const share = Math.ceil(executions / job.rounds);
    if (!isReplay) await turn.campaign.run({ executions: share, ms: ms / job.rounds });
    await report(one, turn, round === job.rounds);
  }
}
