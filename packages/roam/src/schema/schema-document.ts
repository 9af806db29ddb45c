/**
 * Services and their types as JSON: what schema files hold, what a peer tells of itself, what
 * generators read and write. Names are those of the source they come from.
 */
export interface SchemaDocument {
  /** Version of this form. */
  readonly roamSchema: 1;
  readonly services: readonly DescribedService[];
  /** Named types by a key that is unique in the document: the name, more where names clash. */
  readonly types: Readonly<Record<string, DescribedType>>;
}

export interface DescribedService {
  readonly name: string;
  readonly doc?: string;
  readonly methods: readonly DescribedMethod[];
}

export interface DescribedMethod {
  readonly name: string;
  readonly doc?: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly args: readonly DescribedField[];
  /** With an `error` this is what stands in `Ok`. */
  readonly returns: TypeRef;
  readonly error?: TypeRef;
}

export interface DescribedField {
  readonly name: string;
  readonly doc?: string;
  readonly type: TypeRef;
}

/** A type in use. A text is a primitive by the name it has in `t`. */
export type TypeRef =
  | PrimitiveName
  /** A key of `types`. */
  | { readonly ref: string }
  | { readonly list: TypeRef }
  | { readonly slice: TypeRef }
  | { readonly option: TypeRef }
  | { readonly set: TypeRef }
  | { readonly array: TypeRef; readonly length: number }
  | { readonly map: readonly [key: TypeRef, value: TypeRef] }
  | { readonly tuple: readonly TypeRef[] }
  | { readonly result: readonly [ok: TypeRef, err: TypeRef] }
  /** A channel in an argument, its direction the handler's, its initial credit in items. */
  | { readonly tx: TypeRef; readonly credit: number }
  | { readonly rx: TypeRef; readonly credit: number };

export const PRIMITIVE_NAMES = [
  "bool",
  "u8",
  "u16",
  "u32",
  "u64",
  "u128",
  "usize",
  "i8",
  "i16",
  "i32",
  "i64",
  "i128",
  "isize",
  "f32",
  "f64",
  "char",
  "string",
  "bytes",
  "byteSlice",
  "unit",
  "trailing",
] as const;
export type PrimitiveName = (typeof PRIMITIVE_NAMES)[number];

/** A type with a name. */
export type DescribedType = { readonly name: string; readonly doc?: string } & (
  | { readonly kind: "struct"; readonly fields: readonly DescribedField[] }
  | { readonly kind: "tupleStruct"; readonly items: readonly TypeRef[] }
  | { readonly kind: "unitStruct" }
  /** `struct Name(T)`: the bytes of T, a signature of its own. */
  | { readonly kind: "newtype"; readonly inner: TypeRef }
  /** Declared transparent: bytes and signature of T. */
  | { readonly kind: "transparent"; readonly inner: TypeRef }
  /** Bytes of T, the signature of unit. */
  | { readonly kind: "opaque"; readonly inner: TypeRef }
  | {
      readonly kind: "enum";
      /** Property that names the variant in a value, if the source says so: see `tagOf`. */
      readonly tag?: string;
      readonly variants: readonly DescribedVariant[];
    }
);

/** A variant: of units without more, else with one of `item`, `items`, `fields`. */
export interface DescribedVariant {
  readonly name: string;
  readonly doc?: string;
  readonly item?: TypeRef;
  readonly items?: readonly TypeRef[];
  readonly fields?: readonly DescribedField[];
}

/** The property that names the variant in an enum's value: `tag`, unless a variant has such a field. */
export function tagOf({ tag, variants }: DescribedType & { readonly kind: "enum" }): string {
  if (tag !== undefined) return tag;
  const taken = new Set(variants.flatMap(({ fields = [] }) => fields.map(({ name }) => name)));
  let free = "tag";
  while (taken.has(free)) free += "_";
  return free;
}
