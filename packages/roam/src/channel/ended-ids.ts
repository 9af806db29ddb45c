import type { Id } from "../wire/message.ts";

/** Stretches remembered at most; beyond that the two oldest become one. */
const MAX_INTERVALS = 4096;

interface Interval {
  first: number;
  last: number;
}

/**
 * Ids that were in use and are over, of one parity. They come nearly in order, so they are
 * kept as stretches of neighbours (2 apart).
 */
export class EndedIds {
  /** Ascending, with a gap between any two. */
  readonly #intervals: Interval[] = [];
  /** Ids from 2^53 on, one by one: no peer counts that far, but one may start there. */
  #huge: Set<bigint> | undefined;

  add(id: Id): void {
    if (typeof id === "bigint") return this.#addHuge(id);
    const intervals = this.#intervals;
    // From the end: what ends is mostly young.
    let at = intervals.length;
    while (at > 0 && (intervals[at - 1] as Interval).first > id) at--;
    const before = intervals[at - 1];
    const after = intervals[at];
    const joinsBefore = before !== undefined && before.last + 2 >= id;
    const joinsAfter = after !== undefined && id + 2 >= after.first;
    if (joinsBefore && joinsAfter) {
      before.last = after.last;
      intervals.splice(at, 1);
    } else if (joinsBefore) before.last = Math.max(before.last, id);
    else if (joinsAfter) after.first = id;
    else intervals.splice(at, 0, { first: id, last: id });
    // Ids skipped so long ago will not come: taking them for ended bounds the memory.
    if (intervals.length > MAX_INTERVALS) {
      const oldest = intervals.shift() as Interval;
      (intervals[0] as Interval).first = oldest.first;
    }
  }

  #addHuge(id: bigint): void {
    this.#huge ??= new Set();
    const huge = this.#huge;
    huge.add(id);
    if (huge.size <= MAX_INTERVALS) return;
    const [oldest] = huge;
    if (oldest !== undefined) huge.delete(oldest);
  }

  has(id: Id): boolean {
    if (typeof id === "bigint") return this.#huge?.has(id) ?? false;
    for (let at = this.#intervals.length - 1; at >= 0; at--) {
      const { first, last } = this.#intervals[at] as Interval;
      if (id > last) return false;
      if (id >= first) return true;
    }
    return false;
  }
}
