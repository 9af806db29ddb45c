/**
 * Sequence numbers are u32 and wrap (RFC 1982): a is after b when it is less than half the
 * circle ahead.
 */
export function seqAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function seqNext(seq: number): number {
  return (seq + 1) >>> 0;
}

/** How far a is ahead of b, on the circle (0 to 2^32 - 1). */
export function seqDistance(a: number, b: number): number {
  return (a - b) >>> 0;
}
