import { CorruptError, type Taken } from "./byte-ring.ts";

/** Ahead of each payload, its length (u32, little-endian). */
export const LENGTH_BYTES = 4;
/** Stands in the place of a length: behind it the size of a batch that goes by the port (u32). */
const ELSEWHERE = 0xffff_ffff;
export const MARKER_BYTES = 8;

/** What a ring carries in the place of a batch of so many bytes that goes by the port. */
export function marker(bytes: number): Uint8Array {
  const eight = new Uint8Array(MARKER_BYTES);
  const view = new DataView(eight.buffer);
  view.setUint32(0, ELSEWHERE, true);
  view.setUint32(4, bytes, true);
  return eight;
}

/** Goes through payloads that lie one behind the other, each behind its length. */
export class BatchCursor {
  readonly bytes: Uint8Array;
  readonly #end: number;
  #next: number;
  /** Where the payload last come to lies in `bytes`. */
  start = 0;
  end = 0;
  /** Set for a marker: size of the batch that belongs in its place. */
  elsewhereBytes: number | undefined;

  constructor({ bytes, start, end }: Taken) {
    this.bytes = bytes;
    this.#next = start;
    this.#end = end;
  }

  /**
   * Goes on to the next payload, or to a marker.
   *
   * @returns false at the end of the batch
   * @throws CorruptError `io` for a length that runs past it
   */
  advance(): boolean {
    this.elsewhereBytes = undefined;
    const at = this.#next;
    if (at === this.#end) return false;
    this.start = at + LENGTH_BYTES;
    const length = this.start > this.#end ? Number.POSITIVE_INFINITY : this.#u32(at);
    if (length === ELSEWHERE && at + MARKER_BYTES <= this.#end) {
      this.elsewhereBytes = this.#u32(this.start);
      this.end = at + MARKER_BYTES;
    } else this.end = this.start + length;
    if (this.end > this.#end) throw new CorruptError("a batch with lengths that run past its end");
    this.#next = this.end;
    return true;
  }

  #u32(at: number): number {
    const { bytes } = this;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    return low + (bytes[at + 3] as number) * 0x100_0000;
  }
}
