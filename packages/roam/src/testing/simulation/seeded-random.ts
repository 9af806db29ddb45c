/**
 * Random numbers that a seed decides (SplitMix32 for the seed, mulberry32 for the numbers). What a
 * name draws is independent of what other names draw, so that one part of a run can change
 * without changing the luck of the others.
 */
export class SeededRandom {
  readonly #seed: number;
  #state: number;

  /** @param seed any integer below 2^53 */
  constructor(seed: number, name = "") {
    this.#seed = seed;
    let state = mixed((seed >>> 0) ^ mixed(Math.floor(seed / 2 ** 32)));
    for (let at = 0; at < name.length; at++) state = mixed(state ^ name.charCodeAt(at));
    this.#state = state;
  }

  /** Other numbers of the same seed. */
  named(name: string): SeededRandom {
    return new SeededRandom(this.#seed, name);
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer, both bounds included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** The same, small ones as likely as large ones: each doubling has its share. */
  spread(min: number, max: number): number {
    const from = Math.log2(min + 1);
    const to = Math.log2(max + 2);
    return Math.min(max, Math.floor(2 ** (from + this.next() * (to - from)) - 1));
  }

  /** True so often, from 0 (never) to 1. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.integer(0, from.length - 1)] as T;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.next() * 256;
    return bytes;
  }
}

function mixed(value: number): number {
  let mixing = (value + 0x9e37_79b9) | 0;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x21f0_aaad);
  mixing = Math.imul(mixing ^ (mixing >>> 15), 0x735a_2d97);
  return mixing ^ (mixing >>> 15);
}
