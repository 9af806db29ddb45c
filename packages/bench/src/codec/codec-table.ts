import type { Direction } from "../codec-child.ts";
import { median } from "../statistics.ts";
import { CASE_NAMES, type CaseName, TITLES } from "./codec-cases.ts";
import { type CodecMeasured, DIRECTIONS } from "./codec-rounds.ts";
import { BY_HAND, CLOSURES, OURS } from "./contestants.ts";

/** How ours compares: rates over rates, each round with its neighbour's, then the median. */
export interface Verdict {
  readonly case: CaseName;
  readonly direction: Direction;
  /** The fastest of the other codecs. */
  readonly best: string | undefined;
  readonly ofBest: number;
  readonly ofHand: number;
  readonly ofClosures: number;
}

function ratio(over: CodecMeasured, under: CodecMeasured | undefined, direction: Direction): number {
  const neighbours = under?.perSecond[direction] ?? [];
  return median(over.perSecond[direction].map((rate, round) => rate / (neighbours[round] ?? Number.NaN)));
}

export function verdicts(measured: readonly CodecMeasured[]): Verdict[] {
  return CASE_NAMES.flatMap((name) => {
    const inCase = measured.filter((one) => one.case === name);
    const find = (codec: string | undefined) => inCase.find((one) => one.codec === codec);
    const ours = find(OURS);
    if (ours === undefined) return [];
    const others = inCase.filter(({ codec }) => ![OURS, BY_HAND, CLOSURES].includes(codec));
    return DIRECTIONS.map((direction) => {
      const rate = (one: CodecMeasured) => median(one.perSecond[direction]);
      const best = others.toSorted((a, b) => rate(b) - rate(a))[0]?.codec;
      return {
        case: name,
        direction,
        best,
        ofBest: ratio(ours, find(best), direction),
        ofHand: ratio(ours, find(BY_HAND), direction),
        ofClosures: ratio(ours, find(CLOSURES), direction),
      };
    });
  });
}

/** A rate in three figures: 12.3M, 456k, 78. */
export function short(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toPrecision(3)}M`;
  if (rate >= 1e3) return `${(rate / 1e3).toPrecision(3)}k`;
  return rate.toFixed(0);
}

function row(widths: readonly number[], cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
    .join(" ")
    .trimEnd();
}

const RATES = [12, 10, 9, 15, 9, 15];
const RATIOS = [18, 22, 9, 14];

function caseLines(name: CaseName, measured: readonly CodecMeasured[]): string[] {
  const inCase = measured.filter((one) => one.case === name);
  if (inCase.length === 0) return [];
  const rates = (all: readonly number[]) => [
    short(median(all)),
    `${short(Math.min(...all))}-${short(Math.max(...all))}`,
  ];
  return [
    `${TITLES[name]} [${name}]`,
    row(RATES, ["", "bytes", "encode/s", "min-max", "decode/s", "min-max"]),
    ...inCase.map(({ codec, bytes, perSecond: { encode, decode } }) =>
      row(RATES, [codec, bytes.toLocaleString("en-US"), ...rates(encode), ...rates(decode)]),
    ),
    "",
  ];
}

function verdictLines(all: readonly Verdict[]): string[] {
  if (all.length === 0) return [];
  const figure = (value: number) => (Number.isNaN(value) ? "" : value.toFixed(2));
  return [
    row(RATIOS, ["ours against", "best of the others", BY_HAND, CLOSURES]),
    ...all.map(({ case: name, direction, best = "", ofBest, ofHand, ofClosures }) =>
      row(RATIOS, [`${name} ${direction}`, `${best} ${figure(ofBest)}`, figure(ofHand), figure(ofClosures)]),
    ),
  ];
}

/** A table for each case, then what it comes to. Rates are medians of all rounds. */
export function codecTable(measured: readonly CodecMeasured[]): string {
  const cases = CASE_NAMES.flatMap((name) => caseLines(name, measured));
  return [...cases, ...verdictLines(verdicts(measured))].join("\n");
}
