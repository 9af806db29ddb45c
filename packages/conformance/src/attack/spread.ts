/** Quartiles of a sample. */
export interface Spread {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** `12.3 (11.0 to 14.9)`. */
export function showSpread({ lower, median, upper }: Spread): string {
  return `${median.toFixed(1)} (${lower.toFixed(1)} to ${upper.toFixed(1)})`;
}
