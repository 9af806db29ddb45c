import type { DescribedField, DescribedVariant, SchemaDocument, TypeRef } from "roam/schema";
import { typeText } from "../signature-text.ts";

/** A type as ids and bytes see it: without transparent wrappers, aliases, names of its own. */
export type Shape = {
  /** Key of the named type that it is. */
  readonly key?: string;
  /** For messages. */
  readonly text: string;
} & (
  | { readonly kind: "primitive"; readonly name: string }
  | { readonly kind: "struct"; readonly fields: readonly DescribedField[] }
  | { readonly kind: "enum"; readonly variants: readonly DescribedVariant[] }
  /** Tuples, tuple structs and plain newtypes. */
  | { readonly kind: "tuple"; readonly items: readonly TypeRef[] }
  | {
      readonly kind: "container";
      readonly name:
        | "list"
        | "slice"
        | "option"
        | "set"
        | "array"
        | "map"
        | "result"
        | "opaque"
        | "tx"
        | "rx";
      readonly items: readonly TypeRef[];
      readonly length?: number;
      readonly credit?: number;
    }
);

/** One hash, one form on the wire. */
const EQUAL: Readonly<Record<string, string>> = { usize: "u64", isize: "i64" };

export function shapeOf(ref: TypeRef, document: SchemaDocument): Shape {
  const text = typeText(ref);
  if (typeof ref === "string") return { kind: "primitive", name: EQUAL[ref] ?? ref, text };
  if ("ref" in ref) return namedShape(ref.ref, document);
  const container = (name: (Shape & { kind: "container" })["name"], items: readonly TypeRef[]) =>
    ({ kind: "container", name, items, text }) as const;
  if ("list" in ref)
    return isU8(ref.list) ? { kind: "primitive", name: "bytes", text } : container("list", [ref.list]);
  // A slice is a list, but that one of u8 is not bytes to the hash.
  if ("slice" in ref) {
    return isU8(ref.slice) ? { kind: "primitive", name: "byteSlice", text } : container("list", [ref.slice]);
  }
  if ("option" in ref) return container("option", [ref.option]);
  if ("set" in ref) return container("set", [ref.set]);
  if ("array" in ref) return { ...container("array", [ref.array]), length: ref.length };
  if ("map" in ref) return container("map", ref.map);
  if ("tuple" in ref) return { kind: "tuple", items: ref.tuple, text };
  if ("result" in ref) return container("result", ref.result);
  if ("tx" in ref) return { ...container("tx", [ref.tx]), credit: ref.credit };
  return { ...container("rx", [ref.rx]), credit: ref.credit };
}

function namedShape(key: string, document: SchemaDocument): Shape {
  // Transparent types may wrap one another; `checkDocument` has seen that every key is there.
  let type = document.types[key];
  for (let hops = 0; type?.kind === "transparent" && hops < 128; hops++) {
    if (typeof type.inner === "string" || !("ref" in type.inner)) return shapeOf(type.inner, document);
    key = type.inner.ref;
    type = document.types[key];
  }
  switch (type?.kind) {
    case "struct":
      return { kind: "struct", fields: type.fields, key, text: key };
    case "enum":
      return { kind: "enum", variants: type.variants, key, text: key };
    case "tupleStruct":
      return { kind: "tuple", items: type.items, key, text: key };
    case "newtype":
      return { kind: "tuple", items: [type.inner], key, text: key };
    case "opaque":
      return { kind: "container", name: "opaque", items: [type.inner], key, text: key };
    default:
      return { kind: "primitive", name: "unit", text: key };
  }
}

function isU8(ref: TypeRef): boolean {
  return ref === "u8";
}

/** True for what ids know as unit: they do not look into results and opaque types. */
export function isHashedAsUnit(shape: Shape): boolean {
  if (shape.kind === "container") return shape.name === "result" || shape.name === "opaque";
  return shape.kind === "primitive" && shape.name === "unit";
}
