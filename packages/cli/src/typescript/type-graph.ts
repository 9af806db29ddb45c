import type { DescribedMethod, DescribedType, SchemaDocument, TypeRef } from "roam/schema";

/** Types that need one another: one alone, or several that contain each other. */
export interface TypeGroup {
  /** Keys of the document's types, in its order. */
  readonly keys: readonly string[];
  /** A type in it contains itself, by whatever way. */
  readonly isRecursive: boolean;
}

/** All types, each group behind those that it is made of. */
export function typeGroups(types: SchemaDocument["types"]): TypeGroup[] {
  const order = new Map(Object.keys(types).map((key, index) => [key, index]));
  const groups: TypeGroup[] = [];
  const found = new Map<string, { readonly index: number; low: number; isOpen: boolean }>();
  const open: string[] = [];
  // Tarjan's: a group is complete when its first member sees nothing earlier that is still open.
  const visit = (key: string) => {
    const own = { index: found.size, low: found.size, isOpen: true };
    found.set(key, own);
    open.push(key);
    const inside = keysInside(types[key] as DescribedType);
    for (const other of inside) {
      const seen = found.get(other) ?? visit(other);
      if (seen.isOpen) own.low = Math.min(own.low, seen.low);
    }
    if (own.low === own.index) {
      const keys = open.splice(open.indexOf(key));
      for (const member of keys) (found.get(member) as typeof own).isOpen = false;
      keys.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
      groups.push({ keys, isRecursive: keys.length > 1 || inside.has(key) });
    }
    return own;
  };
  for (const key of order.keys()) if (!found.has(key)) visit(key);
  return groups;
}

/** Keys of all types that are met from some on, themselves included. */
export function reachable(types: SchemaDocument["types"], refs: readonly TypeRef[]): Set<string> {
  const met = new Set<string>();
  const todo = refs.flatMap((ref) => [...keysIn(ref)]);
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    if (met.has(key)) continue;
    met.add(key);
    todo.push(...keysInside(types[key] as DescribedType));
  }
  return met;
}

function keysInside(type: DescribedType): Set<string> {
  return new Set(refsOf(type).flatMap((ref) => [...keysIn(ref)]));
}

/** The types of a method's arguments and answers. */
export function refsOfMethod({ args, returns, error }: DescribedMethod): TypeRef[] {
  return [...args.map(({ type }) => type), returns, ...(error === undefined ? [] : [error])];
}

/** The types that a named one is made of. */
export function refsOf(type: DescribedType): readonly TypeRef[] {
  switch (type.kind) {
    case "struct":
      return type.fields.map((field) => field.type);
    case "tupleStruct":
      return type.items;
    case "unitStruct":
      return [];
    case "newtype":
    case "transparent":
    case "opaque":
      return [type.inner];
    case "enum":
      return type.variants.flatMap(({ item, items = [], fields = [] }) => [
        ...(item === undefined ? [] : [item]),
        ...items,
        ...fields.map((field) => field.type),
      ]);
  }
}

/** The parts of a type without a name. */
export function partsOfRef(ref: TypeRef): readonly TypeRef[] {
  if (typeof ref === "string" || "ref" in ref) return [];
  if ("list" in ref) return [ref.list];
  if ("slice" in ref) return [ref.slice];
  if ("option" in ref) return [ref.option];
  if ("set" in ref) return [ref.set];
  if ("array" in ref) return [ref.array];
  if ("map" in ref) return ref.map;
  if ("tuple" in ref) return ref.tuple;
  if ("result" in ref) return ref.result;
  return ["tx" in ref ? ref.tx : ref.rx];
}

/** Keys of named types in a type, not looking into them. */
function* keysIn(ref: TypeRef): Generator<string> {
  if (typeof ref !== "string" && "ref" in ref) yield ref.ref;
  else for (const part of partsOfRef(ref)) yield* keysIn(part);
}
