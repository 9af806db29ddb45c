import { Reader } from "../reader.ts";
import { decodeAny, decodeUtf8 } from "../utf8.ts";
import { BAIL } from "./bail.ts";

/** Where the value ends that a function here has read. */
const place = { at: 0 };

/** The rest of a varint whose first byte says that there is more. */
function u32(bytes: Uint8Array, start: number, end: number, first: number): number {
  let value = first & 0x7f;
  let at = start;
  for (let shift = 7; shift < 35; shift += 7) {
    const byte = at < end ? (bytes[at++] as number) : bail();
    if (shift === 28 && byte > 0x0f) bail();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      place.at = at;
      return value >>> 0;
    }
  }
  return bail();
}

function u16(bytes: Uint8Array, start: number, end: number, first: number): number {
  const value = u32(bytes, start, end, first);
  return value <= 0xffff && place.at - start <= 2 ? value : bail();
}

function bail(): never {
  throw BAIL;
}

const scratch = new Uint8Array(8);
const words = new Uint32Array(scratch.buffer);
const doubles = new Float64Array(scratch.buffer);
const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** One float: cheaper than a view that is made for it. */
function f64(bytes: Uint8Array, at: number): number {
  if (!isLittle) return viewOf(bytes).getFloat64(at, true);
  words[0] =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  words[1] =
    (bytes[at + 4] as number) |
    ((bytes[at + 5] as number) << 8) |
    ((bytes[at + 6] as number) << 16) |
    ((bytes[at + 7] as number) << 24);
  return doubles[0] as number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Longest text that there may be a function for, for texts of just its length (bytes). */
export const SHORT = 32;

/** Makes an ASCII text in one call; undefined for what is not ASCII. */
export type ShortText = (bytes: Uint8Array, start: number) => string | undefined;

let shortTexts: (() => readonly ShortText[]) | undefined;

/** From now on short texts are made by such functions, one for each length up to `SHORT`. */
export function useShortTexts(functions: () => readonly ShortText[]): void {
  shortTexts = functions;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  if (shortTexts === undefined) return decodeUtf8(bytes, start, start + length, 0);
  if (length <= SHORT) {
    const short = (shortTexts()[length] as ShortText)(bytes, start);
    if (short !== undefined) return short;
  }
  return decodeAny(bytes, start, start + length, 0);
}

/**
 * How much of a list of texts is decoded at once, for the texts to be cut from. A text so cut
 * keeps the whole in memory: no more than this many characters.
 */
const WINDOW_BYTES = 512;
/** Fewer texts than this are decoded one by one. */
const FEW = 6;

// Never throws: what is not text becomes U+FFFD, and is looked for.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/** The texts of a list; `place.at` is where they end. */
function texts(bytes: Uint8Array, start: number, end: number, count: number): string[] {
  const values: string[] = new Array(Math.min(count, 65_536));
  let at = start;
  let done = 0;
  while (done < count) {
    const windowEnd = Math.min(at + WINDOW_BYTES, end);
    const window = count - done < FEW ? undefined : asciiOnly(bytes, at, windowEnd);
    const before = done;
    if (window !== undefined) {
      const windowStart = at;
      while (done < count && at < windowEnd) {
        // A length below 128, as all bytes here.
        const from = at + 1;
        const to = from + (bytes[at] as number);
        if (to > windowEnd) break;
        values[done++] = window.slice(from - windowStart, to - windowStart);
        at = to;
      }
      if (done > before) continue;
    }
    // This one is longer, or a window would not pay: so many one by one.
    for (let few = 0; few < FEW && done < count; few++) {
      if (at >= end) throw BAIL;
      let length = bytes[at++] as number;
      if (length > 0x7f) {
        length = u32(bytes, at, end, length);
        at = place.at;
      }
      if (length > end - at) throw BAIL;
      values[done++] = text(bytes, at, length);
      at += length;
    }
  }
  place.at = at;
  return values;
}

/** The bytes as text if each is a character of its own. */
function asciiOnly(bytes: Uint8Array, start: number, end: number): string | undefined {
  const window = lenient.decode(bytes.subarray(start, end));
  return window.length === end - start && !window.includes("\ufffd") ? window : undefined;
}

/** What the text of decoders refers to, by these names. */
export const decodeHelp = { BAIL, Reader, place, u32, u16, f64, viewOf, text, texts };
