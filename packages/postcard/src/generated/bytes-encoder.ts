import { Writer } from "../writer.ts";

/** Results are cut from chunks of this size, one after another. */
const CHUNK_BYTES = 32 * 1024;
/** Room below which a new chunk is begun. */
const LEAST_ROOM_BYTES = 4 * 1024;
/** Up to this size an array has memory of its own at no cost: the engine keeps it in its heap. */
const SMALL_BYTES = 64;
/** Up to this size a loop copies faster than a call. */
const TINY_BYTES = 16;
/** From this size on Node's way to memory without zeroes pays. */
const LEAST_BLANK_BYTES = 256 * 1024;
/** Largest buffer that is kept for the next large value. */
const LARGEST_KEPT_BYTES = 1024 * 1024;

/** From this size on allocating costs little against copying (bytes). */
export const LARGE_BYTES = 4 * 1024;

let chunk: Writer | undefined;
let scratch: Writer | undefined;

/**
 * A writer for one value, to be given back with `claim` or `giveBack`. One that comes here again
 * before that, from a getter, gets another.
 *
 * @param isLarge the value will take `LARGE_BYTES` or more, as far as one knows
 */
export function borrow(isLarge: boolean): Writer {
  const writer = isLarge ? scratch : chunk;
  if (isLarge) scratch = undefined;
  else chunk = undefined;
  // A chunk has no room either if its buffer was transferred away by whoever got a part of it.
  if (writer !== undefined && writer.bytes.length - writer.offset >= LEAST_ROOM_BYTES) return writer;
  return new Writer({ initialBytes: CHUNK_BYTES, gatherFrom: LARGE_BYTES });
}

/** What was written since `start`: memory of its own, or a part of a chunk that is not used again. */
export function claim(writer: Writer, start: number): Uint8Array {
  const { bytes, offset } = writer;
  const length = offset - start;
  let result: Uint8Array;
  if (writer.gathered > 0) result = writer.cut({ offset: start, gathered: 0 }, blank);
  else if (length > SMALL_BYTES && length < LARGE_BYTES && bytes.length === CHUNK_BYTES) {
    result = new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
    chunk = writer;
    return result;
  } else if (length > TINY_BYTES) result = bytes.slice(start, offset);
  else {
    result = new Uint8Array(length);
    for (let index = 0; index < length; index++) result[index] = bytes[start + index] as number;
  }
  giveBack(writer, start);
  return result;
}

// Writing zeroes first costs half as much as copying, where Node does not do without.
function blank(length: number): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { allocUnsafeSlow(length: number): { buffer: ArrayBuffer } } };
  return length < LEAST_BLANK_BYTES || Buffer === undefined
    ? new Uint8Array(length)
    : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Forgets what was written since `start`. */
export function giveBack(writer: Writer, start: number): void {
  if (writer.gathered > 0) writer.rollback({ offset: start, gathered: 0 });
  writer.offset = start;
  writer.depth = 0;
  // One that had to grow serves large values from now on.
  const { length } = writer.bytes;
  if (length === CHUNK_BYTES) chunk = writer;
  else if (length <= LARGEST_KEPT_BYTES) {
    writer.offset = 0;
    scratch = writer;
  }
}

/** A function that encodes one value on its own. */
export function bytesEncoder<T>(encode: (writer: Writer, value: T) => void): (value: T) => Uint8Array {
  let isLarge = false;
  return (value) => {
    const writer = borrow(isLarge);
    const start = writer.offset;
    try {
      encode(writer, value);
    } catch (error) {
      giveBack(writer, start);
      throw error;
    }
    const bytes = claim(writer, start);
    isLarge = bytes.length >= LARGE_BYTES;
    return bytes;
  };
}
