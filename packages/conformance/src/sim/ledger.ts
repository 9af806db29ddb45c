/** What came of a numbered sequence, and whether it came as it should. */
export class Ledger {
  #next = 0;
  readonly #ahead = new Set<number>();
  doubled = 0;
  outOfOrder = 0;

  /** @param number from 0, one more each time */
  take(number: number): void {
    if (number < this.#next || this.#ahead.has(number)) this.doubled++;
    else if (number === this.#next) {
      this.#next++;
      while (this.#ahead.delete(this.#next)) this.#next++;
    } else {
      this.outOfOrder++;
      this.#ahead.add(number);
    }
  }

  /** Numbers that came, each counted once. */
  get items(): number {
    return this.#next + this.#ahead.size;
  }

  /** Numbers of the first `sent` that did not come. */
  lost(sent: number): number {
    return sent - this.items;
  }

  get isInOrder(): boolean {
    return this.doubled === 0 && this.outOfOrder === 0;
  }
}
