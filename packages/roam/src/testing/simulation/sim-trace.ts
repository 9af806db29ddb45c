/** One thing that happened in a simulation, to be written as a line of JSON. */
export interface SimEvent {
  /** When, on the virtual clock (ms). */
  readonly atMs: number;
  readonly what: string;
  readonly [detail: string]: unknown;
}

/** Takes events; absent where nobody looks, so that nothing is made for nothing. */
export type SimTrace = (what: string, details?: Readonly<Record<string, unknown>>) => void;

/** An event's bytes from the first one on, at most. */
const SHOWN_BYTES = 64;

/** Bytes as text, the first ones of many. */
export function shownBytes(bytes: Uint8Array): string {
  const hex = Array.from(bytes.subarray(0, SHOWN_BYTES), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("") + (bytes.length > SHOWN_BYTES ? "…" : "");
}
