const END: Promise<IteratorResult<number, undefined>> = Promise.resolve({ done: true, value: undefined });

/** Items that wait for their consumer, which takes them one at a time with `for await`. */
export class ItemQueue implements AsyncIterableIterator<number, undefined, undefined> {
  /** Called for each item that the consumer takes. */
  readonly #onTaken: () => void;
  // No bound: the consumer waits for nothing else and takes all of one read before the next.
  readonly #items: number[] = [];
  #head = 0;
  #tail = 0;
  #waiting: ((result: IteratorResult<number, undefined>) => void) | undefined;
  #isEnded = false;

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  push(item: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#items[this.#tail++] = item;
      return;
    }
    this.#waiting = undefined;
    this.#onTaken();
    waiting({ done: false, value: item });
  }

  end(): void {
    this.#isEnded = true;
    this.#waiting?.({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<number, undefined>> {
    if (this.#head < this.#tail) {
      const value = this.#items[this.#head++] as number;
      // Empty: the array is used again from its start, and not grown anew.
      if (this.#head === this.#tail) this.#head = this.#tail = 0;
      this.#onTaken();
      return Promise.resolve({ done: false, value });
    }
    if (this.#isEnded) return END;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
