export type Counts = Record<string, number>;

/** Adds counts to sums of them. */
export function addCounts(sums: Counts, counts: Readonly<Counts>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
