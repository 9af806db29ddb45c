import { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";

/** A payload up to this size is allocated whole when its prefix is read (bytes). */
const EAGER_BYTES = 64 * 1024;

/**
 * Cuts a byte stream into payloads: each stands behind its length, a u32 little-endian.
 * A payload inside one chunk is a view on it; one that spans chunks is copied once.
 */
// r[impl transport.stream]
// r[impl zerocopy.framing.link.stream]
// r[impl zerocopy.recv.stream]
export class LengthPrefix {
  #prefix = 0;
  #prefixBytes = 0;
  #payload: Uint8Array | undefined;
  #filled = 0;

  /** True in the middle of a payload: the end of the stream here is an error. */
  get isInsidePayload(): boolean {
    return this.#payload !== undefined;
  }

  /**
   * Takes the next chunk of the stream.
   *
   * @param maxBytes asked before each payload, for the limit may change while a chunk is cut
   * @throws RoamError `too-large`, before anything is allocated
   */
  push(chunk: Uint8Array, maxBytes: () => number, onPayload: (payload: Reader) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload !== undefined) {
        at = this.#fill(this.#payload, chunk, at, onPayload);
        continue;
      }
      if (this.#prefixBytes < 4) {
        this.#prefix |= (chunk[at++] as number) << (8 * this.#prefixBytes++);
        if (this.#prefixBytes < 4) continue;
      }
      const length = this.#prefix >>> 0;
      // r[impl link.x.length-limit]
      if (length > maxBytes()) {
        throw new RoamError("too-large", `length prefix ${length} is above the limit of ${maxBytes()} bytes`);
      }
      this.#prefix = 0;
      this.#prefixBytes = 0;
      if (at + length <= chunk.length) {
        // r[impl link.message.empty]
        onPayload(new Reader(chunk, at, at + length));
        at += length;
      } else {
        // r[impl link.x.lazy-alloc]
        this.#payload = new Uint8Array(Math.min(length, EAGER_BYTES));
        this.#announced = length;
        this.#filled = 0;
      }
    }
  }

  #announced = 0;

  #fill(payload: Uint8Array, chunk: Uint8Array, at: number, onPayload: (payload: Reader) => void): number {
    const end = Math.min(chunk.length, at + this.#announced - this.#filled);
    let target = payload;
    if (this.#filled + end - at > target.length) {
      // Doubling with what has arrived: an announced length alone costs nothing.
      const size = Math.max(target.length * 2, this.#filled + end - at);
      target = new Uint8Array(Math.min(this.#announced, size));
      target.set(payload.subarray(0, this.#filled));
      this.#payload = target;
    }
    target.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === this.#announced) {
      this.#payload = undefined;
      onPayload(new Reader(target));
    }
    return end;
  }
}
