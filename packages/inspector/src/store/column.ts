/** An array of numbers that grows at its end. */
type Numbers = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array;

/** There may be as many columns as channels: most of those are short. */
const FIRST_LENGTH = 8;

/** Numbers of one type, appended one by one; a million of them are one object. */
export class Column<A extends Numbers> {
  /** Room for more than `length`. */
  values: A;
  length = 0;
  readonly #make: new (
    length: number,
  ) => A;

  constructor(make: new (length: number) => A) {
    this.#make = make;
    this.values = new make(0);
  }

  push(value: number): void {
    if (this.length === this.values.length) this.#grow();
    this.values[this.length++] = value;
  }

  /** @returns 0 beyond the end */
  at(index: number): number {
    return index < this.length ? (this.values[index] as number) : 0;
  }

  get last(): number {
    return this.at(this.length - 1);
  }

  /** Drops the oldest; what is behind moves up. */
  drop(count: number): void {
    this.values.copyWithin(0, count, this.length);
    this.length -= count;
  }

  #grow(): void {
    const larger = new this.#make(Math.max(FIRST_LENGTH, this.values.length * 2));
    larger.set(this.values);
    this.values = larger;
  }
}

/** Index of the first of `length` ascending values that is not below `value`, looked for from `from` on. */
export function lowerBound(values: Numbers, length: number, value: number, from = 0): number {
  // Whoever asks for one pixel after the other is near: steps that double, then halves.
  let low = from;
  let step = 1;
  let high = from;
  while (high < length && (values[high] as number) < value) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > length) high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
