import type { Reader } from "roam-postcard";

/**
 * The same bytes for keeping: copied if they would otherwise keep a much larger buffer alive.
 * A small item waiting in a queue must not pin the chunk that it came in.
 */
export function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 4 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/** Reads all that is left, for keeping. */
export function ownRest(reader: Reader): Uint8Array {
  const { bytes, offset, end } = reader;
  reader.offset = end;
  const isSmall = (end - offset) * 4 < bytes.buffer.byteLength;
  return isSmall ? bytes.slice(offset, end) : bytes.subarray(offset, end);
}
