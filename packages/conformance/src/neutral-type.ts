/** Any JSON value, as the vectors hold them. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type NarrowKind = "u8" | "u16" | "u32" | "i8" | "i16" | "i32";
export type WideKind = "u64" | "u128" | "usize" | "i64" | "i128" | "isize";
export type NeutralField = readonly [name: string, type: NeutralType];

/** A Rust type as the vectors describe it; Box, Arc and references are their target. */
export type NeutralType =
  | { readonly kind: NarrowKind | WideKind | "f32" | "f64" }
  | { readonly kind: "bool" | "char" | "string" | "unit" | "bytes" | "trailing-payload" }
  | { readonly kind: "list" | "slice" | "option" | "set"; readonly item: NeutralType }
  | { readonly kind: "array"; readonly len: number; readonly item: NeutralType }
  | { readonly kind: "map"; readonly key: NeutralType; readonly value: NeutralType }
  | { readonly kind: "tuple"; readonly items: readonly NeutralType[] }
  | { readonly kind: "struct"; readonly name: string; readonly fields: readonly NeutralField[] }
  | { readonly kind: "tuple-struct"; readonly name: string; readonly items: readonly NeutralType[] }
  | { readonly kind: "unit-struct"; readonly name: string }
  | { readonly kind: "transparent"; readonly name: string; readonly inner: NeutralType }
  | { readonly kind: "enum"; readonly name: string; readonly variants: readonly NeutralVariant[] }
  | { readonly kind: "result"; readonly ok: NeutralType; readonly err: NeutralType }
  | { readonly kind: "tx" | "rx"; readonly item: NeutralType; readonly credit: number }
  /** An enclosing named type: the innermost one of that name. */
  | { readonly kind: "ref"; readonly name: string };

export interface NeutralVariant {
  readonly name: string;
  readonly payload: NeutralPayload;
}

export type NeutralPayload =
  | { readonly kind: "unit-variant" }
  | { readonly kind: "newtype-variant"; readonly item: NeutralType }
  | { readonly kind: "tuple-variant"; readonly items: readonly NeutralType[] }
  | { readonly kind: "struct-variant"; readonly fields: readonly NeutralField[] };

/** True if every `ref` inside the type means a type inside it too. */
export function isClosed(type: NeutralType): boolean {
  return isClosedIn(type as unknown as Json, new Set());
}

function isClosedIn(json: Json, names: ReadonlySet<string>): boolean {
  if (typeof json !== "object" || json === null) return true;
  if (Array.isArray(json)) return json.every((part) => isClosedIn(part, names));
  const { kind, name } = json as { readonly [key: string]: Json };
  if (kind === "ref") return names.has(name as string);
  // Variants have a name and no kind: nothing refers to them.
  const inside = typeof kind === "string" && typeof name === "string" ? new Set(names).add(name) : names;
  return Object.values(json).every((part) => isClosedIn(part, inside));
}
