import type { FaultPlan, SimulationResult } from "roam/testing";
import { randomPlan, simulate } from "roam/testing";
import { byteCases } from "./byte-cases.ts";
import { byteScenario, Small } from "./byte-scenario.ts";
import type { SimOptions } from "./options.ts";
import { Stream, streamScenario } from "./stream-scenario.ts";

/** One run. */
export interface SimCase {
  readonly seed: number;
  readonly plan: FaultPlan;
}

/** Gives the cases of one of several processes, each after the result of the one before. */
export type Campaign = Generator<SimCase, void, SimulationResult>;

/** Every tenth seed may restart the server too, which ends sessions. */
export function planOf(seed: number): FaultPlan {
  return randomPlan(seed, { restarts: seed % 10 === 9 });
}

/** The share of a process of all that is asked for. */
export function campaignOf(options: SimOptions, part: number): Campaign {
  return options.everyByte ? byteCases(options, part) : seedCases(options, part);
}

export function runCase({ everyByte }: SimOptions, { seed, plan }: SimCase): Promise<SimulationResult> {
  return everyByte
    ? simulate(Small, byteScenario, { seed, plan })
    : simulate(Stream, streamScenario, { seed, plan });
}

function* seedCases({ from, seeds, jobs }: SimOptions, part: number): Campaign {
  for (let seed = from + part; seed < from + seeds; seed += jobs) yield { seed, plan: planOf(seed) };
}
