import { asI64, asU64, HIGH, halves, LOW } from "../halves.ts";
import { f32BitsOfNaN } from "../nan.ts";
import { encodeInto, writeText, writeVarint } from "../utf8.ts";
import type { Writer } from "../writer.ts";
import { BAIL } from "./bail.ts";
import { borrow, claim, giveBack, LARGE_BYTES } from "./bytes-encoder.ts";

type Put = typeof encodeInto;

/** Node's own way needs no view made first. Undefined where there is none, or it wants a Buffer. */
function bufferPut(): Put | undefined {
  type Utf8Write = (this: Uint8Array, text: string, start: number) => number;
  const { Buffer } = globalThis as { Buffer?: { prototype: { utf8Write?: Utf8Write } } };
  const utf8Write = Buffer?.prototype.utf8Write;
  if (utf8Write === undefined) return undefined;
  try {
    const probe = new Uint8Array(4);
    if (utf8Write.call(probe, "é", 1) !== 2 || probe.join() !== "0,195,169,0") return undefined;
  } catch {
    return undefined;
  }
  return (bytes, start, text) => utf8Write.call(bytes, text, start);
}

const put = bufferPut() ?? encodeInto;

function text(bytes: Uint8Array, start: number, value: string): number {
  return writeText(bytes, start, value, put);
}

function room(writer: Writer, offset: number, more: number): Uint8Array {
  writer.offset = offset;
  writer.ensure(more);
  return writer.bytes;
}

function u64(bytes: Uint8Array, start: number, value: bigint): number {
  asU64[0] = value;
  // What does not fit comes back as another; what is no bigint throws.
  if (asU64[0] !== value) throw BAIL;
  return putHalves(bytes, start, halves[LOW] as number, halves[HIGH] as number);
}

function i64(bytes: Uint8Array, start: number, value: bigint): number {
  asI64[0] = value;
  if (asI64[0] !== value) throw BAIL;
  const lo = halves[LOW] as number;
  const hi = halves[HIGH] as number;
  const sign = (hi | 0) >> 31;
  return putHalves(bytes, start, ((lo << 1) ^ sign) >>> 0, (((hi << 1) | (lo >>> 31)) ^ sign) >>> 0);
}

function u53(bytes: Uint8Array, start: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw BAIL;
  return putHalves(bytes, start, value >>> 0, Math.floor(value / 2 ** 32));
}

function i53(bytes: Uint8Array, start: number, value: number): number {
  if (!Number.isSafeInteger(value)) throw BAIL;
  if ((value | 0) === value) return writeVarint(bytes, start, ((value << 1) ^ (value >> 31)) >>> 0);
  return i64(bytes, start, BigInt(value));
}

function putHalves(bytes: Uint8Array, start: number, lo: number, hi: number): number {
  if (hi === 0) return writeVarint(bytes, start, lo);
  bytes[start] = lo | 0x80;
  bytes[start + 1] = (lo >>> 7) | 0x80;
  bytes[start + 2] = (lo >>> 14) | 0x80;
  bytes[start + 3] = (lo >>> 21) | 0x80;
  const straddling = (lo >>> 28) | ((hi & 0x7) << 4);
  const rest = hi >>> 3;
  bytes[start + 4] = rest === 0 ? straddling : straddling | 0x80;
  return rest === 0 ? start + 5 : writeVarint(bytes, start + 5, rest);
}

function nan32(bytes: Uint8Array, start: number, value: number): void {
  const bits = f32BitsOfNaN(value);
  for (let index = 0; index < 4; index++) bytes[start + index] = bits >>> (8 * index);
}

/** What the text of encoders refers to, by these names. */
export const encodeHelp = {
  BAIL,
  room,
  u64,
  i64,
  u53,
  i53,
  nan32,
  text,
  writeVarint,
  borrow,
  claim,
  giveBack,
  LARGE_BYTES,
};
