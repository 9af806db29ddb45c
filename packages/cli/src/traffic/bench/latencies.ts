/** Buckets for each doubling of time: values are told to within 1 / 64 of themselves. */
const PER_DOUBLING = 32;
/** Of the first bucket (ms): below it nothing is told apart. */
const LEAST_MS = 0.001;

/** One bar of a histogram: calls that took up to so long, and longer than the one before. */
export interface LatencyBucket {
  readonly upToMs: number;
  readonly calls: number;
}

/** How long calls took, in memory that does not grow with them. */
export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  add(ms: number): void {
    const index = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * PER_DOUBLING);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#count++;
    this.#sumMs += ms;
    if (ms < this.#minMs) this.#minMs = ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get count(): number {
    return this.#count;
  }

  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** The time that this share of calls did not exceed (ms). @param share from 0 to 1 */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      seen += this.#buckets[index] ?? 0;
      // Nobody waited longer than the longest, whatever the bucket's end.
      if (seen >= rank) return Math.min(this.#maxMs, Math.max(this.#minMs, upperMs(index)));
    }
    return this.#maxMs;
  }

  /** Bars of equal width on a logarithmic scale, the empty ones between others included. */
  bars(perDoubling: number): LatencyBucket[] {
    const step = PER_DOUBLING / perDoubling;
    const bars = new Map<number, number>();
    for (let index = 0; index < this.#buckets.length; index++) {
      const calls = this.#buckets[index] ?? 0;
      if (calls === 0) continue;
      const bar = Math.ceil(index / step);
      bars.set(bar, (bars.get(bar) ?? 0) + calls);
    }
    const found = [...bars.keys()];
    const [first, last] = [Math.min(...found), Math.max(...found)];
    if (found.length === 0) return [];
    return Array.from({ length: last - first + 1 }, (_, at) => ({
      upToMs: upperMs((first + at) * step),
      calls: bars.get(first + at) ?? 0,
    }));
  }
}

function upperMs(index: number): number {
  return LEAST_MS * 2 ** (index / PER_DOUBLING);
}
