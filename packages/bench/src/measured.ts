import type { Case } from "./cases.ts";
import type { Contender } from "./contender.ts";
import { type Role, roleOf } from "./contenders.ts";
import type { Sample } from "./pair.ts";
import type { Matrix, Samples } from "./rounds.ts";
import { median } from "./statistics.ts";

/** What one contender did in one case. */
export interface Measured {
  readonly contender: string;
  readonly role: Role;
  /** Round by round. */
  readonly samples: readonly Sample[];
  /** Against others, each round with the same round of theirs; undefined where they were not measured. */
  readonly ofRaw: readonly number[] | undefined;
  /** The raw lane's CPU time against its own, both sides together: steadier on a busy machine. */
  readonly ofRawCpu: readonly number[] | undefined;
  /** Against the raw lane that has a window of 16 items; for streams with that credit. */
  readonly ofRawCredit: readonly number[] | undefined;
  /** Ours against the fastest of the others. */
  readonly ofBestPeer: readonly number[] | undefined;
}

/** A case, with those that did it. */
export interface CaseResult {
  readonly test: Case;
  readonly bestPeer: string | undefined;
  readonly measured: readonly Measured[];
}

const rate = (sample: Sample) => sample.perSecond;
/** As a rate, so that more is better here too. */
const perCpuUs = (sample: Sample) => 1 / (sample.clientUs + sample.serverUs);
const isThere = (sample: Sample | undefined): sample is Sample => sample !== undefined;

/** @returns undefined without a round that both have */
function ratios(
  ours: readonly (Sample | undefined)[],
  theirs: readonly (Sample | undefined)[],
  figure: (sample: Sample) => number,
): number[] | undefined {
  const all = ours.flatMap((sample, round) => {
    const other = theirs[round];
    return sample && other ? [figure(sample) / figure(other)] : [];
  });
  return all.length === 0 ? undefined : all;
}

function resultOf(test: Case, contenders: readonly Contender[], samples: Samples): CaseResult {
  const of = (name: string) => samples.of(test, name);
  const done = contenders.filter(({ name }) => of(name).some(isThere));
  const medianRate = (name: string) => median(of(name).filter(isThere).map(rate));
  const [bestPeer] = done
    .map(({ name }) => name)
    .filter((name) => roleOf(name) === "peer")
    .sort((a, b) => medianRate(b) - medianRate(a));
  const measured = done.map(({ name, raw }): Measured => {
    const against = (other: string | undefined, figure = rate) =>
      other === undefined ? undefined : ratios(of(name), of(other), figure);
    const role = roleOf(name);
    return {
      contender: name,
      role,
      samples: of(name).filter(isThere),
      ofRaw: against(raw),
      ofRawCpu: against(raw, perCpuUs),
      ofRawCredit: against(test.credit === 16 && raw !== undefined ? `${raw}-credit` : undefined),
      ofBestPeer: against(role === "ours" ? bestPeer : undefined),
    };
  });
  return { test, bestPeer, measured };
}

/** By case, in order, without those that nobody did. */
export function resultsOf(matrix: Matrix, samples: Samples): CaseResult[] {
  return [...matrix]
    .map(([test, contenders]) => resultOf(test, contenders, samples))
    .filter(({ measured }) => measured.length > 0);
}

export const medianRate = ({ samples }: Measured): number => median(samples.map(rate));
export const medianClientUs = ({ samples }: Measured): number => median(samples.map((s) => s.clientUs));
export const medianServerUs = ({ samples }: Measured): number => median(samples.map((s) => s.serverUs));
