/** A time (ms) without what is finer than a microsecond: that is noise, and long to write. */
export function inMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
