import { quantile } from "../chaos/quantile.ts";
import type { PlayedThreat } from "./play-threat.ts";
import type { Threat } from "./threat.ts";

const MIB = 2 ** 20;

export function headOf(): string {
  return [
    "outcome; threat: attack | stopped by",
    "       expected | seen",
    "       victim's memory over its peak before | neighbour's calls, p50/p99 ms before -> during (ratio)",
  ].join("\n");
}

/** A row, for a person to read. */
export function lineOf(threat: Threat, played: PlayedThreat): string {
  const { name, attack, limit, expected } = threat;
  const { failures, seen, growthBytes, before, during, tookMs } = played;
  const outcome = failures.length === 0 ? "ok    " : "FAILED";
  return [
    `${outcome} ${name}: ${attack} | ${limit}`,
    `       ${expected} | ${seen}`,
    `       ${signed(growthBytes / MIB)} MiB | ${spread(before)} -> ${spread(during)} (${ratio(before, during, 0.5)}/${ratio(before, during, 0.99)}), ${during.length} calls in ${(tookMs / 1000).toFixed(1)} s`,
    ...failures.map((failure) => `       FAILED ${failure}`),
  ].join("\n");
}

function spread(values: readonly number[]): string {
  return `${quantile(values, 0.5).toFixed(2)}/${quantile(values, 0.99).toFixed(2)}`;
}

function ratio(before: readonly number[], during: readonly number[], share: number): string {
  return (quantile(during, share) / quantile(before, share)).toFixed(1);
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(0)}`;
}
