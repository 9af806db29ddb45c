import { abortReason } from "../errors.ts";

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Those who wait for units of a capacity that somebody else counts, served in the order in
 * which they came. An aborted waiter leaves the line and has taken nothing.
 */
export class WaitLine {
  readonly #take: () => boolean;
  // A Set keeps insertion order and removes from the middle at once. Made when somebody waits:
  // most lines of most sessions never see anybody.
  #waiters: Set<Waiter> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param take takes one unit if there is one, and says so */
  constructor(take: () => boolean) {
    this.#take = take;
  }

  get length(): number {
    return this.#waiters === undefined ? 0 : this.#waiters.size;
  }

  /** Takes a unit without waiting, unless others wait already. */
  tryTake(): boolean {
    return this.#failure === undefined && this.length === 0 && this.#take();
  }

  /** Resolves when a unit has been taken for the caller. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.tryTake()) return Promise.resolve();
    this.#waiters ??= new Set();
    const waiters = this.#waiters;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiters.delete(waiter);
        reject(abortReason(signal as AbortSignal));
      };
      const waiter: Waiter = {
        resolve: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        reject: (error) => {
          signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      waiters.add(waiter);
    });
  }

  /** Call when units may have become free. */
  serve(): void {
    if (this.#waiters === undefined) return;
    for (const waiter of this.#waiters) {
      if (!this.#take()) return;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Turns everyone away, now and from now on. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    if (this.#waiters === undefined) return;
    for (const waiter of this.#waiters) waiter.reject(this.#failure.error);
    this.#waiters.clear();
  }
}
