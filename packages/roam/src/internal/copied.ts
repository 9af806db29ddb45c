import { allocate } from "./allocate.ts";

/** The same bytes in a buffer of their own. */
export function copied(bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}
