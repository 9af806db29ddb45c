import type { NeutralType } from "../neutral-type.ts";

/**
 * True if the published decoder, reading a value of the type, meets a varint that
 * `codec.x.leniency` has us refuse: above its type's maximum, where it drops the excess bits, or
 * in more bytes than the type's longest form.
 *
 * It is a reader of its own on purpose: whether we are right to refuse is not for our decoder to say.
 */
export function hasOverRangeVarint(type: NeutralType, bytes: Uint8Array): boolean {
  const walk = new Walk(bytes);
  walk.value(type, new Map());
  return walk.isOverRange;
}

type Names = ReadonlyMap<string, NeutralType>;

class Walk {
  readonly #bytes: Uint8Array;
  #at = 0;
  isOverRange = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  value(type: NeutralType, outer: Names): void {
    const names = "name" in type && type.kind !== "ref" ? new Map(outer).set(type.name, type) : outer;
    switch (type.kind) {
      case "bool":
      case "u8":
      case "i8":
        this.#at += 1;
        break;
      case "u16":
      case "i16":
        this.#varint(16);
        break;
      case "u32":
      case "i32":
        this.#varint(32);
        break;
      case "u64":
      case "usize":
      case "i64":
      case "isize":
        this.#varint(64);
        break;
      case "u128":
      case "i128":
        this.#varint(128);
        break;
      case "f32":
        this.#at += 4;
        break;
      case "f64":
        this.#at += 8;
        break;
      case "char":
      case "string":
      case "bytes": {
        // Not in one step: the place is behind the length by then.
        const length = this.#varint(64);
        this.#at += length;
        break;
      }
      case "list":
      case "slice":
      case "set":
        this.#repeat(this.#varint(64), () => this.value(type.item, names));
        break;
      case "map":
        this.#repeat(this.#varint(64), () => {
          this.value(type.key, names);
          this.value(type.value, names);
        });
        break;
      case "array":
        this.#repeat(type.len, () => this.value(type.item, names));
        break;
      case "option":
        if (this.#bytes[this.#at++] === 1) this.value(type.item, names);
        break;
      case "tuple":
      case "tuple-struct":
        for (const item of type.items) this.value(item, names);
        break;
      case "struct":
        for (const [, field] of type.fields) this.value(field, names);
        break;
      case "transparent":
        this.value(type.inner, names);
        break;
      case "result":
        this.value(this.#varint(64) === 0 ? type.ok : type.err, names);
        break;
      case "enum":
        this.#variant(type, names);
        break;
      case "ref":
        this.#reference(type.name, names);
        break;
      case "trailing-payload":
        this.#at = this.#bytes.length;
        break;
      case "unit":
      case "unit-struct":
      case "tx":
      case "rx":
        break;
    }
  }

  #variant({ variants }: Extract<NeutralType, { kind: "enum" }>, names: Names): void {
    const payload = variants[this.#varint(64)]?.payload;
    if (payload?.kind === "newtype-variant") this.value(payload.item, names);
    if (payload?.kind === "tuple-variant") for (const item of payload.items) this.value(item, names);
    if (payload?.kind === "struct-variant") for (const [, field] of payload.fields) this.value(field, names);
  }

  #reference(name: string, names: Names): void {
    const target = names.get(name);
    if (target === undefined) throw new TypeError(`no type ${name} around the reference to it`);
    this.value(target, names);
  }

  /** The value as the published decoder takes it: read as 64 (or 128) bits, cut to the type's. */
  #varint(bits: 16 | 32 | 64 | 128): number {
    const start = this.#at;
    let value = 0n;
    let byte = 0x80;
    while (byte >= 0x80 && this.#at < this.#bytes.length) {
      byte = this.#bytes[this.#at] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * (this.#at - start));
      this.#at++;
    }
    if (value >> BigInt(bits) > 0n || this.#at - start > Math.ceil(bits / 7)) this.isOverRange = true;
    return Number(BigInt.asUintN(bits, value));
  }

  #repeat(count: number, element: () => void): void {
    for (let index = 0; index < count; index++) {
      const before = this.#at;
      element();
      // Elements without bytes, up to 2^24 of them, hold no varint.
      if (this.#at === before) return;
    }
  }
}
