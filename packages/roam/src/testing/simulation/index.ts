export { CALM, type Fault, type FaultPlan, type SeenBy, type Side } from "./fault-plan.ts";
export { randomPlan } from "./random-plan.ts";
export type { Scenario, ScenarioSource } from "./scenario.ts";
export { SeededRandom } from "./seeded-random.ts";
export { shrinkPlan } from "./shrink-plan.ts";
export { type LinkBytes, type NetworkCounts, SimNetwork } from "./sim-network.ts";
export type { SimEvent } from "./sim-trace.ts";
export { type SimulateOptions, type SimulationResult, simulate } from "./simulate.ts";
export {
  explainFailure,
  type SimulateSeedsOptions,
  SimulationError,
  simulateSeeds,
} from "./simulate-seeds.ts";
export type { Simulation } from "./simulation.ts";
