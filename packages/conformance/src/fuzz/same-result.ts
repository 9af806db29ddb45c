import { DecodeError } from "roam-postcard";
import { Broken } from "./fuzz-target.ts";

/** What decoding came to. */
export type Outcome = { readonly value: unknown; readonly end: number } | { readonly error: DecodeError };

/**
 * What decoding comes to; refusals are results, anything else thrown is a finding.
 *
 * @param decode gives the value and where it ends, counted from the start of the input
 */
export function outcome(decode: () => { readonly value: unknown; readonly end: number }): Outcome {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return { error };
    throw error;
  }
}

/** What surrounds a payload in its chunk: bytes that would go on with any varint, length or text; or end them. */
export function fillerFor(payload: Uint8Array): number {
  return payload.length % 2 === 0 ? 0x81 : 0x01;
}

/** @throws Broken if two ways of decoding the same bytes come to different results */
export function expectSame(what: string, a: Outcome, b: Outcome): void {
  if ("error" in a || "error" in b) {
    const left = textOf(a);
    const right = textOf(b);
    if (left !== right) throw new Broken(`${what}: ${left} against ${right}`);
    return;
  }
  if (a.end !== b.end) throw new Broken(`${what}: ends at ${a.end} against ${b.end}`);
  if (!isSame(a.value, b.value)) throw new Broken(`${what}: other values`);
}

function textOf(result: Outcome): string {
  if (!("error" in result)) return "accepted";
  const { error } = result;
  return error.message;
}

/** @throws Broken for other bytes */
export function expectBytes(what: string, a: Uint8Array, b: Uint8Array): void {
  if (Buffer.compare(a, b) === 0) return;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").slice(0, 200);
  throw new Broken(`${what}: ${hex(a)} against ${hex(b)}`);
}

/** True for equal values whose members and entries come in the same order. Bits of NaN are left to their bytes. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array) === 0;
  if (Array.isArray(a)) return isSameList(a, b as unknown[]);
  if (a instanceof Map || a instanceof Set) return isSameList([...a], [...(b as Set<unknown>)]);
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return false;
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (name !== others[at] || !isSame(property(a, name), property(b, name))) return false;
  }
  return true;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!isSame(a[at], b[at])) return false;
  return true;
}

function property(value: object, name: string): unknown {
  return (value as { readonly [key: string]: unknown })[name];
}
