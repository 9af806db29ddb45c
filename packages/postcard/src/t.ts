import type { BigintKind, CustomNode, Field, Infer, Schema, SchemaNode, Variant } from "./schema.ts";

/** A struct's fields, in wire order. */
export type Fields = Readonly<Record<string, Schema>>;
/** A struct's value. */
export type InferFields<F> = { -readonly [K in keyof F]: Infer<F[K]> };
export type InferItems<I extends readonly Schema[]> = { -readonly [K in keyof I]: Infer<I[K]> };

/**
 * What a variant carries: `t.unit` nothing, a schema one unnamed field, an array its unnamed
 * fields, an object its named fields. (`[t.unit]` is Rust's `V(())`, `[]` is `V()`, `{}` is `V {}`.)
 */
export type VariantShape = Schema | readonly Schema[] | Fields;
export type Variants = Readonly<Record<string, VariantShape>>;

type VariantValue<S, Name, Tag extends string> =
  S extends Schema<infer T>
    ? [T] extends [undefined]
      ? { [K in Tag]: Name }
      : { [K in Tag]: Name } & { value: T }
    : S extends readonly [infer Only]
      ? { [K in Tag]: Name } & { value: Infer<Only> }
      : S extends readonly Schema[]
        ? { [K in Tag]: Name } & { value: InferItems<S> }
        : { [K in Tag]: Name } & InferFields<S>;

type IsUnitVariant<S> = S extends Schema<infer T> ? ([T] extends [undefined] ? true : false) : false;
type AllUnits<V> = false extends { [K in keyof V]: IsUnitVariant<V[K]> }[keyof V] ? false : true;

/** An enum of units is a union of string literals, any other a union of tagged objects. */
export type InferVariants<V, Tag extends string> =
  AllUnits<V> extends true ? keyof V & string : { [K in keyof V]: VariantValue<V[K], K, Tag> }[keyof V];

/** `None` is null; where the inner value may be null itself, `Some` is wrapped. */
export type InferOption<T> = null extends T ? { some: T } | null : T | null;

export type Result<T, E> = { ok: T } | { err: E };

/** An integer schema of 64 bits: bigint values, or numbers below 2^53 by promise. */
export interface WideInteger extends Schema<bigint> {
  readonly asNumber: Schema<number>;
}

function schema<T>(node: SchemaNode): Schema<T> {
  return Object.freeze(node) as Schema<T>;
}

function wide(kind: BigintKind): WideInteger {
  const asNumber = schema<number>({ kind, isNumber: true });
  return Object.freeze({ kind, asNumber }) as unknown as WideInteger;
}

function fieldList(owner: string, fields: Fields): readonly Field[] {
  return Object.entries(fields).map(([name, part]) => {
    // JavaScript moves such keys to the front, and the wire order would be lost.
    if (/^\d+$/.test(name)) throw new TypeError(`${owner}: a field cannot be called ${name}; use a tuple`);
    return Object.freeze({ name, schema: checked(`${owner}.${name}`, part) });
  });
}

function checked(where: string, part: Schema): Schema {
  if (typeof part !== "object" || part === null || typeof part.kind !== "string") {
    throw new TypeError(`${where}: not a schema (for a type that refers to itself use t.lazy(() => …))`);
  }
  return part;
}

function isSchema(shape: VariantShape): shape is Schema {
  return !Array.isArray(shape) && typeof (shape as Schema).kind === "string";
}

function variant(owner: string, name: string, shape: VariantShape, tagProperty: string): Variant {
  if (/^\d+$/.test(name)) throw new TypeError(`${owner}: a variant cannot be called ${name}`);
  if (Array.isArray(shape)) {
    const items = shape.map((item, index) => checked(`${owner}.${name}[${index}]`, item));
    if (items.length === 1) return { kind: "newtype", name, item: items[0] as Schema };
    return { kind: "tuple", name, items };
  }
  if (isSchema(shape)) {
    return shape.kind === "unit" ? { kind: "unit", name } : { kind: "newtype", name, item: shape };
  }
  if (tagProperty in (shape as Fields)) {
    throw new TypeError(
      `${owner}.${name}: the field ${tagProperty} hides the variant's name; pass { tag: "…" } to t.enum`,
    );
  }
  return { kind: "struct", name, fields: fieldList(`${owner}.${name}`, shape as Fields) };
}

