import {
  type DescribedField,
  type DescribedType,
  servicesOf,
  signatureBytes,
  type TypeRef,
} from "roam/schema";
import { type Place, Unknowable } from "./finding.ts";
import type { Types } from "./types.ts";

/**
 * Canonical bytes of a method.
 *
 * @throws Unknowable if a type inside could not be described, or a channel stands where none may
 */
export function signaturesOf(
  method: { readonly args: readonly DescribedField[]; readonly returns: TypeRef },
  types: Types,
  place: Place,
): Uint8Array {
  const { args, returns } = method;
  const reached = reachedFrom([...args.map(({ type }) => type), returns], types);
  // Argument names mean nothing here, and may be such as no field can have.
  const numbered = args.map(({ type }, index) => ({ name: `a${index}`, type }));
  const described = { name: "m", id: "0".repeat(16), args: numbered, returns };
  const document = { roamSchema: 1, services: [{ name: "S", methods: [described] }], types: reached };
  try {
    const known = servicesOf(document).get("S")?.methods.m;
    if (known === undefined) throw new TypeError("no method came of it");
    return signatureBytes(Object.values(known.args), known.returns);
  } catch (error) {
    if (error instanceof Unknowable || !(error instanceof Error)) throw error;
    throw new Unknowable(place, error.message.replace(/^S\.m: /, ""));
  }
}

/**
 * The named types that some types need.
 *
 * @throws Unknowable why one of them is not there
 */
export function reachedFrom(refs: readonly TypeRef[], types: Types): Record<string, DescribedType> {
  const reached = new Map<string, DescribedType>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) return part.forEach(visit);
    if (typeof part !== "object" || part === null) return;
    const { ref } = part as { ref?: unknown };
    if (typeof ref !== "string") return Object.values(part).forEach(visit);
    if (reached.has(ref)) return;
    const type = types.described.get(ref);
    if (type === undefined) {
      const failure = types.failureOf(ref);
      throw failure ?? new TypeError(`${ref} was stated nowhere`);
    }
    reached.set(ref, type);
    visit(type);
  };
  visit(refs);
  return Object.fromEntries(reached);
}
