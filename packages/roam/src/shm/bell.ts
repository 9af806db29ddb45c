import type { RoamError } from "../errors.ts";

/** Wakes the process on the other side, and tells when it is gone. */
// r[impl shm.signal]
export interface Bell {
  /** Wakes the other side. Never waits: one that has not looked yet is awake already. */
  ring(): void;
  /** Called once. `onGone` comes once: the other side closed its bell, or its process died. */
  listen(onRung: () => void, onGone: (cause?: RoamError) => void): void;
  /** Tells the other side that this one is gone. */
  close(): void;
}
