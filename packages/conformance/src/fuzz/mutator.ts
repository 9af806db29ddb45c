import type { SeededRandom } from "../../../roam/src/testing/simulation/seeded-random.ts";

/** Changes to one input, at most. */
const MOST_CHANGES = 8;

/** Makes new inputs of old ones, by nothing but its random numbers. */
export class Mutator {
  readonly #random: SeededRandom;
  readonly #dictionary: readonly Uint8Array[];
  readonly #bytes: Uint8Array;
  #length = 0;
  readonly #changes: readonly (() => void)[];

  constructor(random: SeededRandom, options: { maxBytes: number; dictionary: readonly Uint8Array[] }) {
    this.#random = random;
    this.#dictionary = options.dictionary;
    this.#bytes = new Uint8Array(options.maxBytes);
    this.#changes = [
      () => this.#flip(),
      () => this.#setByte(),
      () => this.#addToByte(),
      () => this.#insertRandom(),
      () => this.#remove(),
      () => this.#repeat(),
      () => this.#copyOver(),
      () => this.#insertPiece(),
      () => this.#replaceVarint(),
      () => this.#growList(),
      () => this.#growText(),
      () => this.#cut(),
    ];
  }

  /** @param other another good input, to take a part of */
  mutated(parent: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    this.#length = Math.min(parent.length, this.#bytes.length);
    this.#bytes.set(parent.subarray(0, this.#length));
    if (random.chance(0.1)) this.#splice(other);
    const changes = random.spread(1, MOST_CHANGES);
    for (let change = 0; change < changes; change++) random.pick(this.#changes)();
    return this.#bytes.slice(0, this.#length);
  }

  /** A place to change: any byte, or the end. */
  #place(): number {
    return this.#random.integer(0, this.#length);
  }

  /** The length of a part that starts at `at`: short ones are likelier. */
  #part(at: number): number {
    return this.#random.spread(0, this.#length - at);
  }

  #flip(): void {
    const at = this.#place();
    if (at < this.#length) this.#bytes[at] = (this.#bytes[at] as number) ^ (1 << this.#random.integer(0, 7));
  }

  #setByte(): void {
    const at = this.#place();
    if (at < this.#length) this.#bytes[at] = this.#random.integer(0, 255);
  }

  #addToByte(): void {
    const at = this.#place();
    if (at < this.#length) this.#bytes[at] = (this.#bytes[at] as number) + this.#random.integer(-8, 8);
  }

  #insertRandom(): void {
    const piece = this.#random.bytes(this.#random.spread(1, 16));
    this.#insert(this.#place(), piece);
  }

  #insertPiece(): void {
    const piece = this.#random.pick(this.#dictionary);
    const at = this.#place();
    // In the place of as many bytes, as often.
    if (this.#random.chance(0.5)) this.#delete(at, Math.min(piece.length, this.#length - at));
    this.#insert(at, piece);
  }

  #remove(): void {
    const at = this.#place();
    this.#delete(at, this.#part(at));
  }

  #repeat(): void {
    const from = this.#place();
    const piece = this.#bytes.slice(from, from + this.#part(from));
    const times = this.#random.spread(1, 32);
    const at = this.#place();
    for (let time = 0; time < times; time++) this.#insert(at, piece);
  }

  #copyOver(): void {
    const from = this.#place();
    const length = this.#part(from);
    const to = this.#random.integer(0, this.#length - length);
    this.#bytes.copyWithin(to, from, from + length);
  }

  /** Whatever stands there as a varint gives way to another. */
  #replaceVarint(): void {
    const at = this.#place();
    let end = at;
    while (end < this.#length && end - at < 19 && (this.#bytes[end] as number) >= 0x80) end++;
    this.#delete(at, Math.min(end + 1, this.#length) - at);
    const varint: number[] = [];
    let rest = this.#random.spread(0, Number.MAX_SAFE_INTEGER - 1);
    while (rest > 0x7f) {
      varint.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#insert(at, Uint8Array.from([...varint, rest]));
  }

  /** A count goes up, and what follows comes as often again. */
  #growList(): void {
    const at = this.#place();
    if (at + 1 >= this.#length) return;
    const item = this.#bytes.slice(at + 1, at + 1 + Math.max(1, this.#part(at + 1)));
    const more = this.#random.spread(1, 64);
    const count = (this.#bytes[at] as number) + more;
    if (count > 0x7f) return;
    this.#bytes[at] = count;
    for (let time = 0; time < more; time++) this.#insert(at + 1, item);
  }

  /** A length goes up, with as many letters behind it. */
  #growText(): void {
    const at = this.#place();
    const more = this.#random.spread(1, 48);
    if (at >= this.#length || (this.#bytes[at] as number) + more > 0x7f) return;
    this.#bytes[at] = (this.#bytes[at] as number) + more;
    this.#insert(at + 1, new Uint8Array(more).fill(this.#random.integer(0x20, 0x7e)));
  }

  #cut(): void {
    this.#length = this.#place();
  }

  #splice(other: Uint8Array): void {
    const at = this.#place();
    const from = this.#random.integer(0, other.length);
    this.#length = at;
    this.#insert(at, other.subarray(from));
  }

  /** As far as there is room. */
  #insert(at: number, piece: Uint8Array): void {
    const length = Math.min(piece.length, this.#bytes.length - this.#length);
    this.#bytes.copyWithin(at + length, at, this.#length);
    this.#bytes.set(piece.subarray(0, length), at);
    this.#length += length;
  }

  #delete(at: number, length: number): void {
    this.#bytes.copyWithin(at, at + length, this.#length);
    this.#length -= length;
  }
}
