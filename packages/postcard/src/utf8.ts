import { DecodeError, EncodeError } from "./errors.ts";

// `ignoreBOM` keeps a leading U+FEFF: it is text, not a mark. r[impl codec.x.string]
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Up to this many bytes or UTF-16 units a loop over ASCII beats a call into the platform. */
const SHORT = 32;

/**
 * The text in `bytes[start..end]`, whose bounds the caller has checked.
 *
 * @param base where the payload starts, for the error
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number, base: number): string {
  if (end - start <= SHORT) {
    const text = asciiText(bytes, start, end);
    if (text !== undefined) return text;
  }
  return decodeAny(bytes, start, end, base);
}

/** The same for text that is long or not ASCII. */
export function decodeAny(bytes: Uint8Array, start: number, end: number, base: number): string {
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new DecodeError("invalid UTF-8", start - base, "", { cause });
  }
}

/** Undefined if there are others than ASCII characters. By fours, for each call costs as much as they do. */
function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; end - at >= 4; at += 4) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Most bytes that `writeText` takes for a text of so many UTF-16 units. */
export function mostTextBytes(units: number): number {
  return units * 3 + 5;
}

/** UTF-8 at `bytes[start..]`. @returns how many bytes it takes */
export function encodeInto(bytes: Uint8Array, start: number, text: string): number {
  return encoder.encodeInto(text, bytes.subarray(start)).written;
}

/**
 * Puts a text behind its length at `bytes[start..]`, where there is room for `mostTextBytes`.
 *
 * @param put the platform's way, for what a loop is too slow for
 * @returns where it ends
 * @throws EncodeError for half a surrogate pair, which UTF-8 has no bytes for
 */
// r[impl codec.x.string]
export function writeText(bytes: Uint8Array, start: number, text: string, put = encodeInto): number {
  const units = text.length;
  if (units <= SHORT) {
    const from = start + 1;
    let seen = 0;
    for (let index = 0; index < units; index++) {
      const unit = text.charCodeAt(index);
      seen |= unit;
      bytes[from + index] = unit;
    }
    if (seen < 0x80) {
      bytes[start] = units;
      return from + units;
    }
  }
  // The prefix is as long as for pure ASCII, nearly always; else the text moves up.
  const guess = varintSize(units);
  const written = put(bytes, start + guess, text);
  // As many bytes as units: all of it is ASCII, and the look for surrogates is saved.
  if (written !== units && !isWellFormed(text)) throw new EncodeError("string with a lone surrogate");
  const prefix = varintSize(written);
  if (prefix !== guess) bytes.copyWithin(start + prefix, start + guess, start + guess + written);
  return writeVarint(bytes, start, written) + written;
}

/** A u32 as a minimal varint at `bytes[start..]`. @returns where it ends */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** False for a string with half a surrogate pair, which UTF-8 has no bytes for. */
function isWellFormed(text: string): boolean {
  const native = (text as { isWellFormed?: () => boolean }).isWellFormed;
  return native === undefined ? !LONE_SURROGATE.test(text) : native.call(text);
}
