/**
 * The same bytes for keeping: copied if they would otherwise keep a much larger buffer alive.
 * A small item waiting in a queue must not pin the chunk that it came in.
 */
export function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 4 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}
