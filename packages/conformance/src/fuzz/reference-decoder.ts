import { isUtf8 } from "node:buffer";
import { type Field, nodeOf, type Schema, type Variant } from "roam-postcard";

const MOST_ELEMENTS = 2 ** 24;
const MOST_LEVELS = 128;
const BITS = { u16: 16n, i16: 16n, u32: 32n, i32: 32n, u64: 64n, i64: 64n, u128: 128n, i128: 128n } as const;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

class Refused extends Error {}

/** What the contract says of some bytes: where the value ends, and its own bytes in their shortest form. */
export interface Reference {
  readonly end: number;
  readonly bytes: Uint8Array;
  /** A set or map was met: of what comes twice, the last counts, which `bytes` leaves open. */
  readonly hasMembers: boolean;
}

/**
 * The contract's decoder, written a second time, as plainly as can be: whether ours is right to take or
 * refuse something is not for ours to say. For types whose list items take bytes, or are of unit.
 *
 * @returns undefined where the bytes must be refused
 */
export function referenceOf(schema: Schema, input: Uint8Array): Reference | undefined {
  const walk = new Walk(input);
  try {
    walk.value(schema, 0);
  } catch (error) {
    if (error instanceof Refused || error instanceof RangeError) return undefined;
    throw error;
  }
  return { end: walk.at, bytes: Uint8Array.from(walk.out), hasMembers: walk.hasMembers };
}

class Walk {
  readonly #input: Uint8Array;
  at = 0;
  readonly out: number[] = [];
  hasMembers = false;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  /** @param around levels of nesting around the value */
  value(schema: Schema, around: number): void {
    const node = nodeOf(schema);
    switch (node.kind) {
      case "unit":
        return;
      case "bool":
        return void this.#tag(1);
      case "u8":
      case "i8":
        return this.#raw(1);
      case "f32":
        return this.#raw(4);
      case "f64":
        return this.#raw(8);
      case "u16":
      case "i16":
      case "u32":
      case "i32":
      case "u128":
      case "i128":
        return void this.#varint(BITS[node.kind]);
      case "u64":
      case "usize":
      case "i64":
      case "isize":
        return this.#wide(node.kind[0] === "i", node.isNumber === true);
      case "string":
        return void this.#text();
      case "char":
        if ([...this.#text()].length !== 1) throw new Refused();
        return;
      case "bytes":
        return this.#raw(this.#count());
      case "trailing":
        return this.#raw(this.#input.length - this.at);
      case "newtype":
        return this.value(node.inner, node.isTransparent ? around : this.#enter(around));
      default:
        return this.#compound(node, this.#enter(around));
    }
  }

  #compound(node: Exclude<ReturnType<typeof nodeOf>, { kind: "newtype" }>, around: number): void {
    switch (node.kind) {
      case "slice":
      case "list":
        if (nodeOf(node.item).kind === "u8" && node.kind === "slice") return this.#raw(this.#count());
        return this.#elements(this.#elementCount(), () => this.value(node.item, around));
      case "set":
        this.hasMembers = true;
        return this.#elements(this.#elementCount(), () => this.value(node.item, around));
      case "map":
        this.hasMembers = true;
        return this.#elements(this.#elementCount(), () => {
          this.value(node.key, around);
          this.value(node.value, around);
        });
      case "array":
        return this.#elements(node.length, () => this.value(node.item, around));
      case "tuple":
        for (const item of node.items) this.value(item, around);
        return;
      case "struct":
        return this.#fields(node.fields, around);
      case "option":
        if (this.#tag(1) === 1) this.value(node.item, around);
        return;
      case "result":
        return this.value(this.#varintBelow(2) === 0 ? node.ok : node.err, around);
      case "enum":
        return this.#variant(node.variants[this.#varintBelow(node.variants.length)] as Variant, around);
      default:
        throw new TypeError(`no reference for ${node.kind}`);
    }
  }

  #variant(variant: Variant, around: number): void {
    if (variant.kind === "newtype") this.value(variant.item, around);
    if (variant.kind === "tuple") for (const item of variant.items) this.value(item, around);
    if (variant.kind === "struct") this.#fields(variant.fields, around);
  }

  #fields(fields: readonly Field[], around: number): void {
    for (const field of fields) this.value(field.schema, around);
  }

  #enter(around: number): number {
    if (around >= MOST_LEVELS) throw new Refused();
    return around + 1;
  }

  #elements(count: number, element: () => void): void {
    for (let index = 0; index < count; index++) element();
  }

  #byte(): number {
    const byte = this.#input[this.at++];
    if (byte === undefined) throw new Refused();
    return byte;
  }

  #tag(most: number): number {
    const byte = this.#byte();
    if (byte > most) throw new Refused();
    this.out.push(byte);
    return byte;
  }

  #raw(length: number): void {
    if (length > this.#input.length - this.at) throw new Refused();
    for (let count = 0; count < length; count++) this.out.push(this.#byte());
  }

  #varint(bits: bigint): bigint {
    const longest = (bits + 6n) / 7n;
    let value = 0n;
    for (let group = 0n; group < longest; group++) {
      const byte = this.#byte();
      value += BigInt(byte % 128) * 128n ** group;
      if (byte >= 128) continue;
      if (value >= 2n ** bits) throw new Refused();
      this.#write(value);
      return value;
    }
    throw new Refused();
  }

  #write(value: bigint): void {
    let rest = value;
    for (; rest >= 128n; rest /= 128n) this.out.push(Number(rest % 128n) + 128);
    this.out.push(Number(rest));
  }

  #wide(isSigned: boolean, isNumber: boolean): void {
    const value = this.#varint(64n);
    const absolute = isSigned ? (value + 1n) / 2n : value;
    if (isNumber && absolute > MAX_SAFE) throw new Refused();
  }

  #varintBelow(limit: number): number {
    const value = this.#varint(64n);
    if (value >= BigInt(limit)) throw new Refused();
    return Number(value);
  }

  #count(): number {
    return Number(this.#varint(64n));
  }

  #elementCount(): number {
    return this.#varintBelow(MOST_ELEMENTS + 1);
  }

  #text(): string {
    const length = this.#count();
    const start = this.at;
    this.#raw(length);
    const bytes = this.#input.subarray(start, this.at);
    if (!isUtf8(bytes)) throw new Refused();
    return Buffer.from(bytes).toString();
  }
}
