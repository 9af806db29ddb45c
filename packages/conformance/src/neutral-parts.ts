import { isNullable, type Schema, t } from "roam-postcard";
import { fromHex, toHex } from "./hex.ts";
import { floatFromBits, floatToBits } from "./neutral-float.ts";
import type { Json, NeutralField, NeutralType } from "./neutral-type.ts";

/** One type of the vectors: our schema of it, and its values in both forms. */
export interface Neutral {
  readonly schema: Schema;
  /** @throws TypeError if the JSON is no value of the type */
  toValue(json: Json): unknown;
  toJson(value: unknown): Json;
}

export function mismatch(expected: string, json: Json): never {
  throw new TypeError(`expected ${expected}, found ${JSON.stringify(json)}`);
}

export function asObject(json: Json | undefined): { readonly [key: string]: Json } {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return mismatch("an object", json ?? null);
  return json as { readonly [key: string]: Json };
}

function asArray(json: Json): readonly Json[] {
  return Array.isArray(json) ? json : mismatch("an array", json);
}

export function plain(schema: Schema, type: "boolean" | "number" | "string"): Neutral {
  return {
    schema,
    toValue: (json) => (typeof json === type ? json : mismatch(`a ${type}`, json)),
    toJson: (value) => value as Json,
  };
}

export function wide(schema: Schema): Neutral {
  return {
    schema,
    toValue: (json) => BigInt(typeof json === "string" ? json : mismatch("a decimal string", json)),
    toJson: String,
  };
}

export function float(schema: Schema, size: 4 | 8): Neutral {
  return {
    schema,
    toValue: (json) => floatFromBits(String(asObject(json).bits), size),
    toJson: (value) => ({ value: String(value), bits: floatToBits(value as number, size) }),
  };
}

export function nothing(schema: Schema): Neutral {
  return {
    schema,
    toValue: (json) => (json === null ? undefined : mismatch("null", json)),
    toJson: () => null,
  };
}

export function byteArray(schema: Schema): Neutral {
  return {
    schema,
    toValue: (json) => fromHex(typeof json === "string" ? json : mismatch("hex", json)),
    toJson: (value) => toHex(value as Uint8Array),
  };
}

export function sequence(item: Neutral, wrap: (item: Schema) => Schema): Neutral {
  return {
    schema: wrap(item.schema),
    toValue: (json) => asArray(json).map(item.toValue),
    toJson: (value) => (value as unknown[]).map(item.toJson),
  };
}

export function set(item: Neutral): Neutral {
  return {
    schema: t.set(item.schema),
    toValue: (json) => new Set(asArray(json).map(item.toValue)),
    toJson: (value) => [...(value as Set<unknown>)].map(item.toJson),
  };
}

export function map(key: Neutral, value: Neutral): Neutral {
  const entry = tuple([key, value], t.tuple);
  return {
    schema: t.map(key.schema, value.schema),
    toValue: (json) => new Map(asArray(json).map(entry.toValue) as [unknown, unknown][]),
    toJson: (whole) => [...(whole as Map<unknown, unknown>)].map(entry.toJson),
  };
}

export function option(item: Neutral): Neutral {
  // Asked per value: while a recursive type is built, its parts cannot be looked at yet.
  const isWrapped = (): boolean => isNullable(item.schema);
  return {
    schema: t.option(item.schema),
    toValue: (json) => {
      const { some, none } = asObject(json);
      if (some === undefined) return none === null ? null : mismatch("none or some", json);
      const value = item.toValue(some);
      return isWrapped() ? { some: value } : value;
    },
    toJson: (value): Json => {
      if (value === null) return { none: null };
      return { some: item.toJson(isWrapped() ? (value as { some: unknown }).some : value) };
    },
  };
}

export function result(ok: Neutral, err: Neutral): Neutral {
  return {
    schema: t.result(ok.schema, err.schema),
    toValue: (json) => {
      const sides = asObject(json);
      if (sides.ok !== undefined) return { ok: ok.toValue(sides.ok) };
      return sides.err !== undefined ? { err: err.toValue(sides.err) } : mismatch("ok or err", json);
    },
    toJson: (value): Json => {
      const sides = value as { ok: unknown } | { err: unknown };
      return "ok" in sides ? { ok: ok.toJson(sides.ok) } : { err: err.toJson(sides.err) };
    },
  };
}

export function tuple(items: readonly Neutral[], wrap: (items: Schema[]) => Schema): Neutral {
  return {
    schema: wrap(items.map((item) => item.schema)),
    toValue: (json) => {
      const values = asArray(json);
      if (values.length !== items.length) return mismatch(`${items.length} items`, json);
      return items.map((item, index) => item.toValue(values[index] as Json));
    },
    toJson: (value) => items.map((item, index) => item.toJson((value as unknown[])[index])),
  };
}

/** The fields of a struct or of a variant; a value of them is a list of entries. */
export interface NeutralFields {
  readonly schemas: { readonly [name: string]: Schema };
  toEntries(json: Json): [string, unknown][];
  toJson(value: object): Json;
}

export function neutralFields(
  fields: readonly NeutralField[],
  part: (type: NeutralType) => Neutral,
): NeutralFields {
  const parts = fields.map(([name, type]) => [name, part(type)] as const);
  return {
    schemas: Object.fromEntries(parts.map(([name, field]) => [name, field.schema])),
    toEntries: (json) => {
      const whole = asObject(json);
      if (Object.keys(whole).length !== parts.length) return mismatch(`${parts.length} fields`, json);
      return parts.map(([name, field]) => [
        name,
        field.toValue(Object.hasOwn(whole, name) ? (whole[name] as Json) : mismatch(`a field ${name}`, json)),
      ]);
    },
    toJson: (value) =>
      Object.fromEntries(
        parts.map(([name, field]) => [name, field.toJson((value as { [key: string]: unknown })[name])]),
      ),
  };
}
