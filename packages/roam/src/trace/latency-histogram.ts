import type { Latency } from "../session/session-stats.ts";

/** Buckets to an octave: each is 13 % wide at most. */
const STEPS = 8;
/** A microsecond; what is shorter counts as that. */
const LEAST_MS = 0.001;
/** Octaves: up to 2^27 µs, some two minutes; what is longer counts as that. */
const OCTAVES = 27;

/** Counts times by their magnitude, in a fixed space. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(STEPS * OCTAVES);
  #count = 0;
  #max = 0;

  add(ms: number): void {
    this.#count++;
    if (ms > this.#max) this.#max = ms;
    const bucket = Math.floor(Math.log2(Math.max(ms, LEAST_MS) / LEAST_MS) * STEPS);
    const at = Math.min(bucket, this.#counts.length - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  /** Undefined before the first. */
  get latency(): Latency | undefined {
    if (this.#count === 0) return undefined;
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => this.#quantile(share)) as [
      number,
      number,
      number,
    ];
    return { count: this.#count, p50, p90, p99, max: this.#max };
  }

  /** The middle of the bucket that so great a share reaches (ms). */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    let at = 0;
    for (; at < this.#counts.length - 1; at++) {
      left -= this.#counts[at] as number;
      if (left <= 0) break;
    }
    return Math.min(LEAST_MS * 2 ** ((at + 0.5) / STEPS), this.#max);
  }
}
