import { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { PayloadPieces } from "./payload-pieces.ts";

/**
 * Cuts a byte stream into payloads: each stands behind its length, a u32 little-endian.
 * A payload inside one chunk is read from it; one that spans chunks is copied once.
 */
// r[impl transport.stream]
// r[impl zerocopy.framing.link.stream]
// r[impl zerocopy.recv.stream]
export class LengthPrefix {
  #prefix = 0;
  #prefixBytes = 0;
  /** Set in the middle of a payload. */
  #pieces: PayloadPieces | undefined;

  /** True in the middle of a payload: the end of the stream here is an error. */
  get isInsidePayload(): boolean {
    return this.#pieces !== undefined;
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
      if (this.#pieces !== undefined) {
        at = this.#fill(this.#pieces, chunk, at, onPayload);
        continue;
      }
      let length: number;
      if (this.#prefixBytes === 0 && at + 4 <= chunk.length) {
        length = u32At(chunk, at);
        at += 4;
      } else {
        this.#prefix |= (chunk[at++] as number) << (8 * this.#prefixBytes++);
        if (this.#prefixBytes < 4) continue;
        length = this.#prefix >>> 0;
        this.#prefix = 0;
        this.#prefixBytes = 0;
      }
      // r[impl link.x.length-limit]
      if (length > maxBytes()) {
        throw new RoamError("too-large", `length prefix ${length} is above the limit of ${maxBytes()} bytes`);
      }
      if (at + length <= chunk.length) {
        // r[impl link.message.empty]
        onPayload(new Reader(chunk, at, at + length));
        at += length;
      } else {
        // r[impl link.x.lazy-alloc]
        this.#pieces = new PayloadPieces(length);
      }
    }
  }

  #fill(pieces: PayloadPieces, chunk: Uint8Array, at: number, onPayload: (payload: Reader) => void): number {
    const end = Math.min(chunk.length, at + pieces.missingBytes);
    pieces.add(chunk.subarray(at, end));
    if (pieces.missingBytes === 0) {
      this.#pieces = undefined;
      onPayload(new Reader(pieces.join()));
    }
    return end;
  }
}

function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
  return low + (bytes[at + 3] as number) * 0x100_0000;
}
