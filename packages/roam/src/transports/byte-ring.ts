import { RoamError } from "../errors.ts";
import { allocate } from "../internal/allocate.ts";

/** Words apart that two threads write to, so that each has a cache line of its own (64 bytes). */
const LINE_WORDS = 16;
const TAIL = 0;
const HEAD = LINE_WORDS;

/** What a ring needs beside its bytes: the writer's line and the reader's (bytes). */
export const RING_HEADER_BYTES: number = 2 * LINE_WORDS * 4;

/** Copied into memory that several batches share up to this size: an array of its own costs more. */
const TOGETHER_TO = 4 * 1024;
const TOGETHER_BYTES = 16 * 1024;

/**
 * One direction of bytes through shared memory, from one thread to one other.
 *
 * Tail and head count bytes ever written and taken, modulo 2^32; how far they are apart is what lies
 * in the ring. A side reads back only the other's counter, for its own could be overwritten.
 */
export interface ByteRing {
  /** Tail at word 0 and head at word 16; `RING_HEADER_BYTES` long, zeros at first. */
  readonly words: Int32Array;
  /** A power of two of them. */
  readonly bytes: Uint8Array;
}

/** Shared memory holds what no link writes there. */
export class CorruptError extends RoamError {
  constructor(reason: string) {
    super("io", reason);
  }
}

/** @throws CorruptError where the counters cannot be those of a ring of this size */
function distance(ring: ByteRing, tail: number, head: number): number {
  const bytes = (tail - head) | 0;
  if (bytes >= 0 && bytes <= ring.bytes.length) return bytes;
  throw new CorruptError(`the counters of a shared buffer make no sense: ${tail} written, ${head} taken`);
}

/** The end that writes. Nothing of what it wrote can be seen before `publish`. */
export class RingWriter {
  readonly #ring: ByteRing;
  /** Written, published or not. */
  #tail = 0;

  constructor(ring: ByteRing) {
    this.#ring = ring;
  }

  get capacity(): number {
    return this.#ring.bytes.length;
  }

  /** Where the next byte goes; for `isTaken`. */
  get position(): number {
    return this.#tail;
  }

  /**
   * Bytes that can be written now.
   *
   * @throws CorruptError for a corrupt counter
   */
  room(): number {
    return this.capacity - distance(this.#ring, this.#tail, Atomics.load(this.#ring.words, HEAD));
  }

  /** Whether the reader took all that was ahead of `position`, which is at most a ring back. */
  isTaken(position: number): boolean {
    return ((Atomics.load(this.#ring.words, HEAD) - position) | 0) >= 0;
  }

  /** Copies `source[..length]`, no more than there is room for. */
  write(source: Uint8Array, length: number = source.length): void {
    const { bytes } = this.#ring;
    const at = this.#tail & (bytes.length - 1);
    const first = Math.min(length, bytes.length - at);
    bytes.set(source.subarray(0, first), at);
    if (first < length) bytes.set(source.subarray(first, length), 0);
    this.#tail = (this.#tail + length) | 0;
  }

  /** Shows the reader all that was written. Sequentially consistent, so the bytes are seen first. */
  publish(): void {
    Atomics.store(this.#ring.words, TAIL, this.#tail);
  }
}

/** The bytes taken at one time: `bytes[start..end]`, never written to again. */
export interface Taken {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The end that reads. */
export class RingReader {
  readonly #ring: ByteRing;
  /** Taken. */
  #head = 0;
  #together: Uint8Array = new Uint8Array();
  #filled = 0;

  constructor(ring: ByteRing) {
    this.#ring = ring;
  }

  /**
   * Bytes that can be taken now.
   *
   * @throws CorruptError for a corrupt counter
   */
  available(): number {
    return distance(this.#ring, Atomics.load(this.#ring.words, TAIL), this.#head);
  }

  /**
   * Takes all there is, and makes room of it. It is a copy, for views of shared memory are not for
   * users: another thread can change them, and not every API takes them.
   *
   * @throws CorruptError for a corrupt counter
   */
  take(): Taken | undefined {
    const length = this.available();
    if (length === 0) return undefined;
    const taken = this.#space(length);
    const { bytes } = this.#ring;
    const at = this.#head & (bytes.length - 1);
    const first = Math.min(length, bytes.length - at);
    taken.bytes.set(bytes.subarray(at, at + first), taken.start);
    if (first < length) taken.bytes.set(bytes.subarray(0, length - first), taken.start + first);
    this.#head = (this.#head + length) | 0;
    Atomics.store(this.#ring.words, HEAD, this.#head);
    return taken;
  }

  #space(length: number): Taken {
    if (length > TOGETHER_TO) return { bytes: allocate(length), start: 0, end: length };
    if (this.#filled + length > this.#together.length) {
      this.#together = allocate(TOGETHER_BYTES);
      this.#filled = 0;
    }
    const start = this.#filled;
    this.#filled += length;
    return { bytes: this.#together, start, end: this.#filled };
  }
}
