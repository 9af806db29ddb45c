import { Deque } from "../../internal/deque.ts";
import type { ItemBytes } from "./frame.ts";
import { seqAfter, seqDistance } from "./serial.ts";

/**
 * Encoded items kept until the peer has them, oldest first, without frame headers: a replayed
 * item gets a fresh one.
 */
// r[impl stable.replay-buffer]
// r[impl stable.x.fresh-ack-header]
export class ReplayBuffer {
  readonly #items = new Deque<ItemBytes>();
  /** Number of the oldest item; of the next one to come while there is none. */
  #first = 0;
  #bytes = 0;

  get frames(): number {
    return this.#items.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Numbers follow one another: `seq` is one after the newest. */
  push(seq: number, item: ItemBytes): void {
    if (this.#items.size === 0) this.#first = seq;
    this.#items.push(item);
    this.#bytes += item.end - item.start;
  }

  /** The item with this number, if it is kept. */
  get(seq: number): ItemBytes | undefined {
    return this.#items.at(seqDistance(seq, this.#first));
  }

  /** Forgets everything up to and including `maxDelivered`. */
  // r[impl stable.ack.trim]
  trim(maxDelivered: number): void {
    while (this.#items.size > 0 && !seqAfter(this.#first, maxDelivered)) {
      const { start, end } = this.#items.shift() as ItemBytes;
      this.#bytes -= end - start;
      this.#first = (this.#first + 1) >>> 0;
    }
  }

  clear(): void {
    this.#items.drain();
    this.#bytes = 0;
  }
}
