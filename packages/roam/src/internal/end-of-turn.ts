type Immediate = (run: () => void) => unknown;
const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/**
 * Runs `run` when the current turn of the event loop has done its work: after the promises that
 * are already settled, before the loop waits again. What a turn sends can so go out in one write.
 */
export const atEndOfTurn: (run: () => void) => void =
  immediate === undefined ? (run) => queueMicrotask(run) : (run) => void immediate(run);
