import { allocate } from "../internal/allocate.ts";

/** Pieces from this size on are kept as they came; smaller ones cost more than their bytes. */
const KEEP_FROM_BYTES = 4 * 1024;
/** Small pieces are put together in arrays of this size. */
const TOGETHER_BYTES = 16 * 1024;

/**
 * A payload that comes in several chunks. Memory is taken as bytes arrive, never for what is only
 * announced, and each byte of a large piece is copied once.
 */
export class PayloadPieces {
  readonly #length: number;
  readonly #pieces: Uint8Array[] = [];
  #missing: number;
  /** Small pieces, and how far they reach. */
  #together: Uint8Array | undefined;
  #filled = 0;

  /** @param length of the whole payload */
  constructor(length: number) {
    this.#length = length;
    this.#missing = length;
  }

  get missingBytes(): number {
    return this.#missing;
  }

  /** @param piece the next bytes, no more than are missing; kept, or copied */
  add(piece: Uint8Array): void {
    this.#missing -= piece.length;
    if (piece.length >= KEEP_FROM_BYTES) {
      this.#closeTogether();
      this.#pieces.push(piece);
      return;
    }
    if (this.#together !== undefined && this.#filled + piece.length > this.#together.length) {
      this.#closeTogether();
    }
    this.#together ??= allocate(Math.min(TOGETHER_BYTES, piece.length + this.#missing));
    this.#together.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  #closeTogether(): void {
    if (this.#together === undefined) return;
    this.#pieces.push(this.#together.subarray(0, this.#filled));
    this.#together = undefined;
    this.#filled = 0;
  }

  /** The payload, once nothing is missing. */
  join(): Uint8Array {
    this.#closeTogether();
    const [first] = this.#pieces;
    if (this.#pieces.length === 1 && first !== undefined) return first;
    const whole = allocate(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
