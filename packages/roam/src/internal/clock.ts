/** Time, handed in, so that tests and simulations can own it. */
export interface Clock {
  /** Milliseconds that never go back; the origin means nothing. */
  nowMs(): number;
  /** Runs `run` once after `ms`. @returns what cancels it */
  after(ms: number, run: () => void): () => void;
}

// Longer delays than this overflow the platforms' timers and fire at once.
const LONGEST_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_MS));
    return () => clearTimeout(timer);
  },
};
