import { PRIMITIVE_NAMES } from "roam/schema";

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

const NAMED_IN_RUST = /^([iu](8|16|32|64|128|size)|f32|f64|bool|char)$/;

export const PRIMITIVES: ReadonlySet<string> = new Set([
  "str",
  ...PRIMITIVE_NAMES.filter((name) => NAMED_IN_RUST.test(name)),
]);

/** The types that facet 0.44.1 describes and its postcard can send; undefined for any other path. */
export function stdType(path: string): StdType | undefined {
  if (Object.hasOwn(TYPES, path)) return TYPES[path];
  const primitive = /^primitive::(\w+)$/.exec(path)?.[1];
  return primitive !== undefined && PRIMITIVES.has(primitive) ? "primitive" : undefined;
}
