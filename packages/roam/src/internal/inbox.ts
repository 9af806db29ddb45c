import { abortReason } from "../errors.ts";
import { Deque } from "./deque.ts";

interface Reader<T> {
  resolve(value: T | null): void;
  reject(error: unknown): void;
}

/**
 * What was pushed, for one reader that pulls: the edge where push turns into promises.
 * `take` gives values in order, then null after `end`, or keeps rejecting after `fail`.
 */
export class Inbox<T> {
  readonly #values = new Deque<T>();
  #reader: Reader<T> | undefined;
  #end: { readonly error?: unknown } | undefined;

  get size(): number {
    return this.#values.size;
  }

  push(value: T): void {
    if (this.#end !== undefined) return;
    if (this.#reader === undefined) this.#values.push(value);
    else this.#serve((reader) => reader.resolve(value));
  }

  /** No more values: with an error, readers get it once the values before it are taken. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    this.#serve((reader) => this.#finish(reader));
  }

  /** @throws TypeError if another `take` is pending. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<T | null> {
    if (this.#reader !== undefined) return Promise.reject(new TypeError("only one reader at a time"));
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.#values.size > 0) return Promise.resolve(this.#values.shift() as T);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#reader = undefined;
        reject(abortReason(signal as AbortSignal));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const done = () => signal?.removeEventListener("abort", onAbort);
      const reader: Reader<T> = {
        resolve: (value) => {
          done();
          resolve(value);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      if (this.#end !== undefined) this.#finish(reader);
      else this.#reader = reader;
    });
  }

  #serve(answer: (reader: Reader<T>) => void): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) answer(reader);
  }

  #finish(reader: Reader<T>): void {
    if (this.#end?.error === undefined) reader.resolve(null);
    else reader.reject(this.#end.error);
  }
}
