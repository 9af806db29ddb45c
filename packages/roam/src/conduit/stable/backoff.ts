/** How an initiator spaces its attempts to reconnect. */
export interface Backoff {
  /** Ceiling of the first delay (ms). */
  readonly baseMs: number;
  /** Ceiling of any delay (ms). */
  readonly capMs: number;
  /** Time after which the session is given up (ms). */
  readonly totalMs: number;
}

export const DEFAULT_BACKOFF: Backoff = Object.freeze({ baseMs: 100, capMs: 10_000, totalMs: 60_000 });

/**
 * Delay before attempt `attempt` (0 is the first, at once; ms): anything up to a ceiling that doubles,
 * so that clients cut off together do not come back together.
 *
 * @param random from 0 to 1
 */
// r[impl stable.x.backoff]
export function backoffDelayMs(attempt: number, { baseMs, capMs }: Backoff, random: number): number {
  if (attempt === 0) return 0;
  return random * Math.min(capMs, baseMs * 2 ** (attempt - 1));
}
