import { DecodeError } from "./errors.ts";
import { asI64, asU64, HIGH, halves, LOW } from "./halves.ts";
import { MAX_DEPTH, MAX_ELEMENTS } from "./limits.ts";
import { nanOfF32Bits } from "./nan.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Longest list that room is made for at once, when it is in no other (values). */
const MOST_PLACES = 65_536;
const MOST_HALVINGS = 16;

/**
 * Cursor over one payload; every read advances it or throws a DecodeError.
 * Byte arrays read are views on the payload.
 */
export class Reader {
  /** Replaced by `detach` alone. */
  bytes: Uint8Array;
  offset: number;
  /** Where the payload starts and ends in `bytes`. */
  readonly start: number;
  readonly end: number;
  depth = 0;
  /** For custom schemas: whatever the one who started the decoding wants them to see. */
  context: unknown = undefined;
  /**
   * Makes the byte array that a decoded value gets, from `start` to `end` of `bytes`: set where the bytes are lent,
   * and somebody has to be told of those who refer to them. None: a view.
   */
  lend: ((start: number, end: number) => Uint8Array) | undefined = undefined;
  #view: DataView | undefined = undefined;
  #weightless = 0;

  /** @param offset where the payload starts in `bytes`, which may hold others before and behind it */
  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.start = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(reason: string, offset = this.offset): never {
    throw new DecodeError(reason, offset - this.start);
  }

  u8(): number {
    const { bytes, offset } = this;
    if (offset >= this.end) this.#truncated();
    this.offset = offset + 1;
    return bytes[offset] as number;
  }

  /** `00` or `01`. */
  // r[impl codec.x.bool]
  bool(): boolean {
    const byte = this.u8();
    if (byte > 1) this.fail(`invalid boolean ${byte}`, this.offset - 1);
    return byte === 1;
  }

