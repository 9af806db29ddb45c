/** A first-in first-out queue. `Array.shift` moves every element; this moves an index. */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array(4);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = value;
    this.#size++;
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  /** The value `index` places behind the oldest. */
  at(index: number): T | undefined {
    if (index >= this.#size) return undefined;
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#size--;
    return value;
  }

  /** Takes everything, oldest first. */
  drain(): T[] {
    const values: T[] = [];
    while (this.#size > 0) values.push(this.shift() as T);
    return values;
  }

  // The capacity is a power of two, so that the index wraps by a mask.
  #grow(): void {
    const larger: (T | undefined)[] = new Array(this.#slots.length * 2);
    for (let index = 0; index < this.#size; index++) {
      larger[index] = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
    }
    this.#slots = larger;
    this.#head = 0;
  }
}
