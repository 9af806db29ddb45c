import { within } from "./errors.ts";
import type { Reader } from "./reader.ts";
import {
  type ArrayNode,
  type EnumNode,
  type Field,
  isNullable,
  nodeOf,
  partsOf,
  type Schema,
  type SchemaNode,
  type Variant,
} from "./schema.ts";
import { isWeightless, minBytes } from "./shape.ts";

export type Decode<T = unknown> = (reader: Reader) => T;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Builds the decoder of a schema; `part` gives those of its parts (cached, recursion-safe). */
export function buildDecoder(node: SchemaNode, part: (schema: Schema) => Decode): Decode {
  switch (node.kind) {
    case "bool":
      return (r) => r.bool();
    case "u8":
      return (r) => r.u8();
    case "u16":
      return (r) => r.u16();
    case "u32":
      return (r) => r.u32();
    case "i8":
      return (r) => r.i8();
    case "i16":
      return (r) => r.i16();
    case "i32":
      return (r) => r.i32();
    case "f32":
      return (r) => r.f32();
    case "f64":
      return (r) => r.f64();
    case "char":
      return (r) => r.char();
    case "string":
      return (r) => r.string();
    case "bytes":
      return (r) => r.byteArray();
    case "unit":
      return () => undefined;
    case "trailing":
      return (r) => r.rest();
    // r[impl codec.x.usize]
    case "u64":
    case "usize":
      return node.isNumber ? (r) => safe(r, r.u64()) : (r) => r.u64();
    case "i64":
    case "isize":
      return node.isNumber ? (r) => safe(r, r.i64()) : (r) => r.i64();
    case "u128":
      return (r) => r.u128();
    case "i128":
      return (r) => r.i128();
    case "list":
      return listDecoder(node.item, part);
    case "slice":
      return nodeOf(node.item).kind === "u8" ? (r) => r.byteArray() : listDecoder(node.item, part);
    case "set":
      return setDecoder(node.item, part);
    case "map":
      return mapDecoder(node.key, node.value, part);
    case "array":
      return arrayDecoder(node, part(node.item));
    case "tuple":
      return heldDecoder(node, tupleDecoder(node.items.map(part)));
    case "struct":
      return heldDecoder(node, structDecoder(node.fields, part));
    case "option":
      return optionDecoder(node.item, part);
    case "newtype":
      return part(node.inner);
    case "enum":
      return enumDecoder(node, part);
    case "result":
      return resultDecoder(part(node.ok), part(node.err));
    case "lazy": {
      let decode: Decode | undefined;
      return (r) => {
        decode ??= part(node.get());
        return decode(r);
      };
    }
    case "custom":
      return node.decode;
  }
}

function safe(reader: Reader, value: bigint): number {
  if (value > MAX_SAFE || value < -MAX_SAFE) reader.fail("integer beyond 2^53 - 1");
  return Number(value);
}

/** `decode`, with the place named in its errors. */
function decodeAt(reader: Reader, decode: Decode, segment: string | number): unknown {
  try {
    return decode(reader);
  } catch (error) {
    throw within(segment, error);
  }
}

// r[impl codec.x.sequence]
function listDecoder(item: Schema, part: (schema: Schema) => Decode): Decode<unknown[]> {
  const decode = part(item);
  // A few bytes may ask for 2^24 of these: one value serves for all.
  if (isWeightless(item)) return (r) => Object.freeze(new Array(r.count(0)).fill(decode(r))) as unknown[];
  const least = minBytes(item);
  return (r) => items(r, countOf(r, least), decode);
}

/** What a value counts that may take no bytes and is made each time, among those of a payload. */
const WEIGHT_OF_NOTHING = 256;

/** How many items follow, of `least` bytes each or more. Each is decoded, even one of no bytes. */
function countOf(reader: Reader, least: number): number {
  const count = reader.count(least);
  if (least === 0) reader.weightless(count * WEIGHT_OF_NOTHING);
  return count;
}

// r[impl codec.x.array]
function arrayDecoder({ length, item }: ArrayNode, decode: Decode): Decode<unknown[]> {
  if (!isWeightless(item)) {
    const isHeld = minBytes(item) > 0;
    return (r) => {
      if (!isHeld) r.weightless(length * WEIGHT_OF_NOTHING);
      return items(r, length, decode);
    };
  }
  let only: readonly unknown[] | undefined;
  return (r) => {
    // Nothing else holds the length that a description says.
    r.weightless(length);
    if (length === 0) return [];
    // There is one such value, and a few bytes may ask for it again and again: it serves them all.
    only ??= Object.freeze(new Array(length).fill(decode(r)));
    return only as unknown[];
  };
}

/** Parts without bytes, and such parts in them: a short description may make any number of them. */
// r[impl codec.x.limits]
function heldDecoder(node: SchemaNode, decode: Decode): Decode {
  const schema = node as Schema;
  if (!isWeightless(schema) || partsOf(schema).length < 2) return decode;
  return (r) => {
    r.weightless(WEIGHT_OF_NOTHING);
    return decode(r);
  };
}

function items(reader: Reader, count: number, decode: Decode): unknown[] {
  const values: unknown[] = new Array(reader.places(count));
  let index = 0;
  try {
    for (; index < count; index++) values[index] = decode(reader);
  } catch (error) {
    throw within(index, error);
  }
  return values;
}

/**
 * A stand-in for a compound value as a Map key or Set member: text that equal values share. Not
 * their bytes, for a varint may come in several forms and a set in any order.
 */
