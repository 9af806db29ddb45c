import type { ItemBytes } from "./frame.ts";
import { seqAfter, seqDistance } from "./serial.ts";

const FIRST_SLOTS = 64;

/**
 * Encoded items kept until the peer has them, oldest first, without frame headers: a replayed
 * item gets a fresh one.
 *
 * A ring of parts instead of objects: one object for each item would outlive the collector's
 * first round, which costs more than all else that is done for it.
 */
// r[impl stable.replay-buffer]
// r[impl stable.x.fresh-ack-header]
export class ReplayBuffer {
  #buffers: (Uint8Array | undefined)[] = new Array(FIRST_SLOTS);
  #starts: number[] = new Array(FIRST_SLOTS);
  #ends: number[] = new Array(FIRST_SLOTS);
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
    if (this.#frames === this.#buffers.length) this.#grow();
    const slot = this.#slot(this.#frames);
    this.#buffers[slot] = bytes;
    this.#starts[slot] = start;
    this.#ends[slot] = end;
    this.#frames++;
    this.#bytes += end - start;
  }

  /** The item with this number, if it is kept. */
  get(seq: number): ItemBytes | undefined {
    const index = seqDistance(seq, this.#first);
    return index < this.#frames ? this.#at(index) : undefined;
  }

  #at(index: number): ItemBytes {
    const slot = this.#slot(index);
    return {
      bytes: this.#buffers[slot] as Uint8Array,
      start: this.#starts[slot] as number,
      end: this.#ends[slot] as number,
    };
  }

  #slot(index: number): number {
    return (this.#head + index) & (this.#buffers.length - 1);
  }

  /** Forgets everything up to and including `maxDelivered`. */
  // r[impl stable.ack.trim]
  trim(maxDelivered: number): void {
    while (this.#frames > 0 && !seqAfter(this.#first, maxDelivered)) {
      const slot = this.#head;
      this.#buffers[slot] = undefined;
      this.#bytes -= (this.#ends[slot] as number) - (this.#starts[slot] as number);
      this.#head = this.#slot(1);
      this.#frames--;
      this.#first = (this.#first + 1) >>> 0;
    }
  }

  clear(): void {
    this.#resize(FIRST_SLOTS, 0);
    this.#bytes = 0;
  }

  #grow(): void {
    this.#resize(this.#buffers.length * 2, this.#frames);
  }

  /** @param kept items, of the oldest, that are taken along */
  #resize(slots: number, kept: number): void {
    const items = Array.from({ length: kept }, (_, index) => this.#at(index));
    this.#buffers = new Array(slots);
    this.#starts = new Array(slots);
    this.#ends = new Array(slots);
    this.#head = 0;
    this.#frames = 0;
    this.#bytes = 0;
    for (const item of items) this.push(this.#first + this.#frames, item);
  }
}
