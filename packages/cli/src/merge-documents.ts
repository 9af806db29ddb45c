import { kebabCase, type SchemaDocument } from "roam/schema";
import { UsageFailure } from "./failure.ts";

type Types = SchemaDocument["types"];

/**
 * Several schemas as one. Types that are told alike are one type; where two differ under one
 * key, the later one gets a key of its own.
 *
 * @throws UsageFailure if a service comes twice, and differently
 */
export function mergeDocuments(documents: readonly SchemaDocument[]): SchemaDocument {
  const [first, ...others] = documents;
  if (first === undefined) return { roamSchema: 1, services: [], types: {} };
  return others.reduce(merge, first);
}

function merge(one: SchemaDocument, other: SchemaDocument): SchemaDocument {
  const keys = new Map<string, string>();
  const differing = Object.keys(other.types).filter(
    (key) => Object.hasOwn(one.types, key) && !isSameType(key, one.types, other.types),
  );
  for (const key of differing) keys.set(key, freeKey(key, one.types, other.types));
  const renamed = keys.size === 0 ? other : (renameRefs(other, keys) as SchemaDocument);
  const types: Record<string, Types[string]> = { ...one.types };
  for (const [key, type] of Object.entries(renamed.types)) types[keys.get(key) ?? key] ??= type;
  const services = [...one.services];
  for (const service of renamed.services) {
    const twin = one.services.find(({ name }) => kebabCase(name) === kebabCase(service.name));
    if (twin === undefined) services.push(service);
    else if (JSON.stringify(twin) !== JSON.stringify(service)) {
      throw new UsageFailure(
        `two sources have a service ${service.name}, and they differ`,
        "name one of them",
      );
    }
  }
  return { roamSchema: 1, services, types };
}

/** True if a key stands for the same type in both, with all that it refers to. */
function isSameType(key: string, a: Types, b: Types, seen = new Set<string>()): boolean {
  if (seen.has(key)) return true;
  seen.add(key);
  if (JSON.stringify(a[key]) !== JSON.stringify(b[key])) return false;
  return refsIn(a[key]).every((inner) => isSameType(inner, a, b, seen));
}

function refsIn(part: unknown): string[] {
  if (typeof part !== "object" || part === null) return [];
  if ("ref" in part && typeof part.ref === "string") return [part.ref];
  return Object.values(part).flatMap(refsIn);
}

function renameRefs(part: unknown, keys: ReadonlyMap<string, string>): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map((item) => renameRefs(item, keys));
  if ("ref" in part && typeof part.ref === "string") return { ref: keys.get(part.ref) ?? part.ref };
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, renameRefs(inner, keys)]));
}

function freeKey(key: string, ...taken: readonly Types[]): string {
  for (let count = 2; ; count++) {
    const free = `${key}${count}`;
    if (!taken.some((types) => Object.hasOwn(types, free))) return free;
  }
}
