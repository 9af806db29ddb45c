import type { SeededRandom } from "roam/testing";
import type { NeutralPayload, NeutralType } from "../../neutral-type.ts";

const BITS = {
  u16: 16,
  i16: 16,
  u32: 32,
  i32: 32,
  u64: 64,
  i64: 64,
  usize: 64,
  isize: 64,
  u128: 128,
  i128: 128,
};
const TEXTS = ["", "a", "é", "€", "😀", "\0", "\ufeff", "hello, world", "e\u0301", "x".repeat(40)];
/** Levels below which lists and options stay empty. */
const MOST_LEVELS = 5;

/** The bytes of some value of the type; varints are not always as short as they could be. */
export function randomBytes(type: NeutralType, random: SeededRandom): Uint8Array {
  const writing = new Writing(random);
  writing.value(type, new Map(), 0);
  return Uint8Array.from(writing.out);
}

class Writing {
  readonly #random: SeededRandom;
  readonly out: number[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  value(type: NeutralType, outer: ReadonlyMap<string, NeutralType>, level: number): void {
    const random = this.#random;
    const names = "name" in type && type.kind !== "ref" ? new Map(outer).set(type.name, type) : outer;
    const part = (inner: NeutralType) => this.value(inner, names, level + 1);
    const count = () => (level >= MOST_LEVELS ? 0 : random.spread(0, 6));
    switch (type.kind) {
      case "bool":
        return this.#raw(random.integer(0, 1));
      case "u8":
      case "i8":
        return this.#raw(random.integer(0, 255));
      case "f32":
        return this.#raw(...random.bytes(4));
      case "f64":
        return this.#raw(...random.bytes(8));
      case "u16":
      case "i16":
      case "u32":
      case "i32":
      case "u64":
      case "i64":
      case "usize":
      case "isize":
      case "u128":
      case "i128":
        return this.#varint(this.#integer(BITS[type.kind]));
      case "char":
        return this.#text(random.pick(["a", "é", "€", "😀", "\0", "\ufeff"]));
      case "string":
        return this.#text(random.pick(TEXTS));
      case "bytes":
      case "trailing-payload": {
        const bytes = random.bytes(random.spread(0, 20));
        if (type.kind === "bytes") this.#varint(BigInt(bytes.length));
        return this.#raw(...bytes);
      }
      case "list":
      case "slice":
      case "set":
        return this.#repeat(count(), true, () => part(type.item));
      case "map":
        return this.#repeat(count(), true, () => {
          part(type.key);
          part(type.value);
        });
      case "array":
        return this.#repeat(type.len, false, () => part(type.item));
      case "option": {
        const isSome = level < MOST_LEVELS && random.chance(0.7);
        this.#raw(isSome ? 1 : 0);
        if (isSome) part(type.item);
        return;
      }
      case "tuple":
      case "tuple-struct":
        return type.items.forEach(part);
      case "struct":
        for (const [, field] of type.fields) part(field);
        return;
      case "transparent":
        return part(type.inner);
      case "result": {
        const isOk = random.chance(0.5);
        this.#varint(isOk ? 0n : 1n);
        return part(isOk ? type.ok : type.err);
      }
      case "enum": {
        // The first variant of a type in itself is one where it ends.
        const index = level >= MOST_LEVELS ? 0 : random.integer(0, type.variants.length - 1);
        this.#varint(BigInt(index));
        const payload = type.variants[index]?.payload;
        if (payload !== undefined) this.#payload(payload, part);
        return;
      }
      case "ref":
        return this.value(names.get(type.name) as NeutralType, names, level);
    }
  }

  #payload(payload: NeutralPayload, part: (type: NeutralType) => void): void {
    if (payload.kind === "newtype-variant") part(payload.item);
    if (payload.kind === "tuple-variant") payload.items.forEach(part);
    if (payload.kind === "struct-variant") for (const [, field] of payload.fields) part(field);
  }

  #raw(...bytes: readonly number[]): void {
    this.out.push(...bytes);
  }

  #integer(bits: number): bigint {
    const random = this.#random;
    const most = 2n ** BigInt(bits) - 1n;
    if (random.chance(0.15)) return random.pick([most, most - 1n, most / 2n, most / 2n + 1n]);
    const some = BigInt(random.spread(0, 2 ** Math.min(bits, 50)));
    return bits > 50 && random.chance(0.3)
      ? (some << BigInt(random.integer(0, bits - 51))) & most
      : some & most;
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.out.push(Number(rest & 0x7fn) | 0x80);
    // A longer form of the same, now and then.
    if (value < 0x80n && this.#random.chance(0.03)) this.out.push(Number(rest) | 0x80, 0);
    else this.out.push(Number(rest));
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#varint(BigInt(bytes.length));
    this.#raw(...bytes);
  }

  #repeat(count: number, isCounted: boolean, element: () => void): void {
    if (isCounted) this.#varint(BigInt(count));
    for (let index = 0; index < count; index++) element();
  }
}