function contentKey(value: unknown): string {
  if (typeof value !== "object" || value === null)
    return `${typeof value} ${String(value).length} ${String(value)}`;
  if (value instanceof Uint8Array) return `[${value.join()}]`;
  if (value instanceof Set || value instanceof Map) return `{${Array.from(value, contentKey).sort().join()}}`;
  // An array of values without bytes: only its length tells it from another.
  if (Object.isFrozen(value) && Array.isArray(value)) return `[${value.length}]`;
  const parts = Array.isArray(value) ? value : Object.entries(value);
  return `[${Array.from(parts, contentKey).join()}]`;
}

/** True if equal values are the same value to a Map or a Set. */
export function hasIdentity(schema: Schema): boolean {
  const node = nodeOf(schema);
  if (node.kind === "newtype") return hasIdentity(node.inner);
  if (node.kind === "enum") return node.variants.every((variant) => variant.kind === "unit");
  return ["bool", "char", "string", "unit"].includes(node.kind) || /^[uif]/.test(node.kind);
}

function setDecoder(item: Schema, part: (schema: Schema) => Decode): Decode<Set<unknown>> {
  const decode = part(item);
  const least = minBytes(item);
  const isPlain = hasIdentity(item);
  const isOne = isWeightless(item);
  return (r) => {
    const count = isOne ? Math.min(r.count(least), 1) : countOf(r, least);
    const members = new Map<unknown, unknown>();
    for (let index = 0; index < count; index++) {
      const member = decodeAt(r, decode, index);
      members.set(isPlain ? member : contentKey(member), member);
    }
    return new Set(members.values());
  };
}

function mapDecoder(
  keySchema: Schema,
  valueSchema: Schema,
  part: (schema: Schema) => Decode,
): Decode<Map<unknown, unknown>> {
  const decodeKey = part(keySchema);
  const decodeValue = part(valueSchema);
  const least = minBytes(keySchema) + minBytes(valueSchema);
  const isPlain = hasIdentity(keySchema);
  const isOne = isWeightless(keySchema) && isWeightless(valueSchema);
  return (r) => {
    const count = isOne ? Math.min(r.count(least), 1) : countOf(r, least);
    const map = new Map<unknown, unknown>();
    const known = new Map<string, unknown>();
    for (let index = 0; index < count; index++) {
      let key = decodeAt(r, decodeKey, `{key ${index}}`);
      if (!isPlain) {
        const content = contentKey(key);
        // The last one wins, and an equal key seen before is the key.
        if (known.has(content)) key = known.get(content);
        else known.set(content, key);
      }
      map.set(key, decodeAt(r, decodeValue, `{value ${index}}`));
    }
    return map;
  };
}

function tupleDecoder(decoders: readonly Decode[]): Decode<unknown[]> {
  return (r) => {
    const values: unknown[] = [];
    try {
      for (let index = 0; index < decoders.length; index++) values.push((decoders[index] as Decode)(r));
    } catch (error) {
      throw within(values.length, error);
    }
    return values;
  };
}

type Target = Record<string, unknown>;

/**
 * Fills the fields of a value in order. The value comes with all its properties in place, so
 * that every decoded value has the same hidden class and each assignment is a plain store.
 */
function fieldsDecoder(
  fields: readonly Field[],
  part: (schema: Schema) => Decode,
  prefix: Target,
): Decode<Target> {
  const names = fields.map((field) => field.name);
  const decoders = fields.map((field) => part(field.schema));
  const template: Target = { ...prefix };
  // Defined, for assigning a field called `__proto__` would change the prototype. Once it is a
  // property of the value's own, spread copies it and assignment sets it like any other.
  for (const name of names) define(template, name, undefined);
  return (r) => {
    const value: Target = { ...template };
    let index = 0;
    try {
      for (; index < decoders.length; index++) {
        value[names[index] as string] = (decoders[index] as Decode)(r);
      }
    } catch (error) {
      throw within(names[index] as string, error);
    }
    return value;
  };
}

function define(target: Target, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

function structDecoder(fields: readonly Field[], part: (schema: Schema) => Decode): Decode {
  return fieldsDecoder(fields, part, {});
}

// r[impl codec.x.option]
function optionDecoder(item: Schema, part: (schema: Schema) => Decode): Decode {
  const decode = part(item);
  const isWrapped = isNullable(item);
  return (r) => {
    const tag = r.u8();
    if (tag === 0) return null;
    if (tag !== 1) r.fail(`invalid option tag ${tag}`, r.offset - 1);
    return isWrapped ? { some: decode(r) } : decode(r);
  };
}

// r[impl codec.x.result]
function resultDecoder(ok: Decode, err: Decode): Decode {
  return (r) => {
    if (r.variant(2) === 0) return { ok: decodeAt(r, ok, "Ok") };
    return { err: decodeAt(r, err, "Err") };
  };
}

function enumDecoder(node: EnumNode, part: (schema: Schema) => Decode): Decode {
  const { variants, tagProperty } = node;
  const count = variants.length;
  if (variants.every((variant) => variant.kind === "unit")) {
    const names = variants.map((variant) => variant.name);
    return (r) => names[r.variant(count)];
  }
  const decoders = variants.map((variant) => variantDecoder(variant, tagProperty, part));
  return (r) => (decoders[r.variant(count)] as Decode)(r);
}

function variantDecoder(variant: Variant, tagProperty: string, part: (schema: Schema) => Decode): Decode {
  const { name } = variant;
  switch (variant.kind) {
    case "unit":
      return () => ({ [tagProperty]: name });
    case "newtype": {
      const decode = part(variant.item);
      return (r) => ({ [tagProperty]: name, value: decodeAt(r, decode, name) });
    }
    case "tuple": {
      const decode = tupleDecoder(variant.items.map(part));
      return (r) => ({ [tagProperty]: name, value: decodeAt(r, decode, name) });
    }
    case "struct": {
      const decode = fieldsDecoder(variant.fields, part, { [tagProperty]: name });
      return (r) => decodeAt(r, decode, name);
    }
  }
}
