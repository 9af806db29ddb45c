import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

declare const valueType: unique symbol;

/**
 * The description of a type, as plain data. `T` is the JavaScript form of its values.
 * Build schemas with `t`; read them through `SchemaNode`.
 */
export interface Schema<out T = unknown> {
  readonly kind: SchemaNode["kind"];
  /** Only in the type system. */
  readonly [valueType]?: () => T;
}

/** The JavaScript type of a schema's values. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

export type NumberKind = "u8" | "u16" | "u32" | "i8" | "i16" | "i32" | "f32" | "f64";
export type BigintKind = "u64" | "u128" | "usize" | "i64" | "i128" | "isize";

/** A schema without parts. */
export interface PrimitiveNode {
  readonly kind: NumberKind | "bool" | "char" | "string" | "bytes" | "unit" | "trailing";
}
export interface BigintNode {
  readonly kind: BigintKind;
  /** Values are numbers instead of bigints, checked to stay within 2^53 - 1. */
  readonly isNumber?: boolean;
}
export interface ItemNode {
  /** `slice` is Rust's `&[T]`: the bytes of a list, another signature. */
  readonly kind: "list" | "slice" | "option" | "set";
  readonly item: Schema;
}
export interface ArrayNode {
  readonly kind: "array";
  readonly length: number;
  readonly item: Schema;
}
export interface MapNode {
  readonly kind: "map";
  readonly key: Schema;
  readonly value: Schema;
}
export interface TupleNode {
  readonly kind: "tuple";
  /** Set for a tuple struct: it has an identity of its own. */
  readonly name?: string;
  readonly items: readonly Schema[];
}
/** A named wrapper around one type. `isTransparent` ones leave no trace in signatures. */
export interface NewtypeNode {
  readonly kind: "newtype";
  readonly name: string;
  readonly inner: Schema;
  readonly isTransparent: boolean;
}
export interface StructNode {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: readonly Field[];
}
export interface Field {
  readonly name: string;
  readonly schema: Schema;
}
export interface EnumNode {
  readonly kind: "enum";
  readonly name: string;
  /** Property of a value that names its variant. */
  readonly tagProperty: string;
  readonly variants: readonly Variant[];
}
export type Variant =
  | { readonly kind: "unit"; readonly name: string }
  | { readonly kind: "newtype"; readonly name: string; readonly item: Schema }
  | { readonly kind: "tuple"; readonly name: string; readonly items: readonly Schema[] }
  | { readonly kind: "struct"; readonly name: string; readonly fields: readonly Field[] };
export interface ResultNode {
  readonly kind: "result";
  readonly ok: Schema;
  readonly err: Schema;
}
/** A reference that is looked up when first needed, so that types may contain themselves. */
export interface LazyNode {
  readonly kind: "lazy";
  readonly get: () => Schema;
}
/** A value with a codec of its own; channel handles are such. */
export interface CustomNode {
  readonly kind: "custom";
  readonly name: string;
  /** Fewest bytes a value takes. */
  readonly minBytes: number;
  readonly encode: (writer: Writer, value: never) => void;
  readonly decode: (reader: Reader) => unknown;
}

export type SchemaNode =
  | PrimitiveNode
  | BigintNode
  | ItemNode
  | ArrayNode
  | MapNode
  | TupleNode
  | NewtypeNode
  | StructNode
  | EnumNode
  | ResultNode
  | LazyNode
  | CustomNode;

/** A schema as the data it is, behind any `lazy`. */
export function nodeOf(schema: Schema): Exclude<SchemaNode, LazyNode> {
  let node = schema as SchemaNode;
  // A lazy that leads to itself would never end: 128 is deeper than any chain in use.
  for (let hops = 0; node.kind === "lazy"; hops++) {
    if (hops > 128) throw new TypeError("a lazy schema refers to itself");
    node = node.get() as SchemaNode;
  }
  return node;
}

/** The direct parts of a schema, in declaration order. */
export function partsOf(schema: Schema): readonly Schema[] {
  const node = schema as SchemaNode;
  switch (node.kind) {
    case "list":
    case "slice":
    case "option":
    case "set":
    case "array":
      return [node.item];
    case "map":
      return [node.key, node.value];
    case "tuple":
      return node.items;
    case "newtype":
      return [node.inner];
    case "struct":
      return node.fields.map((field) => field.schema);
    case "enum":
      return node.variants.flatMap(variantParts);
    case "result":
      return [node.ok, node.err];
    case "lazy":
      return [node.get()];
    default:
      return [];
  }
}

function variantParts(variant: Variant): readonly Schema[] {
  switch (variant.kind) {
    case "unit":
      return [];
    case "newtype":
      return [variant.item];
    case "tuple":
      return variant.items;
    case "struct":
      return variant.fields.map((field) => field.schema);
  }
}

/** True if values of the schema may be `null`: options, bare or in transparent clothes. */
export function isNullable(schema: Schema): boolean {
  const node = nodeOf(schema);
  return node.kind === "option" || (node.kind === "newtype" && isNullable(node.inner));
}
