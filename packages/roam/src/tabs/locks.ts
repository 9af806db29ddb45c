/** What is used of `navigator.locks`. */
export interface Locks {
  request<T>(name: string, options: { readonly signal?: AbortSignal }, held: () => Promise<T>): Promise<T>;
}

/** @throws TypeError where there are none: old browsers, and pages that came by plain http */
export function platformLocks(): Locks {
  const { locks } = (globalThis.navigator ?? {}) as { locks?: Locks };
  if (locks === undefined) throw new TypeError("tabs need Web Locks: a current browser, and a page by https");
  return locks;
}

/** Holds a lock until `signal` aborts, or its page is gone. Resolves when it is held. @throws the signal's reason */
export function hold(locks: Locks, name: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const held = () =>
      new Promise<void>((release) => {
        resolve();
        if (signal.aborted) release();
        else signal.addEventListener("abort", () => release(), { once: true });
      });
    locks.request(name, { signal }, held).catch(reject);
  });
}

/** Calls back when nobody holds a lock any more: whoever did is gone, without a word if need be. */
export function onReleased(locks: Locks, name: string, signal: AbortSignal, then: () => void): void {
  locks.request(name, { signal }, async () => then()).catch(() => {});
}
