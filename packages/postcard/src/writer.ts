import { EncodeError } from "./errors.ts";
import { asU64, HIGH, halves, LOW } from "./halves.ts";
import { f32BitsOfNaN } from "./nan.ts";
import { mostTextBytes, writeText } from "./utf8.ts";

/** Where a writer stood, to go back to. */
export interface Mark {
  readonly offset: number;
  readonly gathered: number;
}

interface Gathered {
  /** The bytes stand before `bytes[at]`. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** Where writers get their buffers from, cut to size. */
export interface Slab {
  /** Bytes that nobody else writes to; their contents are of no meaning. */
  cut(length: number): Uint8Array;
}

/** A buffer is cut for so many times what was written before it was emptied last, within bounds. */
const FLUSHES_AHEAD = 4;
const LEAST_CUT_BYTES = 1024;

const NOTHING = new Uint8Array();

/** Bytes up to which a loop copies faster than a view can be made. */
const BY_HAND = 64;

/**
 * A growing buffer that encoders append to. Several payloads may follow one another in it; the
 * owner keeps the marks. Byte arrays of `gatherFrom` bytes and more are not copied but put
 * between the pieces that `take` gives.
 */
export class Writer {
  bytes: Uint8Array;
  /** Bytes used in `bytes`. */
  offset = 0;
  depth = 0;
  /** For custom schemas: whatever the one who started the encoding wants them to see. */
  context: unknown = undefined;
  gatherFrom: number;
  readonly #initial: number;
  readonly #slab: Slab | undefined;
  /** Length of the next buffer to be cut. */
  #nextCut = LEAST_CUT_BYTES;
  #view: DataView | undefined = undefined;
  #gathered: Gathered[] = [];
  #gatheredBytes = 0;

  /**
   * @param options.initialBytes of its buffer, which it makes when something is written
   * @param options.slab shared by many writers: one that writes little holds a kilobyte then
   */
  constructor(options: { initialBytes?: number; gatherFrom?: number; slab?: Slab } = {}) {
    this.#initial = options.initialBytes ?? 256;
    this.gatherFrom = options.gatherFrom ?? Number.POSITIVE_INFINITY;
    this.#slab = options.slab;
    this.bytes = NOTHING;
  }

  /** Bytes written, gathered ones included. */
  get length(): number {
    return this.offset + this.#gatheredBytes;
  }

  /** Byte arrays gathered so far: with `offset`, where the writer stands. */
  get gathered(): number {
    return this.#gathered.length;
  }

  /** Makes room for `more` bytes behind `offset`. */
  ensure(more: number): void {
    if (this.offset + more > this.bytes.length) this.#grow(this.offset + more);
  }

  #grow(needed: number): void {
    this.#view = undefined;
    if (this.offset === 0 && this.#slab !== undefined && needed <= this.#initial) {
      this.bytes = this.#slab.cut(Math.max(needed, this.#nextCut));
      return;
    }
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2, this.#initial));
    larger.set(this.bytes.subarray(0, this.offset));
    this.bytes = larger;
  }

