import type { Contender } from "./contender.ts";
import { type CaseResult, resultsOf } from "./measured.ts";
import { Pair, type PairSetting } from "./pair.ts";
import { type Matrix, type Plan, runRounds } from "./rounds.ts";

/** What came of a run. */
export interface Benched {
  readonly results: readonly CaseResult[];
  /** Something went wrong with some contender; said on standard error already. */
  readonly hasFailed: boolean;
}

/** Measures in fresh processes. @throws TypeError if there is nothing to measure */
export async function bench(matrix: Matrix, plan: Plan, setting: PairSetting): Promise<Benched> {
  if (matrix.size === 0) throw new TypeError("no CASE/LANE matches");
  let hasFailed = false;
  const start = async (contender: Contender) => {
    const pair = await Pair.start(contender, setting);
    try {
      await pair.warmUp(plan.processWarmUpMs);
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  };
  const onFailure = (contender: Contender, error: unknown) => {
    hasFailed = true;
    console.error(`${contender.name} failed: ${error instanceof Error ? error.message : error}`);
  };
  const samples = await runRounds(matrix, plan, start, onFailure);
  return { results: resultsOf(matrix, samples), hasFailed };
}
