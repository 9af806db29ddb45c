import { RoamError } from "../../errors.ts";
import type { Methods, Service } from "../../schema/service.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { randomPlan } from "./random-plan.ts";
import type { ScenarioSource } from "./scenario.ts";
import { shrinkPlan } from "./shrink-plan.ts";
import type { SimEvent } from "./sim-trace.ts";
import { type SimulateOptions, type SimulationResult, simulate } from "./simulate.ts";

/** Last events that a message shows. */
const SHOWN_EVENTS = 20;
/** Runs that a shrinking may cost, and steps of all of them: one that hangs has many. */
const MAX_SHRINK_RUNS = 300;
const MAX_SHRINK_STEPS = 5_000_000;

export interface SimulateSeedsOptions extends Omit<SimulateOptions, "seed" | "plan" | "trace"> {
  /** The first seed (default 0). */
  readonly from?: number;
  /** How many (default 100). */
  readonly seeds?: number;
  /** What goes wrong (default `randomPlan`). */
  readonly plan?: (seed: number) => FaultPlan;
  /** What repeats a seed, for the message of a failure. */
  readonly repeat?: (seed: number) => string;
}

/** A seed that fails, with the smallest fault plan found that still does. */
export class SimulationError extends Error {
  override readonly name: string = "SimulationError";
  readonly seed: number;
  /** The plan that failed, and what shrinking left of it. */
  readonly original: FaultPlan;
  readonly plan: FaultPlan;
  /** What happened in the run with the shrunk plan. */
  readonly events: readonly SimEvent[];

  constructor(first: SimulationResult, shrunk: SimulationResult, repeat: string) {
    const { seed, plan, failure, events } = shrunk;
    const was = first.plan.faults.length;
    const lines = [
      `seed ${seed} fails: ${failure?.message}`,
      `repeat it: ${repeat}`,
      `fault plan, shrunk from ${was} faults to ${plan.faults.length}: ${JSON.stringify(plan)}`,
      `the last of ${events.length} events:`,
      ...events.slice(-SHOWN_EVENTS).map((event) => `  ${JSON.stringify(event)}`),
    ];
    super(lines.join("\n"), { cause: failure });
    this.seed = seed;
    this.original = first.plan;
    this.plan = plan;
    this.events = events;
  }
}

/**
 * Runs a scenario with one seed after the other.
 *
 * @returns the sums of all counts, and `seeds`
 * @throws SimulationError for the first seed that fails
 */
export async function simulateSeeds<M extends Methods>(
  service: Service<M>,
  scenario: ScenarioSource<M>,
  options: SimulateSeedsOptions = {},
): Promise<Readonly<Record<string, number>>> {
  const { from = 0, seeds = 100, plan = randomPlan, ...rest } = options;
  const sums: Record<string, number> = { seeds };
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(service, scenario, { ...rest, seed, plan: plan(seed) });
    if (result.failure !== undefined) throw await explainFailure(service, scenario, result, options);
    for (const [name, count] of Object.entries(result.counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

/** Looks for a smaller fault plan by which a failed run fails in the same way, and runs that again. */
export async function explainFailure<M extends Methods>(
  service: Service<M>,
  scenario: ScenarioSource<M>,
  failed: SimulationResult,
  options: Pick<SimulateSeedsOptions, "repeat" | "maxSteps" | "maxVirtualMs"> = {},
): Promise<SimulationError> {
  const { repeat = (seed: number) => `simulate(${service.name}, scenario, { seed: ${seed} })`, ...limits } =
    options;
  const { seed } = failed;
  const run = (plan: FaultPlan, trace = false) =>
    simulate(service, scenario, { ...limits, seed, plan, trace });
  const isFailing = async (candidate: FaultPlan) => {
    const { failure } = await run(candidate);
    return failure !== undefined && kindOf(failure) === kindOf(failed.failure);
  };
  const maxRuns = Math.min(MAX_SHRINK_RUNS, Math.ceil(MAX_SHRINK_STEPS / (failed.counts.steps ?? 1)));
  const plan = await shrinkPlan(failed.plan, isFailing, { maxRuns });
  return new SimulationError(failed, await run(plan, true), repeat(seed));
}

function kindOf(failure: Error | undefined): string | undefined {
  return failure instanceof RoamError ? failure.code : failure?.name;
}