/**
 * Schema builders, named as Rust names the types.
 *
 * | schema | value |
 * | --- | --- |
 * | u8 u16 u32 i8 i16 i32 f32 f64 | number |
 * | u64 i64 u128 i128 usize isize | bigint (`t.u64.asNumber`: number) |
 * | bytes | Uint8Array |
 * | option | the value or null |
 * | map, set | Map, Set |
 * | enum | string literal, or `{ tag: "Circle", … }` |
 */
export const t = {
  bool: schema<boolean>({ kind: "bool" }),
  u8: schema<number>({ kind: "u8" }),
  u16: schema<number>({ kind: "u16" }),
  u32: schema<number>({ kind: "u32" }),
  i8: schema<number>({ kind: "i8" }),
  i16: schema<number>({ kind: "i16" }),
  i32: schema<number>({ kind: "i32" }),
  f32: schema<number>({ kind: "f32" }),
  f64: schema<number>({ kind: "f64" }),
  u64: wide("u64"),
  usize: wide("usize"),
  i64: wide("i64"),
  isize: wide("isize"),
  u128: schema<bigint>({ kind: "u128" }),
  i128: schema<bigint>({ kind: "i128" }),
  char: schema<string>({ kind: "char" }),
  string: schema<string>({ kind: "string" }),
  bytes: schema<Uint8Array>({ kind: "bytes" }),
  unit: schema<undefined>({ kind: "unit" }),
  /** Raw bytes up to the end of the payload; only as the very last field. */
  trailing: schema<Uint8Array>({ kind: "trailing" }),

  list: <T>(item: Schema<T>) => schema<T[]>({ kind: "list", item }),
  /** Rust's `&[T]` or `Box<[T]>`: a list on the wire, another signature. */
  slice: <T>(item: Schema<T>) => {
    if (item.kind === "u8") throw new TypeError("a slice of u8 is t.byteSlice");
    return schema<T[]>({ kind: "slice", item });
  },
  /** Rust's `&[u8]` or `Box<[u8]>`: bytes on the wire, another signature than `t.bytes`. */
  byteSlice: schema<Uint8Array>({ kind: "slice", item: { kind: "u8" } as Schema }),
  set: <T>(item: Schema<T>) => schema<Set<T>>({ kind: "set", item }),
  option: <T>(item: Schema<T>) => schema<InferOption<T>>({ kind: "option", item }),
  map: <K, V>(key: Schema<K>, value: Schema<V>) => schema<Map<K, V>>({ kind: "map", key, value }),
  /** Exactly `length` items, without a count on the wire. */
  array: <T>(item: Schema<T>, length: number) => {
    if (!Number.isSafeInteger(length) || length < 0) throw new RangeError(`array length ${length}`);
    return schema<T[]>({ kind: "array", length, item });
  },
  tuple: <const I extends readonly Schema[]>(items: I) => schema<InferItems<I>>({ kind: "tuple", items }),
  tupleStruct: <const I extends readonly Schema[]>(name: string, items: I) =>
    schema<InferItems<I>>({ kind: "tuple", name, items }),
  unitStruct: (name: string) =>
    schema<undefined>({ kind: "newtype", name, inner: t.unit, isTransparent: true }),
  /** A plain newtype struct `struct Name(T)`: the bytes of T, a signature of its own. */
  newtype: <T>(name: string, inner: Schema<T>) =>
    schema<T>({ kind: "newtype", name, inner, isTransparent: false }),
  /** A newtype declared transparent in Rust: bytes and signature of T. */
  transparent: <T>(name: string, inner: Schema<T>) =>
    schema<T>({ kind: "newtype", name, inner, isTransparent: true }),
  struct: <F extends Fields>(name: string, fields: F) =>
    schema<InferFields<F>>({ kind: "struct", name, fields: fieldList(name, fields) }),
  /**
   * @param options.tag property that names the variant in a value, `tag` unless a variant has such a field
   */
  enum: <const V extends Variants, Tag extends string = "tag">(
    name: string,
    variants: V,
    options?: { tag?: Tag },
  ) => {
    const tagProperty: string = options?.tag ?? "tag";
    return schema<InferVariants<V, Tag>>({
      kind: "enum",
      name,
      tagProperty,
      variants: Object.entries(variants).map(([v, shape]) => variant(name, v, shape, tagProperty)),
    });
  },
  result: <T, E>(ok: Schema<T>, err: Schema<E>) => schema<Result<T, E>>({ kind: "result", ok, err }),
  /** A type that contains itself: `t.lazy(() => Node)`. */
  lazy: <T>(get: () => Schema<T>) => schema<T>({ kind: "lazy", get }),
  custom: <T>(node: Omit<CustomNode, "kind">) => schema<T>({ kind: "custom", ...node }),
} as const;
