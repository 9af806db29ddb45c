import type { Methods, Service } from "../../schema/service.ts";
import { nextRound } from "../settled.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { randomPlan } from "./random-plan.ts";
import type { ScenarioSource } from "./scenario.ts";
import type { LinkBytes } from "./sim-network.ts";
import type { SimEvent } from "./sim-trace.ts";
import { HangError, LeakError, Simulation } from "./simulation.ts";

/** Longest a run may take (virtual ms). */
const MAX_VIRTUAL_MS = 600_000;
/** Most timers that a run may need: more of them are a loop that does not end. */
const MAX_STEPS = 500_000;
/** After its scenario a run has so long to leave nothing behind: what retention allows, and more (virtual ms). */
const MAX_SETTLE_MS = 300_000;
/** What is not of the simulation, such as a file being read, gets so many real milliseconds. */
const OUTSIDE_MS = 200;

export interface SimulateOptions {
  /** Decides everything that is luck (default 0). */
  readonly seed?: number;
  /** What goes wrong (default: `randomPlan(seed)`). */
  readonly plan?: FaultPlan;
  /** Keeps events (default false). */
  readonly trace?: boolean;
  readonly maxVirtualMs?: number;
  readonly maxSteps?: number;
}

/** What a run came to. */
export interface SimulationResult {
  readonly seed: number;
  readonly plan: FaultPlan;
  /** Why the run failed; undefined if it did not. */
  readonly failure: Error | undefined;
  /**
   * `links`, `cuts`, `refused`, `bytes`; `resumes`, `replayed`, `lostSessions` of clients; `retries` of
   * first connections; `restarts`; `expired` at the server; `hangs`, `leaks`; `virtualMs`, `steps`;
   * and what the scenario counted.
   */
  readonly counts: Readonly<Record<string, number>>;
  /** By link, in the order of dials. */
  readonly linkBytes: readonly LinkBytes[];
  /** Empty unless asked for. */
  readonly events: readonly SimEvent[];
}

/**
 * Runs a scenario of a service once: real sessions on real conduits on real links over a network in memory,
 * whose time is virtual and whose luck is the seed's. The same seed and plan give the same run.
 *
 * The run fails if the scenario throws, a `check` does not hold, nothing happens any more before
 * it is done, or something is left behind: a session, a link, a call, a timer.
 *
 * @throws RangeError for a plan that cannot be followed
 */
export async function simulate<M extends Methods>(
  service: Service<M>,
  scenario: ScenarioSource<M>,
  options: SimulateOptions = {},
): Promise<SimulationResult> {
  const { seed = 0, plan = randomPlan(seed), trace: isTraced = false } = options;
  // What runs it has no use for the types of its methods.
  const untyped = scenario as unknown as ScenarioSource;
  const sim = new Simulation(service as unknown as Service, untyped, { seed, plan, isTraced });
  const run = new Run(sim, options);
  await run.play();
  const counts = { ...sim.network.counts, ...sim.counts, virtualMs: Math.round(sim.clock.nowMs()) };
  const { failure, events } = sim;
  const { linkBytes } = sim.network;
  return { seed, plan, failure, counts: { ...counts, steps: run.steps }, linkBytes, events };
}

/** Moves a simulation's time on, whenever all is at rest. */
class Run {
  steps = 0;
  readonly #sim: Simulation;
  readonly #maxVirtualMs: number;
  readonly #maxSteps: number;

  constructor(sim: Simulation, options: SimulateOptions) {
    this.#sim = sim;
    this.#maxVirtualMs = options.maxVirtualMs ?? MAX_VIRTUAL_MS;
    this.#maxSteps = options.maxSteps ?? MAX_STEPS;
  }

  async play(): Promise<void> {
    const sim = this.#sim;
    await sim.startServer();
    if (!(await this.#until(sim.play(), "the scenario", this.#maxVirtualMs))) return sim.stop();
    // What was planned for later has nothing left to strike.
    sim.network.stop();
    await this.#untilEmpty();
    await this.#until(sim.stopServer(), "the server's close", sim.clock.nowMs() + MAX_SETTLE_MS);
    if (sim.failure === undefined && sim.unfinished.length > 0) {
      sim.fail(new LeakError(`left behind: ${sim.waiting}`));
    }
    sim.checkAfter();
    sim.stop();
  }

  /** @returns false if it did not come to its end */
  async #until(done: Promise<void>, what: string, untilMs: number): Promise<boolean> {
    let isDone = false;
    done
      .catch((error) => this.#sim.fail(error))
      .finally(() => {
        isDone = true;
      });
    const stuck = await this.#run(() => isDone || this.#sim.failure !== undefined, untilMs);
    if (stuck === undefined) return this.#sim.failure === undefined;
    this.#sim.fail(new HangError(`${what} hangs, ${stuck}: ${this.#sim.waiting}`));
    return false;
  }

  async #untilEmpty(): Promise<void> {
    const sim = this.#sim;
    const untilMs = sim.clock.nowMs() + MAX_SETTLE_MS;
    const stuck = await this.#run(() => sim.unfinished.length === 0, untilMs);
    if (stuck !== undefined) sim.fail(new LeakError(`left behind, ${stuck}: ${sim.waiting}`));
  }

  /** @returns why it did not get there */
  async #run(isDone: () => boolean, untilMs: number): Promise<string | undefined> {
    const { clock } = this.#sim;
    for (;;) {
      await this.#rest();
      if (isDone()) return undefined;
      if (clock.nowMs() + (clock.nextInMs ?? 0) > untilMs)
        return `at ${Math.round(clock.nowMs())} virtual ms`;
      if (++this.steps > this.#maxSteps) return `after ${this.#maxSteps} steps`;
      if (!clock.runNext() && !(await this.#isMovedFromOutside(isDone))) return "with nothing left to happen";
    }
  }

  /** Until promises and the ends of turns have nothing more to do. */
  async #rest(): Promise<void> {
    do await nextRound();
    while (this.#sim.network.isUnflushed);
  }

  async #isMovedFromOutside(isDone: () => boolean): Promise<boolean> {
    const { clock } = this.#sim;
    const until = performance.now() + OUTSIDE_MS;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (clock.pending > 0 || isDone()) return true;
    }
    return false;
  }
}
