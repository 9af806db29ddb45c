import { Reader } from "roam-postcard";
import { dispose } from "../internal/dispose.ts";

// A net for those who forget: the slot comes back at some time, unless the bytes are still referred to.
const forgotten = new FinalizationRegistry<() => void>((free) => free());

/**
 * A payload that stands where its sender has written it, in a slot of shared memory. It is good until it is released;
 * the sender, or any other process of the segment, can write there meanwhile.
 */
// r[impl zerocopy.backing.varslot]
export class LentPayload extends Reader {
  #free: (() => void) | undefined;

  /** @param free gives the slot back; it must not refer to this object */
  constructor(bytes: Uint8Array, free: () => void) {
    super(bytes);
    this.#free = free;
    forgotten.register(this, free, this);
  }

  /** Gives the slot back: its bytes are somebody else's from now on. */
  release(): void {
    const free = this.#free;
    if (free === undefined) return;
    this.#free = undefined;
    forgotten.unregister(this);
    free();
  }

  [dispose](): void {
    this.release();
  }
}
