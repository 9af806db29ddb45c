import { ProtocolError } from "../errors.ts";
import type { Memory } from "./memory.ts";

/** Header of a ring (bytes): its data follow. */
export const RING_HEADER_BYTES = 128;
const CACHE_LINE_BYTES = 64;

// The producer's fields are on the first cache line, the consumer's on the second.
// r[impl shm.bipbuf.header]
const WRITE = 0;
const WATERMARK = 4;
const CAPACITY = 8;
const READ = 64;

/** What a ring of this capacity takes in a segment (bytes). */
export function ringStride(capacity: number): number {
  return Math.ceil((RING_HEADER_BYTES + capacity) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
}

/** Entries that can be read: from here, so many bytes, within the ring's data. */
export interface Readable {
  readonly at: number;
  readonly length: number;
}

/**
 * A queue of bytes between one producer and one consumer, without locks. What is granted and what is read is
 * always one piece: an entry never wraps. Where the rest up to the end is too short, the producer leaves it out and
 * marks its beginning, the watermark.
 */
// r[impl shm.bipbuf]
export class Ring {
  readonly capacity: number;
  /** Of its data, in the memory. */
  readonly dataAt: number;
  protected readonly memory: Memory;
  protected readonly at: number;
  #granted = 0;

  /** @param at of its header, a multiple of 64 */
  constructor(memory: Memory, at: number) {
    this.memory = memory;
    this.at = at;
    this.capacity = memory.load(at + CAPACITY);
    this.dataAt = at + RING_HEADER_BYTES;
  }

  /** Makes a ring where there is none; nobody else may see it yet. */
  // r[impl shm.bipbuf.init]
  static create(memory: Memory, at: number, capacity: number): Ring {
    memory.bytes.fill(0, at, at + RING_HEADER_BYTES);
    memory.store(at + CAPACITY, capacity);
    return new Ring(memory, at);
  }

  /** Empties it, when its other side is certainly dead. */
  reset(): void {
    this.write = 0;
    this.watermark = 0;
    this.read = 0;
  }

  // ---- the producer's

  /**
   * Room for `length` bytes in one piece, to be filled and then committed.
   *
   * @returns where, within the data; undefined while there is none
   * @throws ProtocolError if the other side has written over the header
   */
  // r[impl shm.bipbuf.grant]
  // r[impl shm.bipbuf.backpressure]
  grant(length: number): number | undefined {
    const write = this.#within(this.write);
    const read = this.#within(this.read);
    if (write < read) return this.#grant(write, read - 1 - write, length);
    if (this.capacity - write >= length) return this.#grant(write, this.capacity - write, length);
    if (read === 0) return undefined;
    this.wrap(write);
    return this.#grant(0, read - 1, length);
  }

  /** What `grant` has found in one piece (bytes), no less than it was asked for. */
  get granted(): number {
    return this.#granted;
  }

  #grant(at: number, granted: number, length: number): number | undefined {
    this.#granted = granted;
    return granted >= length ? at : undefined;
  }

  // This order is what makes it safe: a consumer that looks between the two finds the ring empty. In the other one it
  // would find a watermark beside the write of before, and take what it has read already for new.
  protected wrap(write: number): void {
    this.write = 0;
    this.watermark = write;
  }

  /** Hands over what was granted last and has been filled. */
  // r[impl shm.bipbuf.commit]
  commit(length: number): void {
    this.write += length;
  }

  /** True once the consumer has taken all that was committed. */
  get isDrained(): boolean {
    const { watermark, write, read } = this;
    return read === write || (watermark !== 0 && write === 0 && read >= watermark);
  }

  // ---- the consumer's

  /**
   * What can be read now, in one piece; undefined for nothing. After it the ring may have more.
   *
   * @throws ProtocolError if the other side has written over the header
   */
  // r[impl shm.bipbuf.read]
  readable(): Readable | undefined {
    // Before the watermark, or a wrap in between would be missed.
    let write = this.#within(this.write);
    let at = this.#within(this.read);
    const watermark = this.#within(this.watermark);
    if (watermark !== 0) {
      if (at < watermark) return { at, length: watermark - at };
      // A published producer stands between its two stores: nothing is known before it is through.
      if (this.write >= watermark) return undefined;
      this.#wrapped();
      at = 0;
      write = this.#within(this.write);
    }
    return at < write ? { at, length: write - at } : undefined;
  }

  /** A consumer may have to look again though nobody rings: it found a producer in the middle of a wrap. */
  get isBetween(): boolean {
    const { watermark } = this;
    return watermark !== 0 && this.read >= watermark && this.write >= watermark;
  }

  /** Gives back what has been read. */
  // r[impl shm.bipbuf.release]
  release(length: number): void {
    const { watermark } = this;
    const read = this.read + length;
    if (watermark !== 0 && read >= watermark && this.write < watermark) this.#wrapped();
    else this.read = read;
  }

  #wrapped(): void {
    this.read = 0;
    this.watermark = 0;
  }

  // r[impl shm.x.untrusted]
  #within(index: number): number {
    if (index <= this.capacity) return index;
    throw new ProtocolError("shm.x.untrusted", `an index of ${index} in a ring of ${this.capacity} bytes`);
  }

  protected get write(): number {
    return this.memory.load(this.at + WRITE);
  }

  protected set write(value: number) {
    this.memory.store(this.at + WRITE, value);
  }

  protected get watermark(): number {
    return this.memory.load(this.at + WATERMARK);
  }

  protected set watermark(value: number) {
    this.memory.store(this.at + WATERMARK, value);
  }

  protected get read(): number {
    return this.memory.load(this.at + READ);
  }

  protected set read(value: number) {
    this.memory.store(this.at + READ, value);
  }
}
