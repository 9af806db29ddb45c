import { Cell } from "./store.ts";

/** How it goes with a call. While it runs again, the last value stays. */
export type CallSnapshot<T> =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly value?: T }
  | { readonly kind: "done"; readonly value: T }
  /** A `CallError` with code and detail, in most cases. */
  | { readonly kind: "failed"; readonly error: unknown };

export const IDLE = { kind: "idle" } as const;

/** One call as a store: made with `start`, as often as one likes, and given up on the wire with `cancel`. */
export class CallStore<T> extends Cell<CallSnapshot<T>> {
  readonly #call: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | undefined;

  constructor(call: (signal: AbortSignal) => Promise<T>) {
    super(IDLE);
    this.#call = call;
  }

  readonly start = (): void => {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const last = this.getSnapshot();
    this.set({ kind: "running", ...("value" in last && { value: last.value }) });
    const settle = (snapshot: CallSnapshot<T>) => {
      if (this.#running === running) this.set(snapshot);
    };
    // In the next turn: strict mode starts, cancels and starts anew, and the wire need not see that.
    const calling = Promise.resolve().then(() => {
      running.signal.throwIfAborted();
      return this.#call(running.signal);
    });
    calling.then(
      (value) => settle({ kind: "done", value }),
      (error) => settle({ kind: "failed", error }),
    );
  };

  readonly cancel = (): void => {
    if (this.getSnapshot().kind !== "running") return;
    this.#running?.abort();
    this.#running = undefined;
    this.set(IDLE);
  };
}
