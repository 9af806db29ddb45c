import { JsonError, shown } from "./json-path.ts";
import type { Json } from "./parse-json.ts";

const INTEGERS: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = Object.fromEntries(
  ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"].map((kind) => {
    const bits = BigInt(kind.slice(1) === "size" ? 64 : kind.slice(1));
    return [
      kind,
      kind.startsWith("u") ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n],
    ];
  }),
);

export function isIntegerKind(kind: string): boolean {
  return Object.hasOwn(INTEGERS, kind);
}

/** The range of an integer type, inclusive. */
export function rangeOf(kind: string): readonly [least: bigint, most: bigint] {
  return INTEGERS[kind] ?? [0n, 0n];
}

/** A whole number, as a JSON number or as text. */
export function integerFromJson(kind: string, json: Json, path: string): bigint {
  const [least, most] = rangeOf(kind);
  const whole = wholeOf(json);
  if (whole === undefined) throw new JsonError(path, `expected ${kind}, a whole number, got ${shown(json)}`);
  if (whole === "rounded") {
    throw new JsonError(
      path,
      `${shown(json)} is not exact as a JSON number; write it as digits, or as a text`,
    );
  }
  if (whole < least || whole > most) {
    throw new JsonError(path, `${whole} is out of range: ${kind} goes from ${least} to ${most}`);
  }
  return whole;
}

function wholeOf(json: Json): bigint | "rounded" | undefined {
  if (typeof json === "bigint") return json;
  if (typeof json === "number") {
    if (!Number.isInteger(json)) return undefined;
    return Number.isSafeInteger(json) ? BigInt(json) : "rounded";
  }
  return typeof json === "string" && /^-?\d+$/.test(json) ? BigInt(json) : undefined;
}

/** As the runtime has it: a bigint for wide types, unless the schema asks for numbers. */
export function integerValue(
  node: { readonly kind: string; readonly isNumber?: boolean },
  whole: bigint,
): number | bigint {
  const isWide = /size|64|128/.test(node.kind) && node.isNumber !== true;
  return isWide ? whole : Number(whole);
}

const NAMED_FLOATS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

/** A number, or one of the texts "NaN", "Infinity", "-Infinity", "-0". */
export function floatFromJson(kind: string, json: Json, path: string): number {
  if (typeof json === "number") return json;
  if (typeof json === "bigint") return Number(json);
  const named = typeof json === "string" ? NAMED_FLOATS[json] : undefined;
  if (named !== undefined) return named;
  throw new JsonError(path, `expected ${kind}, a number, "NaN" or "Infinity", got ${shown(json)}`);
}

export function jsonFromFloat(value: number): number | string {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A JSON number where that is exact, else digits as text. */
export function jsonFromInteger(value: number | bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
