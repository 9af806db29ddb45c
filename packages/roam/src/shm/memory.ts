/**
 * Memory that several threads or processes see: the segment of a shared-memory link, whatever brings it. All of
 * the link's logic works on this, so that it is the same over a `SharedArrayBuffer` and over a mapped file.
 */
// r[impl shm.architecture]
export class Memory {
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #longs: BigUint64Array;

  /** @throws RangeError unless its length is a multiple of 8 */
  constructor(buffer: ArrayBufferLike) {
    this.bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.#longs = new BigUint64Array(buffer);
  }

  get length(): number {
    return this.bytes.length;
  }

  // Atomics are sequentially consistent, which is stronger than every order that the format asks for.

  /** The u32 at a byte offset, a multiple of 4. */
  load(at: number): number {
    return Atomics.load(this.#words, at >>> 2) >>> 0;
  }

  store(at: number, value: number): void {
    Atomics.store(this.#words, at >>> 2, value);
  }

  /** @returns what was there: `expected` if it is replaced now */
  exchange(at: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#words, at >>> 2, expected | 0, value | 0) >>> 0;
  }

  /** The u64 at a byte offset, a multiple of 8. */
  loadLong(at: number): bigint {
    return Atomics.load(this.#longs, at >>> 3);
  }

  storeLong(at: number, value: bigint): void {
    Atomics.store(this.#longs, at >>> 3, value);
  }

  exchangeLong(at: number, expected: bigint, value: bigint): bigint {
    return Atomics.compareExchange(this.#longs, at >>> 3, expected, value);
  }
}
