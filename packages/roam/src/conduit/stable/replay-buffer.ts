import { Deque } from "../../internal/deque.ts";
import type { ItemBytes } from "./frame.ts";
import { seqAfter, seqDistance } from "./serial.ts";

const FIRST_SLOTS = 64;

/** Items in a row that lie in the same array. */
interface Stretch {
  /** Number of the first of them. */
  readonly first: number;
  readonly bytes: Uint8Array;
}

/**
 * Encoded items kept until the peer has them, oldest first, without frame headers: a replayed
 * item gets a fresh one.
 *
 * A ring of numbers instead of objects, for what is kept for each item outlives the collector's
 * first round, and that costs more than all else that is done for it.
 */
// r[impl stable.replay-buffer]
// r[impl stable.x.fresh-ack-header]
export class ReplayBuffer {
  /** Where each item starts and ends in the array of its stretch. */
  #bounds = new Uint32Array(2 * FIRST_SLOTS);
  readonly #stretches = new Deque<Stretch>();
  #newest: Uint8Array | undefined;
  #head = 0;
  #frames = 0;
  #bytes = 0;
  /** Number of the oldest item; of the next one to come while there is none. */
  #first = 0;

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Numbers follow one another: `seq` is one after the newest. */
  push(seq: number, { bytes, start, end }: ItemBytes): void {
    if (this.#frames === 0) this.#first = seq;
    if (bytes !== this.#newest) {
      this.#stretches.push({ first: seq, bytes });
      this.#newest = bytes;
    }
    if (2 * this.#frames === this.#bounds.length) this.#grow();
    const slot = this.#slot(this.#frames);
    this.#bounds[slot] = start;
    this.#bounds[slot + 1] = end;
    this.#frames++;
    this.#bytes += end - start;
  }

  /** The item with this number, if it is kept. */
  get(seq: number): ItemBytes | undefined {
    const index = seqDistance(seq, this.#first);
    if (index >= this.#frames) return undefined;
    const slot = this.#slot(index);
    return {
      bytes: this.#stretchOf(seq).bytes,
      start: this.#bounds[slot] as number,
      end: this.#bounds[slot + 1] as number,
    };
  }

  #stretchOf(seq: number): Stretch {
    let low = 0;
    let high = this.#stretches.size - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (seqAfter((this.#stretches.at(middle) as Stretch).first, seq)) high = middle - 1;
      else low = middle;
    }
    return this.#stretches.at(low) as Stretch;
  }

  #slot(index: number): number {
    return (this.#head + 2 * index) & (this.#bounds.length - 1);
  }

  /** Forgets everything up to and including `maxDelivered`. */
  // r[impl stable.ack.trim]
  trim(maxDelivered: number): void {
    while (this.#frames > 0 && !seqAfter(this.#first, maxDelivered)) {
      this.#bytes -= (this.#bounds[this.#head + 1] as number) - (this.#bounds[this.#head] as number);
      this.#head = this.#slot(1);
      this.#frames--;
      this.#first = (this.#first + 1) >>> 0;
    }
    this.#dropStretches();
  }

  /** Those without an item; while none is kept, the newest too. */
  #dropStretches(): void {
    if (this.#frames === 0) return this.#forgetStretches();
    let second = this.#stretches.at(1);
    while (second !== undefined && !seqAfter(second.first, this.#first)) {
      this.#stretches.shift();
      second = this.#stretches.at(1);
    }
  }

  #forgetStretches(): void {
    this.#stretches.drain();
    this.#newest = undefined;
  }

  clear(): void {
    this.#bounds = new Uint32Array(2 * FIRST_SLOTS);
    this.#head = 0;
    this.#frames = 0;
    this.#bytes = 0;
    this.#forgetStretches();
  }

  // The size is a power of two, so that the slot wraps by a mask.
  #grow(): void {
    const larger = new Uint32Array(2 * this.#bounds.length);
    larger.set(this.#bounds.subarray(this.#head));
    larger.set(this.#bounds.subarray(0, this.#head), this.#bounds.length - this.#head);
    this.#bounds = larger;
    this.#head = 0;
  }
}
