import { invalid } from "./by-hand-reading.ts";

const CHUNK_BYTES = 16 * 1024;

// Results are parts of a chunk, as those of `Buffer.from` are.
let chunk = new Uint8Array(CHUNK_BYTES);
let view = new DataView(chunk.buffer);
let from = 0;

/** A byte array with room for `most` bytes behind `start()`. */
export function room(most: number): Uint8Array {
  if (from + most > chunk.length) {
    chunk = new Uint8Array(Math.max(CHUNK_BYTES, most));
    view = new DataView(chunk.buffer);
    from = 0;
  }
  return chunk;
}

export function start(): number {
  return from;
}

/** The view for floats of what `room` gave. */
export function floatsOf(_bytes: Uint8Array): DataView {
  return view;
}

export function finish(end: number): Uint8Array {
  const bytes = new Uint8Array(chunk.buffer, from, end - from);
  from = end;
  return bytes;
}

export function putLength(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

export function putInteger(bytes: Uint8Array, start: number, value: number): number {
  if ((value | 0) !== value) invalid("integer");
  return putLength(bytes, start, ((value << 1) ^ (value >> 31)) >>> 0);
}

/** Up to this many characters a loop beats a call into Node. */
const SHORT = 24;

export function putText(bytes: Uint8Array, start: number, text: string): number {
  const units = text.length;
  if (units <= SHORT) {
    let at = start + 1;
    let index = 0;
    for (; index < units; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) break;
      bytes[at++] = unit;
    }
    if (index === units) {
      bytes[start] = units;
      return at;
    }
  }
  if (!text.isWellFormed()) invalid("text");
  const encoded = Buffer.from(text);
  const at = putLength(bytes, start, encoded.length);
  bytes.set(encoded, at);
  return at + encoded.length;
}
