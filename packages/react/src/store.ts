/** What can be subscribed to: the shape that `useSyncExternalStore` and the stores of other frameworks take. */
export interface Store<S> {
  /** @param onChange the snapshot is another one now @returns what stops it */
  subscribe(onChange: () => void): () => void;
  /** The same object for as long as nothing has changed. */
  getSnapshot(): S;
}

/** A store whose snapshot is set from outside. */
export class Cell<S> implements Store<S> {
  #snapshot: S;
  readonly #listeners = new Set<() => void>();

  constructor(snapshot: S) {
    this.#snapshot = snapshot;
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  set(snapshot: S): void {
    this.#snapshot = snapshot;
    for (const onChange of this.#listeners) onChange();
  }

  // Fields, not methods: they are handed over without their object.
  readonly getSnapshot = (): S => this.#snapshot;

  readonly subscribe = (onChange: () => void): (() => void) => {
    // One of its own for each subscription, whoever subscribes twice.
    const listener = () => onChange();
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}
