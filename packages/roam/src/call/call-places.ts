import type { Limits } from "../limits.ts";

/** Calls of one connection that wait for a place, in the order in which they came. */
export interface CallLine {
  /** One of them could be served, as far as its connection goes. */
  readonly isReady: boolean;
  /** Serves the one that has waited longest, or answers it in some other way. */
  serveNext(): void;
}

/**
 * How many handlers run at a time over all sessions of a server. Calls above that wait in their
 * connections' lines, and the lines take turns: whoever sends more calls waits longer.
 */
// r[impl session.x.limits]
export class CallPlaces {
  readonly #limits: Pick<Limits, "maxRunningCalls" | "maxWaitingCalls">;
  /** Those with calls that wait, how many, and whose turn is next first. */
  readonly #lines = new Map<CallLine, number>();
  #running = 0;
  #waiting = 0;
  #isHandingOn = false;

  constructor(limits: Pick<Limits, "maxRunningCalls" | "maxWaitingCalls">) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Another handler may run. Whoever could have been served before has been. */
  get hasRoom(): boolean {
    return this.#running < this.#limits.maxRunningCalls;
  }

  onStarted(): void {
    this.#running++;
  }

  /** A handler is done: its place goes to who waits. */
  onDone(): void {
    this.#running--;
    this.#handOn();
  }

  /** @returns false if too many wait already */
  tryWait(line: CallLine): boolean {
    if (this.#waiting >= this.#limits.maxWaitingCalls) return false;
    this.#waiting++;
    this.#lines.set(line, (this.#lines.get(line) ?? 0) + 1);
    return true;
  }

  /** So many calls of a line do not wait any more. */
  onLeft(line: CallLine, calls: number): void {
    const left = (this.#lines.get(line) ?? 0) - calls;
    this.#waiting -= calls;
    if (left > 0) this.#lines.set(line, left);
    else this.#lines.delete(line);
  }

  #handOn(): void {
    // A handler that settles at once comes back here: the loop goes on, the stack does not grow.
    if (this.#isHandingOn) return;
    this.#isHandingOn = true;
    try {
      for (const [line, calls] of this.#lines) {
        if (!this.hasRoom) return;
        if (!line.isReady) continue;
        // To the end, where this loop comes by again.
        this.#lines.delete(line);
        this.#waiting--;
        if (calls > 1) this.#lines.set(line, calls - 1);
        line.serveNext();
      }
    } finally {
      this.#isHandingOn = false;
    }
  }
}
