/** What a type of the standard library is to the wire. */
export type StdType =
  /** Nothing of its own: its argument. */
  | "pointer"
  | "list"
  | "set"
  | "map"
  | "option"
  | "result"
  | "string"
  | "duration"
  | "infallible"
  | "range"
  | "primitive";

const TYPES: Readonly<Record<string, StdType>> = {
  "vec::Vec": "list",
  "string::String": "string",
  "option::Option": "option",
  "result::Result": "result",
  "boxed::Box": "pointer",
  "sync::Arc": "pointer",
  "rc::Rc": "pointer",
  "borrow::Cow": "pointer",
  "collections::BTreeMap": "map",
  "collections::btree_map::BTreeMap": "map",
  "collections::HashMap": "map",
  "collections::hash_map::HashMap": "map",
  "collections::BTreeSet": "set",
  "collections::btree_set::BTreeSet": "set",
  "collections::HashSet": "set",
  "collections::hash_set::HashSet": "set",
  "time::Duration": "duration",
  "convert::Infallible": "infallible",
  "ops::Range": "range",
};

export const PRIMITIVES: ReadonlySet<string> = new Set([
  "bool",
  "char",
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
  "str",
]);

/** The types that facet 0.44.1 describes and its postcard can send; undefined for any other path. */
export function stdType(path: string): StdType | undefined {
  if (Object.hasOwn(TYPES, path)) return TYPES[path];
  const primitive = /^primitive::(\w+)$/.exec(path)?.[1];
  return primitive !== undefined && PRIMITIVES.has(primitive) ? "primitive" : undefined;
}
