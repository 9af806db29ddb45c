import { floatToBits } from "./neutral-float.ts";

/**
 * True if two decoded values are the same: numbers bit for bit (so NaN equals the same NaN, and
 * 0 is not -0), members of sets and entries of maps in any order.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return floatToBits(a, 8) === floatToBits(b, 8);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  }
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  if (a instanceof Set || b instanceof Set || a instanceof Map || b instanceof Map) {
    if (a instanceof Set !== b instanceof Set || a instanceof Map !== b instanceof Map) return false;
    return sameMembers([...(a as Iterable<unknown>)], [...(b as Iterable<unknown>)]);
  }
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameValue(property(a, name), property(b, name)))
  );
}

function property(value: object, name: string): unknown {
  return (value as { readonly [key: string]: unknown })[name];
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
}

function sameMembers(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((member) => {
    const at = left.findIndex((other) => sameValue(member, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}
