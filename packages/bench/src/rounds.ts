import type { Case } from "./cases.ts";
import type { Contender } from "./contender.ts";
import type { Sample } from "./pair.ts";
import { rotated } from "./statistics.ts";

export interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  /** Ahead of each round, the same case. */
  readonly warmUpMs: number;
  /** Once in each fresh process, some of everything. */
  readonly processWarmUpMs: number;
  /** Fresh processes for each round, or the same ones for all. */
  readonly isFresh: boolean;
}

/** What the rounds need of a pair of processes. */
export interface Measurable extends AsyncDisposable {
  /** @returns undefined if the contender cannot do this case */
  measure(test: string, durationMs: { warmUp: number; round: number }): Promise<Sample | undefined>;
}

/** What is measured: the contenders of each case. */
export type Matrix = ReadonlyMap<Case, readonly Contender[]>;

/** By case and contender: a sample for each round, or none where it failed or cannot be done. */
export class Samples {
  readonly #samples = new Map<string, (Sample | undefined)[]>();

  add(test: Case, { name }: Contender, round: number, sample: Sample): void {
    const key = `${test.name}/${name}`;
    const samples = this.#samples.get(key) ?? [];
    samples[round] = sample;
    this.#samples.set(key, samples);
  }

  /** By round, with gaps. */
  of(test: Case, name: string): readonly (Sample | undefined)[] {
    return this.#samples.get(`${test.name}/${name}`) ?? [];
  }
}

/**
 * Measures every case with all its contenders, round by round.
 *
 * Each round has fresh processes, a pair for each contender, for it is between processes that figures
 * differ most: what got compiled how, and what the heap looks like. They live side by side, idle but
 * for their turn, and do the cases one after the other, so that all contenders do a case within a few
 * seconds: what disturbs one disturbs all. Fresh processes for each single measurement would be
 * cleaner still, but need two seconds each to get warm: an hour in place of a quarter.
 *
 * @param start a pair, warmed up
 * @param onFailure told what went wrong with whom; the pair has no further part in this round
 */
export async function runRounds(
  matrix: Matrix,
  plan: Plan,
  start: (contender: Contender) => Promise<Measurable>,
  onFailure: (contender: Contender, error: unknown) => void,
): Promise<Samples> {
  const samples = new Samples();
  const contenders = [...new Set([...matrix.values()].flat())];
  const durationMs = { warmUp: plan.warmUpMs, round: plan.roundMs };
  const pairs = new Map<Contender, Measurable>();
  const end = async (contender: Contender) => {
    const pair = pairs.get(contender);
    pairs.delete(contender);
    await pair?.[Symbol.asyncDispose]();
  };
  const attempt = async (contender: Contender, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      onFailure(contender, error);
      await end(contender);
    }
  };
  try {
    for (let round = 0; round < plan.rounds; round++) {
      if (plan.isFresh || round === 0) {
        await Promise.all(contenders.map(end));
        for (const contender of rotated(contenders, round)) {
          await attempt(contender, async () => void pairs.set(contender, await start(contender)));
        }
      }
      for (const [test, wanted] of matrix) {
        for (const contender of rotated(wanted, round)) {
          await attempt(contender, async () => {
            const sample = await pairs.get(contender)?.measure(test.name, durationMs);
            if (sample !== undefined) samples.add(test, contender, round, sample);
          });
        }
      }
    }
  } finally {
    await Promise.all(contenders.map(end));
  }
  return samples;
}
