import { EncodeError, within } from "./errors.ts";
import { isBytes, isMap, isSet } from "./realms.ts";
import {
  type EnumNode,
  type Field,
  isNullable,
  nodeOf,
  type Schema,
  type SchemaNode,
  type Variant,
} from "./schema.ts";
import type { Writer } from "./writer.ts";

export type Encode<T = unknown> = (writer: Writer, value: T) => void;

/** Builds the encoder of a schema; `part` gives those of its parts (cached, recursion-safe). */
export function buildEncoder(node: SchemaNode, part: (schema: Schema) => Encode): Encode {
  switch (node.kind) {
    case "bool":
      return (w, value) => w.u8(typeof value === "boolean" ? Number(value) : mismatch("a boolean", value));
    case "u8":
      return (w, value) => w.u8(integer(value, 0, 0xff));
    case "u16":
      return (w, value) => w.varint(integer(value, 0, 0xffff));
    case "u32":
      return (w, value) => w.varint(integer(value, 0, 0xffff_ffff));
    case "i8":
      return (w, value) => w.u8(integer(value, -0x80, 0x7f) & 0xff);
    case "i16":
      return (w, value) => w.varint(zigzag32(integer(value, -0x8000, 0x7fff)));
    case "i32":
      return (w, value) => w.varint(zigzag32(integer(value, -0x8000_0000, 0x7fff_ffff)));
    case "f32":
      return (w, value) => w.f32(float(value));
    case "f64":
      return (w, value) => w.f64(float(value));
    case "char":
      return (w, value) => w.string(character(value));
    case "string":
      return (w, value) => w.string(typeof value === "string" ? value : mismatch("a string", value));
    case "bytes":
      return (w, value) => w.byteArray(byteArray(value));
    case "trailing":
      return (w, value) => w.raw(byteArray(value));
    case "unit":
      return (_w, value) => {
        if (value !== undefined && value !== null) mismatch("nothing", value);
      };
    case "u64":
    case "usize":
      return wideEncoder(node.isNumber === true, 64, false);
    case "i64":
    case "isize":
      return wideEncoder(node.isNumber === true, 64, true);
    case "u128":
      return wideEncoder(false, 128, false);
    case "i128":
      return wideEncoder(false, 128, true);
    case "list":
      return listEncoder(part(node.item));
    case "slice":
      return nodeOf(node.item).kind === "u8"
        ? (w, value) => w.byteArray(byteArray(value))
        : listEncoder(part(node.item));
    case "set":
      return setEncoder(part(node.item));
    case "map":
      return mapEncoder(part(node.key), part(node.value));
    case "array":
      return arrayEncoder(node.length, part(node.item));
    case "tuple":
      return tupleEncoder(node.items.map(part));
    case "struct":
      return structEncoder(node.fields, part);
    case "option":
      return optionEncoder(node.item, part);
    case "newtype":
      return part(node.inner);
    case "enum":
      return enumEncoder(node, part);
    case "result":
      return resultEncoder(part(node.ok), part(node.err));
    case "lazy": {
      let encode: Encode | undefined;
      return (w, value) => {
        encode ??= part(node.get());
        encode(w, value);
      };
    }
    case "custom":
      return node.encode as Encode;
  }
}

function mismatch(expected: string, value: unknown): never {
  const got = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
  throw new EncodeError(`expected ${expected}, got ${got}`);
}

// r[impl codec.x.numbers]
function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== "number") return mismatch("a number", value);
  if (!(value >= min && value <= max) || !Number.isInteger(value)) {
    throw new EncodeError(`${value} is not an integer from ${min} to ${max}`);
  }
  return value;
}

