import { Difference } from "../vectors/tally.ts";

/** What our application has begun, and the first thing that went wrong in it. */
export class Underway {
  readonly #open = new Set<string>();
  #failure: { readonly error: unknown } | undefined;

  /** @param what unlike all others, for a person to read */
  watch(what: string, promise: Promise<unknown>): void {
    this.#open.add(what);
    promise.then(
      () => this.#open.delete(what),
      (error: unknown) => {
        this.#open.delete(what);
        this.fail(what, error);
      },
    );
  }

  fail(what: string, error: unknown): void {
    this.#failure ??= { error: new Difference(`${what}: ${String(error)}`) };
  }

  /** @throws the first failure */
  expectWell(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** @throws Difference if something waits still, although the session is over */
  expectNothing(): void {
    const [first] = this.#open;
    if (first !== undefined) throw new Difference(`${first} has not settled`);
  }
}
