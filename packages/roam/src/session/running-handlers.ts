import type { Clock } from "../internal/clock.ts";

/** Handlers of a session that have not settled, for those who wait until none is left. */
export class RunningHandlers {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  get count(): number {
    return this.#count;
  }

  add(delta: 1 | -1): void {
    this.#count += delta;
    if (this.#count === 0) this.release();
  }

  /** @param timeoutMs longest wait */
  untilNone(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stop();
        this.#waiting.delete(done);
        resolve();
      };
      const stop = clock.after(timeoutMs, done);
      this.#waiting.add(done);
    });
  }

  /** There is nothing more to wait for. */
  release(): void {
    for (const done of this.#waiting) done();
  }
}
