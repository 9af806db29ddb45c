import type { Reader } from "roam-postcard";

/**
 * The same bytes for keeping: copied if they would otherwise keep a much larger buffer alive.
 * A small item waiting in a queue must not pin the chunk that it came in.
 */
export function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 4 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}

/** What a reader has not read yet, for keeping. */
export function ownRest({ bytes, offset, end }: Reader): Uint8Array {
  const isSmall = (end - offset) * 4 < bytes.buffer.byteLength;
  return isSmall ? bytes.slice(offset, end) : bytes.subarray(offset, end);
}
