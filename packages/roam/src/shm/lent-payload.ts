import { Reader } from "roam-postcard";
import { dispose } from "../internal/dispose.ts";
import { lend, release } from "./release.ts";

/**
 * A payload that stands where its sender has written it, in a slot of shared memory. It is good until it is released;
 * the sender, or any other process of the segment, can write there meanwhile.
 */
// r[impl zerocopy.backing.varslot]
export class LentPayload extends Reader {
  /** @param free gives the slot back; it must not refer to this object */
  constructor(bytes: Uint8Array, free: () => void) {
    super(bytes);
    lend(this, free);
  }

  /** Gives the slot back: its bytes are somebody else's from now on. */
  release(): void {
    release(this);
  }

  [dispose](): void {
    this.release();
  }
}
