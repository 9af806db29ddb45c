/** A value whose changes are told to those who watch it. */
export class Watched<T> {
  readonly #watchers = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const watcher of this.#watchers) {
      try {
        watcher(value);
      } catch (error) {
        // The watcher's own fault, told as one of an event listener: what it watches goes on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** @returns what stops it */
  watch(watcher: (value: T) => void): () => void {
    // A watcher of its own each time: two who pass the same function are two.
    const own = (value: T) => watcher(value);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }
}
