import { Writer } from "../writer.ts";

/** Results are cut from chunks of this size, one after another. */
const CHUNK_BYTES = 32 * 1024;
/** Room below which a new chunk is begun. */
const LEAST_ROOM_BYTES = 4 * 1024;
/** Up to this size an array has memory of its own at no cost: the engine keeps it in its heap. */
const SMALL_BYTES = 64;
/** Up to this size a loop copies faster than a call. */
const TINY_BYTES = 16;
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
  const writer = isLarge ? (scratch ?? chunk) : chunk;
  if (writer === scratch) scratch = undefined;
  else chunk = undefined;
  // A chunk has no room either if its buffer was transferred away by whoever got a part of it.
  if (writer !== undefined && writer.bytes.length - writer.offset >= LEAST_ROOM_BYTES) return writer;
  return new Writer({ initialBytes: CHUNK_BYTES, gatherFrom: LARGE_BYTES });
}

/** What was written since `start`: memory of its own, or a part of a chunk that is not used again. */
export function claim(writer: Writer, start: number): Uint8Array {
  const { bytes, offset } = writer;
  const length = offset - start;
  if (bytes.length === CHUNK_BYTES && length < LARGE_BYTES && writer.gathered === 0) {
    chunk = writer;
    if (length > SMALL_BYTES) return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
    writer.offset = start;
    if (length > TINY_BYTES) return bytes.slice(start, offset);
    const tiny = new Uint8Array(length);
    for (let index = 0; index < length; index++) tiny[index] = bytes[start + index] as number;
    return tiny;
  }
  const large = writer.gathered > 0 ? writer.cut({ offset: start, gathered: 0 }) : bytes.slice(start, offset);
  giveBack(writer, start);
  return large;
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