  /** For floats at `bytes[offset..]`: good until the writer makes room. Made when first asked for. */
  view(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  fail(reason: string): never {
    throw new EncodeError(reason);
  }

  u8(value: number): void {
    if (this.offset === this.bytes.length) this.#grow(this.offset + 1);
    this.bytes[this.offset++] = value;
  }

  /** An integer below 2^53 as a minimal varint; the caller has checked it. */
  // r[impl codec.x.varint]
  varint(value: number): void {
    if (this.offset + 10 > this.bytes.length) this.#grow(this.offset + 10);
    const { bytes } = this;
    let { offset } = this;
    let rest = value;
    while (rest > 0x7fff_ffff) {
      bytes[offset++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      bytes[offset++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[offset++] = rest;
    this.offset = offset;
  }

  /** An integer of up to 128 bits; the caller has checked it. */
  varintWide(value: bigint): void {
    let rest = value;
    if (rest > MAX_U64) {
      this.ensure(19);
      while (rest > MAX_U64) {
        this.bytes[this.offset++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
    }
    asU64[0] = rest;
    this.varintHalves(halves[LOW] as number, halves[HIGH] as number);
  }

  /** A u64 given by its halves. */
  varintHalves(lo: number, hi: number): void {
    if (hi === 0) return this.varint(lo);
    this.ensure(10);
    const { bytes } = this;
    let { offset } = this;
    // Four groups of the low half, one that straddles, up to five of the high half.
    bytes[offset++] = (lo & 0x7f) | 0x80;
    bytes[offset++] = ((lo >>> 7) & 0x7f) | 0x80;
    bytes[offset++] = ((lo >>> 14) & 0x7f) | 0x80;
    bytes[offset++] = ((lo >>> 21) & 0x7f) | 0x80;
    const straddling = (lo >>> 28) | ((hi & 0x7) << 4);
    let rest = hi >>> 3;
    bytes[offset++] = rest === 0 ? straddling : straddling | 0x80;
    while (rest > 0) {
      const group = rest & 0x7f;
      rest >>>= 7;
      bytes[offset++] = rest === 0 ? group : group | 0x80;
    }
    this.offset = offset;
  }

  /** An identifier: a number below 2^53 or a bigint below 2^64. */
  id(value: number | bigint): void {
    if (typeof value === "number") this.varint(value);
    else this.varintWide(value);
  }

  // r[impl codec.x.float]
  f32(value: number): void {
    this.ensure(4);
    if (Number.isNaN(value)) this.patchU32(this.offset, f32BitsOfNaN(value));
    else this.view().setFloat32(this.offset, value, true);
    this.offset += 4;
  }

  f64(value: number): void {
    this.ensure(8);
    this.view().setFloat64(this.offset, value, true);
    this.offset += 8;
  }

  /** Four bytes at an earlier offset, little-endian: for length prefixes written last. */
  patchU32(offset: number, value: number): void {
    const { bytes } = this;
    bytes[offset] = value;
    bytes[offset + 1] = value >>> 8;
    bytes[offset + 2] = value >>> 16;
    bytes[offset + 3] = value >>> 24;
  }

  /** Length-prefixed UTF-8. */
  string(value: string): void {
    this.ensure(mostTextBytes(value.length));
    this.offset = writeText(this.bytes, this.offset, value);
  }

  /** Length-prefixed bytes. */
  byteArray(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes as they are: copied, or gathered when large. */
  // r[impl zerocopy.scatter]
  // r[impl zerocopy.scatter.plan]
  raw(value: Uint8Array): void {
    if (value.length >= this.gatherFrom) {
      this.#gathered.push({ at: this.offset, bytes: value });
      this.#gatheredBytes += value.length;
      return;
    }
    this.ensure(value.length);
    this.bytes.set(value, this.offset);
    this.offset += value.length;
  }

  /** A part of `value`, copied whatever its size. */
  copy(value: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.ensure(length);
    const { bytes, offset } = this;
    // A view costs more than a few bytes by hand.
    if (length > BY_HAND) bytes.set(value.subarray(start, end), offset);
    else for (let index = 0; index < length; index++) bytes[offset + index] = value[start + index] as number;
    this.offset = offset + length;
  }

  mark(): Mark {
    return { offset: this.offset, gathered: this.#gathered.length };
  }

  /** Forgets everything written after the mark. */
  rollback(mark: Mark): void {
    this.offset = mark.offset;
    this.depth = 0;
    for (const dropped of this.#gathered.splice(mark.gathered)) {
      this.#gatheredBytes -= dropped.bytes.length;
    }
  }

  /** Takes back everything written after the mark, as one array that belongs to the caller. */
  cut(mark: Mark): Uint8Array {
    const gathered = this.#gathered.slice(mark.gathered);
    const pieces: Uint8Array[] = [];
    let from = mark.offset;
    for (const { at, bytes } of gathered) {
      pieces.push(this.bytes.subarray(from, at), bytes);
      from = at;
    }
    pieces.push(this.bytes.subarray(from, this.offset));
    const whole = concat(pieces);
    this.rollback(mark);
    return whole;
  }

  /**
   * The bytes written, in pieces that belong to the caller from now on; the writer goes on with
   * what is left of its buffer, if that is much, or with the next one.
   */
  take(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const { at, bytes } of this.#gathered) {
      if (at > from) pieces.push(this.bytes.subarray(from, at));
      if (bytes.length > 0) pieces.push(bytes);
      from = at;
    }
    if (this.offset > from) pieces.push(this.bytes.subarray(from, this.offset));
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.bytes = this.#isWorthKeeping() ? this.bytes.subarray(this.offset) : NOTHING;
    this.#view = undefined;
    this.offset = 0;
    return pieces;
  }

  /** True if what is left of the buffer is likely to hold what comes next. */
  #isWorthKeeping(): boolean {
    const left = this.bytes.length - this.offset;
    // The tail of a buffer that is mostly unused is as good as a new one.
    if (this.#slab === undefined) return left * 2 > this.#initial;
    this.#nextCut = Math.min(Math.max(FLUSHES_AHEAD * this.offset, LEAST_CUT_BYTES), this.#initial);
    return left >= 2 * this.offset && left <= this.#initial;
  }

  /** The bytes written, as one array that belongs to the caller. */
  finish(): Uint8Array {
    const pieces = this.take();
    if (pieces.length === 1) return pieces[0] as Uint8Array;
    return concat(pieces);
  }
}

/** All pieces in one array of their own. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
