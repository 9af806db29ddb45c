import { Column, lowerBound } from "./column.ts";
import { FIRST_TROUBLE } from "./event-kind.ts";

const BLOCK = 256;

/** A call that has begun and not ended. */
export interface OpenCall {
  readonly id: number;
  readonly beginMs: number;
  /** Of its `call-begin`. */
  readonly number: number;
}

/** A call that is over. */
export interface EndedCall {
  readonly id: number;
  readonly beginMs: number;
  readonly endMs: number;
  readonly outcome: number;
  /** Of its `call-end`, and of its `call-begin` (-1 where that is not there). */
  readonly number: number;
  readonly beginNumber: number;
}

/** The calls of one method on one side of a connection, in the order in which they ended. */
export class CallTrack {
  readonly method: string;
  readonly isHandler: boolean;
  readonly open = new Map<number, OpenCall>();
  readonly ends = new Column(Float64Array);
  readonly ms = new Column(Float32Array);
  readonly outcomes = new Column(Uint8Array);
  readonly numbers = new Column(Uint32Array);
  readonly beginNumbers = new Column(Float64Array);
  readonly ids = new Column(Float64Array);
  /** Up to each call: how many had trouble. Differences count between two places in constant time. */
  readonly #troubled = new Column(Uint32Array);
  /** Longest call of each block (ms): what reaches far is found without a look at each. */
  #longest = new Column(Float32Array);

  constructor(method: string, isHandler: boolean) {
    this.method = method;
    this.isHandler = isHandler;
  }

  get count(): number {
    return this.ends.length;
  }

  get troubled(): number {
    return this.troubledBetween(0, this.count);
  }

  begin(id: number, beginMs: number, number: number): void {
    this.open.set(id, { id, beginMs, number });
  }

  end(id: number, endMs: number, ms: number, outcome: number, number: number): void {
    const open = this.open.get(id);
    if (open !== undefined) this.open.delete(id);
    const index = this.ends.length;
    this.ends.push(endMs);
    this.ms.push(ms);
    this.outcomes.push(outcome);
    this.numbers.push(number);
    this.beginNumbers.push(open?.number ?? -1);
    this.ids.push(id);
    this.#troubled.push(this.#troubled.last + (outcome >= FIRST_TROUBLE ? 1 : 0));
    this.#note(index, ms);
  }

  /** Calls with trouble among those from one place to before another. */
  troubledBetween(from: number, to: number): number {
    if (to <= from) return 0;
    const first = FIRST_TROUBLE <= this.outcomes.at(from) ? 1 : 0;
    return this.#troubled.at(to - 1) - this.#troubled.at(from) + first;
  }

  call(index: number): EndedCall {
    const endMs = this.ends.at(index);
    return {
      id: this.ids.at(index),
      beginMs: endMs - this.ms.at(index),
      endMs,
      outcome: this.outcomes.at(index),
      number: this.numbers.at(index),
      beginNumber: this.beginNumbers.at(index),
    };
  }

  /**
   * Calls of at least `leastMs` that were under way between two times, `most` of them; blocks of short
   * ones are passed over.
   */
  *longCalls(fromMs: number, toMs: number, leastMs: number, most: number): Generator<number> {
    const { ends, ms } = this;
    let left = most;
    for (let i = lowerBound(ends.values, ends.length, fromMs); i < ends.length; ) {
      const block = Math.floor(i / BLOCK);
      const end = Math.min(ends.length, (block + 1) * BLOCK);
      const longest = this.#longest.at(block);
      if (longest >= leastMs && ends.at(i) - longest <= toMs) {
        for (; i < end; i++) {
          const length = ms.values[i] as number;
          if (length < leastMs || (ends.values[i] as number) - length > toMs) continue;
          yield i;
          if (--left === 0) return;
        }
      }
      i = end;
    }
  }

  /** Forgets the calls whose events are not there any more. */
  dropBefore(number: number): void {
    for (const [id, call] of this.open) if (call.number < number) this.open.delete(id);
    const count = lowerBound(this.numbers.values, this.numbers.length, number);
    if (count === 0) return;
    const columns = [this.ends, this.ms, this.outcomes, this.numbers, this.beginNumbers, this.ids];
    for (const column of [...columns, this.#troubled]) column.drop(count);
    this.#longest = new Column(Float32Array);
    for (let i = 0; i < this.count; i++) this.#note(i, this.ms.at(i));
  }

  #note(index: number, ms: number): void {
    const block = Math.floor(index / BLOCK);
    if (block === this.#longest.length) this.#longest.push(ms);
    else if (ms > this.#longest.at(block)) this.#longest.values[block] = ms;
  }
}
