import { Reader } from "roam-postcard";
import { copied } from "../internal/copied.ts";
import { lend } from "./release.ts";

/** Shorter byte arrays are copied: a slot holds more than them, and would be kept for each. */
const VIEW_FROM_BYTES = 32 * 1024;

/** A slot that somebody still refers to: the session while it decodes, and each byte array that was made of it. */
class Lease {
  #holders = 1;
  readonly #free: () => void;

  /** @param free gives the slot back */
  constructor(free: () => void) {
    this.#free = free;
  }

  hold(): void {
    this.#holders++;
  }

  drop(): void {
    if (--this.#holders === 0) this.#free();
  }
}

/**
 * Bytes that others can write to: single ones are read in place, any stretch of them is a copy. What the platform
 * decodes must not change meanwhile: it measures a text first, and then writes it into what it has measured.
 */
class GuardedBytes extends Uint8Array {
  static get [Symbol.species]() {
    return Uint8Array;
  }

  override subarray(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return copied(super.subarray(start, end)) as Uint8Array<ArrayBuffer>;
  }
}

/**
 * A payload in a slot that is decoded in place. Long byte arrays of the decoded value are views of the slot until they
 * are released; all else is the receiver's to keep.
 */
// r[impl shm.x.untrusted]
export class ViewedPayload extends Reader {
  readonly #lease: Lease;

  /** @param free gives the slot back; it must not refer to this object */
  constructor(bytes: Uint8Array, free: () => void) {
    super(new GuardedBytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length));
    const lease = new Lease(free);
    this.#lease = lease;
    const drop = () => lease.drop();
    this.lend = (start, end) => {
      const view = bytes.subarray(start, end);
      if (view.length < VIEW_FROM_BYTES) return copied(view);
      lease.hold();
      lend(view, drop);
      return view;
    };
  }

  /** The one who was handed it has returned: what it did not decode is copied, for it may have kept this reader. */
  settle(): void {
    if (this.remaining > 0) this.detach();
    this.#lease.drop();
  }
}