  /**
   * A varint of at most `longest` bytes and at most `max`, below 2^32.
   * Non-minimal forms are accepted, values above the maximum are not.
   */
  // r[impl codec.x.varint]
  // r[impl codec.x.leniency]
  varint(longest: number, max: number): number {
    const { bytes, end } = this;
    const start = this.offset;
    // Lengths, tags and counts are nearly always under 128: one byte, no loop.
    const first = start < end ? (bytes[start] as number) : this.#truncated();
    if (first < 0x80) {
      if (first > max) this.fail(`varint ${first} exceeds ${max}`, start);
      this.offset = start + 1;
      return first;
    }
    let value = first & 0x7f;
    let scale = 0x80;
    for (let at = start + 1; at < start + longest; at++) {
      const byte = at < end ? (bytes[at] as number) : this.#truncated();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (value > max) this.fail(`varint ${value} exceeds ${max}`, start);
        this.offset = at + 1;
        return value;
      }
    }
    return this.fail(`varint longer than ${longest} bytes`, start);
  }

  u16(): number {
    return this.varint(3, 0xffff);
  }

  u32(): number {
    return this.varint(5, 0xffff_ffff);
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  // r[impl codec.x.zigzag]
  i16(): number {
    const n = this.varint(3, 0xffff);
    return (n >>> 1) ^ -(n & 1);
  }

  i32(): number {
    const n = this.varint(5, 0xffff_ffff);
    return (n >>> 1) ^ -(n & 1);
  }

  /**
   * A u64 as a number where it is one exactly (up to 2^53 - 1), else as a bigint.
   * For identifiers: cheap in the usual case, never rounded.
   */
  // r[impl codec.x.numbers]
  id(): number | bigint {
    const { bytes, end } = this;
    const start = this.offset;
    const first = start < end ? (bytes[start] as number) : this.#truncated();
    if (first < 0x80) {
      this.offset = start + 1;
      return first;
    }
    let value = first & 0x7f;
    let scale = 0x80;
    // Seven bytes hold 49 bits; longer ones go the exact way.
    for (let at = start + 1; at < start + 7; at++) {
      const byte = at < end ? (bytes[at] as number) : this.#truncated();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        this.offset = at + 1;
        return value;
      }
    }
    const wide = this.u64();
    return wide <= 0x1f_ffff_ffff_ffffn ? Number(wide) : wide;
  }

  u64(): bigint {
    this.#halves();
    return asU64[0] as bigint;
  }

  i64(): bigint {
    this.#halves();
    const lo = halves[LOW] as number;
    const hi = halves[HIGH] as number;
    const sign = -(lo & 1);
    halves[LOW] = ((lo >>> 1) | (hi << 31)) ^ sign;
    halves[HIGH] = (hi >>> 1) ^ sign;
    return asI64[0] as bigint;
  }

  u128(): bigint {
    const { bytes, end } = this;
    const start = this.offset;
    let value = 0n;
    let shift = 0n;
    for (let at = start; at < start + 19; at++) {
      const byte = at < end ? (bytes[at] as number) : this.#truncated();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) {
        if (at === start + 18 && byte > 3) this.fail("varint exceeds its type", start);
        this.offset = at + 1;
        return value;
      }
    }
    return this.fail("varint longer than 19 bytes", start);
  }

  i128(): bigint {
    const n = this.u128();
    return (n >> 1n) ^ -(n & 1n);
  }

  /** A u64 varint's lower half, for ids that are matched and never computed with; `u64High` is the other. */
  u64Low(): number {
    this.#halves();
    return halves[LOW] as number;
  }

  /** The upper half of what `u64Low` has just read. */
  u64High(): number {
    return halves[HIGH] as number;
  }

  /** Reads a u64 varint into `halves`. */
  #halves(): void {
    const { bytes, end } = this;
    const start = this.offset;
    let lo = 0;
    let hi = 0;
    for (let index = 0; index < 10; index++) {
      const byte = start + index < end ? (bytes[start + index] as number) : this.#truncated();
      const group = byte & 0x7f;
      if (index < 4) lo |= group << (index * 7);
      else if (index === 4) {
        lo |= group << 28;
        hi = group >>> 4;
      } else hi |= group << (index * 7 - 32);
      if (byte < 0x80) {
        if (index === 9 && byte > 1) this.fail("varint exceeds its type", start);
        this.offset = start + index + 1;
        halves[LOW] = lo;
        halves[HIGH] = hi;
        return;
      }
    }
    this.fail("varint longer than 10 bytes", start);
  }

  // r[impl codec.x.float]
  f32(): number {
    const view = this.#dataView();
    const start = this.#advance(4);
    const value = view.getFloat32(start, true);
    return Number.isNaN(value) ? nanOfF32Bits(view.getUint32(start, true)) : value;
  }

  f64(): number {
    return this.#dataView().getFloat64(this.#advance(8), true);
  }

  string(): string {
    const length = this.length();
    const start = this.#advance(length);
    return decodeUtf8(this.bytes, start, start + length, this.start);
  }

  // r[impl codec.x.char]
  char(): string {
    const start = this.offset;
    const text = this.string();
    // One scalar value takes one or two UTF-16 units; fatal UTF-8 has excluded surrogates.
    const first = text.codePointAt(0);
    if (first === undefined || text.length !== (first > 0xffff ? 2 : 1)) {
      this.fail("not exactly one character", start);
    }
    return text;
  }

  /** Length-prefixed bytes, as a view. */
  // r[impl codec.x.bytes]
  byteArray(): Uint8Array {
    const length = this.length();
    const start = this.#advance(length);
    return this.lend?.(start, start + length) ?? this.bytes.subarray(start, start + length);
  }

  /** Goes on with a copy at the same place: what it stood on is somebody else's from now on. */
  detach(): void {
    this.bytes = this.bytes.slice();
    this.lend = undefined;
    this.#view = undefined;
  }

  /** The payload from its start to its end, as a view, whatever was read of it. */
  whole(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** Everything up to the end of the payload, as a view. */
  // r[impl codec.x.trailing]
  rest(): Uint8Array {
    const start = this.offset;
    this.offset = this.end;
    return this.bytes.subarray(start, this.end);
  }

  /** A byte length, checked against what is left. */
  // r[impl codec.x.limits]
  length(): number {
    const start = this.offset;
    const length = this.#big(start);
    if (length > this.remaining) this.fail(`length ${length} runs past the end`, start);
    return length;
  }

  /** An element count, checked before anything is allocated for the elements. */
  count(minBytesEach: number): number {
    const start = this.offset;
    const count = this.#big(start);
    if (count > MAX_ELEMENTS) this.fail(`count ${count} exceeds ${MAX_ELEMENTS}`, start);
    if (count * minBytesEach > this.remaining) this.fail(`count ${count} runs past the end`, start);
    if (minBytesEach === 0) this.weightless(count, start);
    return count;
  }

  /** Counts values without bytes: they are held by no length, so all of a payload's share one limit. */
  weightless(count: number, offset = this.offset): void {
    this.#weightless += count;
    if (this.#weightless > MAX_ELEMENTS)
      this.fail(`more than ${MAX_ELEMENTS} elements without bytes`, offset);
  }

  /** A variant's index, below `count`. */
  // r[impl codec.x.enum]
  variant(count: number): number {
    const start = this.offset;
    const index = this.id();
    return index < count ? (index as number) : this.fail(`variant index ${index} out of range`, start);
  }

  /**
   * How many of `count` values to make room for at once; a longer list grows as they come. Fewer the
   * deeper it is, for a byte a level can claim lists inside lists that do not follow.
   */
  // r[impl codec.x.limits]
  places(count: number): number {
    const most = MOST_PLACES >> Math.min(this.depth, MOST_HALVINGS);
    return Math.min(count, most);
  }

  /** One more level of nesting; pair with `depth--`. */
  enter(): void {
    if (++this.depth > MAX_DEPTH) this.fail(`nesting deeper than ${MAX_DEPTH}`);
  }

  // Lengths and counts are u64 on the wire; one past 2^53 is past any payload.
  #big(start: number): number {
    const value = this.id();
    return typeof value === "number" ? value : this.fail("length out of range", start);
  }

  #advance(length: number): number {
    const start = this.offset;
    if (length > this.end - start) this.#truncated();
    this.offset = start + length;
    return start;
  }

  #dataView(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  // Out of line, so that the reads stay small.
  #truncated(): never {
    throw new DecodeError("payload ends inside a value", this.end - this.start);
  }
}
