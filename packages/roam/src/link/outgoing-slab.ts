import type { Slab } from "roam-postcard";
import { allocate } from "../internal/allocate.ts";

const SLAB_BYTES = 64 * 1024;

let slab = allocate(0);
let used = 0;

/**
 * Buffers for what links are about to send, one behind the other in arrays that all links share:
 * with an array for each, a thousand links that write a little in the same turn cost a thousand
 * allocations, and a thousand idle ones their buffers.
 */
export const outgoingSlab: Slab = {
  cut(length) {
    if (used + length > slab.length) {
      slab = allocate(Math.max(SLAB_BYTES, length));
      used = 0;
    }
    const start = used;
    used += length;
    return slab.subarray(start, used);
  },
};