// `<<` gives a signed number: forced unsigned. r[impl codec.x.zigzag]
function zigzag32(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function float(value: unknown): number {
  return typeof value === "number" ? value : mismatch("a number", value);
}

function character(value: unknown): string {
  if (typeof value !== "string") return mismatch("a character", value);
  const first = value.codePointAt(0);
  if (first === undefined || value.length !== (first > 0xffff ? 2 : 1)) {
    throw new EncodeError("not exactly one character");
  }
  return value;
}

function byteArray(value: unknown): Uint8Array {
  return isBytes(value) ? value : mismatch("a Uint8Array", value);
}

function wideEncoder(isNumber: boolean, bits: 64 | 128, isSigned: boolean): Encode {
  const width = BigInt(bits);
  const min = isSigned ? -(1n << (width - 1n)) : 0n;
  const max = isSigned ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;
  return (w, value) => {
    if (typeof value !== "bigint" && !isNumber) mismatch("a bigint", value);
    if (isNumber && !Number.isSafeInteger(value)) {
      if (typeof value !== "number") mismatch("a number", value);
      throw new EncodeError(`${value} is not an integer within 2^53 - 1`);
    }
    const wide = BigInt(value as bigint | number);
    if (wide < min || wide > max) throw new EncodeError(`${wide} is not an integer from ${min} to ${max}`);
    w.varintWide(isSigned ? (wide < 0n ? -2n * wide - 1n : 2n * wide) : wide);
  };
}

function elements(writer: Writer, values: Iterable<unknown>, encode: Encode): void {
  let index = 0;
  try {
    for (const value of values) {
      encode(writer, value);
      index++;
    }
  } catch (error) {
    throw within(index, error);
  }
}

function listEncoder(encode: Encode): Encode {
  return (w, value) => {
    if (!Array.isArray(value)) return mismatch("an array", value);
    w.varint(value.length);
    elements(w, value, encode);
  };
}

// r[impl codec.x.array]
function arrayEncoder(length: number, encode: Encode): Encode {
  return (w, value) => {
    if (!Array.isArray(value)) return mismatch("an array", value);
    if (value.length !== length) throw new EncodeError(`expected ${length} items, got ${value.length}`);
    elements(w, value, encode);
  };
}

function tupleEncoder(encoders: readonly Encode[]): Encode {
  return (w, value) => {
    if (!Array.isArray(value)) return mismatch("an array", value);
    if (value.length !== encoders.length) {
      throw new EncodeError(`expected ${encoders.length} items, got ${value.length}`);
    }
    let index = 0;
    try {
      for (; index < encoders.length; index++) (encoders[index] as Encode)(w, value[index]);
    } catch (error) {
      throw within(index, error);
    }
  };
}

function setEncoder(encode: Encode): Encode {
  return (w, value) => {
    if (!isSet(value)) return mismatch("a Set", value);
    w.varint(value.size);
    elements(w, value, encode);
  };
}

function mapEncoder(encodeKey: Encode, encodeValue: Encode): Encode {
  return (w, value) => {
    if (!isMap(value)) return mismatch("a Map", value);
    w.varint(value.size);
    let index = 0;
    let segment = "";
    try {
      for (const [key, item] of value) {
        segment = `{key ${index}}`;
        encodeKey(w, key);
        segment = `{value ${index}}`;
        encodeValue(w, item);
        index++;
      }
    } catch (error) {
      throw within(segment, error);
    }
  };
}

function structEncoder(fields: readonly Field[], part: (schema: Schema) => Encode): Encode {
  const names = fields.map((field) => field.name);
  const encoders = fields.map((field) => part(field.schema));
  return (w, value) => {
    if (typeof value !== "object" || value === null) return mismatch("an object", value);
    let index = 0;
    try {
      for (; index < encoders.length; index++) {
        (encoders[index] as Encode)(w, (value as Record<string, unknown>)[names[index] as string]);
      }
    } catch (error) {
      throw within(names[index] as string, error);
    }
  };
}

// r[impl codec.x.option]
function optionEncoder(item: Schema, part: (schema: Schema) => Encode): Encode {
  const encode = part(item);
  const isWrapped = isNullable(item);
  return (w, value) => {
    if (value === null) return w.u8(0);
    w.u8(1);
    if (!isWrapped) return encode(w, value);
    if (typeof value !== "object" || !("some" in value)) return mismatch("null or { some }", value);
    encode(w, value.some);
  };
}

// r[impl codec.x.result]
function resultEncoder(ok: Encode, err: Encode): Encode {
  return (w, value) => {
    if (typeof value !== "object" || value === null) return mismatch("{ ok } or { err }", value);
    if ("ok" in value) {
      w.u8(0);
      encodeAt(w, ok, value.ok, "Ok");
    } else if ("err" in value) {
      w.u8(1);
      encodeAt(w, err, value.err, "Err");
    } else mismatch("{ ok } or { err }", value);
  };
}

function encodeAt(writer: Writer, encode: Encode, value: unknown, segment: string): void {
  try {
    encode(writer, value);
  } catch (error) {
    throw within(segment, error);
  }
}

// r[impl codec.x.enum]
function enumEncoder(node: EnumNode, part: (schema: Schema) => Encode): Encode {
  const { name, variants, tagProperty } = node;
  const indexes = new Map(variants.map((variant, index) => [variant.name, index]));
  const indexOf = (tag: unknown): number => {
    const index = indexes.get(tag as string);
    if (index === undefined) throw new EncodeError(`${String(tag)} is not a variant of ${name}`);
    return index;
  };
  if (variants.every((variant) => variant.kind === "unit")) {
    return (w, value) => w.varint(indexOf(value));
  }
  const encoders = variants.map((variant) => variantEncoder(variant, part));
  return (w, value) => {
    if (typeof value !== "object" || value === null) return mismatch(`an object with ${tagProperty}`, value);
    const index = indexOf((value as Record<string, unknown>)[tagProperty]);
    w.varint(index);
    encodeAt(w, encoders[index] as Encode, value, (variants[index] as Variant).name);
  };
}

function variantEncoder(variant: Variant, part: (schema: Schema) => Encode): Encode {
  switch (variant.kind) {
    case "unit":
      return () => {};
    case "newtype":
      return wrapped(part(variant.item));
    case "tuple":
      return wrapped(tupleEncoder(variant.items.map(part)));
    case "struct":
      return structEncoder(variant.fields, part);
  }
}

function wrapped(encode: Encode): Encode {
  return (w, value) => encode(w, (value as { value: unknown }).value);
}
