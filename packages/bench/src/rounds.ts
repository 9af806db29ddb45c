import type { Case } from "./cases.ts";
import type { Peer } from "./peer.ts";

export interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** What one lane did in one case: per second, round by round. */
export interface Measured {
  readonly case: string;
  readonly lane: string;
  readonly unit: Case["unit"];
  readonly perSecond: readonly number[];
  /** Against the bare lane, each round with its neighbour's; undefined where there is none. */
  readonly ofRaw: readonly number[] | undefined;
}

export interface OpenLane {
  readonly name: string;
  readonly raw: string | undefined;
  readonly peer: Peer;
}

/** One round. @returns per second */
async function measure(test: Case, peer: Peer, durationMs: number): Promise<number> {
  const start = performance.now();
  const done = await test.run(peer, durationMs);
  return (done * 1000) / (performance.now() - start);
}

/** A case on all lanes in turn (A B C, A B C, …), so that what disturbs one disturbs all. */
export async function runCase(test: Case, open: readonly OpenLane[], plan: Plan): Promise<Measured[]> {
  const rates = new Map<string, number[]>(open.map(({ name }) => [name, []]));
  for (const { peer } of open) await measure(test, peer, plan.warmUpMs);
  for (let round = 0; round < plan.rounds; round++) {
    for (const { name, peer } of open) rates.get(name)?.push(await measure(test, peer, plan.roundMs));
  }
  return open.map(({ name, raw }) => {
    const perSecond = rates.get(name) ?? [];
    const bare = raw === undefined ? undefined : rates.get(raw);
    const ofRaw = bare && perSecond.map((rate, round) => rate / (bare[round] as number));
    return { case: test.name, lane: name, unit: test.unit, perSecond, ofRaw };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
