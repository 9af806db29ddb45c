import type { DescribedType, TypeRef } from "roam/schema";

/**
 * Types that sources do not show, as the user states them in the file of `--types`: by the path that the
 * type has in its own crate, with the crate's name in front.
 *
 * ```json
 * {
 *   "uuid::Uuid": { "kind": "opaque", "inner": "string" },
 *   "geo::Point": { "kind": "struct", "fields": [{ "name": "x", "type": "f64" }, { "name": "y", "type": "f64" }] },
 *   "indexmap::IndexMap": { "map": ["$0", "$1"] }
 * }
 * ```
 *
 * What has a `kind` is a named type, of the kinds of a schema document (`ref` means another path of the
 * file); anything else is a type in use. `$0` is the first generic argument. An opaque type is hashed
 * as unit and sent as its `inner`, as 7.3 does with types that it only knows to print and parse.
 */
export type ForeignTypes = Readonly<Record<string, TypeRef | Omit<DescribedType, "name">>>;

/** @throws TypeError for what is no object */
export function checkForeignTypes(types: unknown): ForeignTypes {
  if (types === undefined) return {};
  if (typeof types !== "object" || types === null || Array.isArray(types)) {
    throw new TypeError("--types: expected an object of types by their Rust paths");
  }
  return types as ForeignTypes;
}

/** `text` with `$0`, `$1` and so on in place of generic arguments, wherever they stand. */
export function withArguments<T>(stated: T, args: readonly TypeRef[]): T {
  if (typeof stated === "string") {
    const index = /^\$(\d+)$/.exec(stated)?.[1];
    return (index === undefined ? stated : (args[Number(index)] ?? "unit")) as T;
  }
  if (Array.isArray(stated)) return stated.map((part) => withArguments(part, args)) as T;
  if (typeof stated !== "object" || stated === null) return stated;
  return Object.fromEntries(
    Object.entries(stated).map(([key, part]) => [key, withArguments(part, args)]),
  ) as T;
}
