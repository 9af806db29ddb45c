import { DecodeError } from "roam-postcard";
import { toHex } from "../hex.ts";
import { sameValue } from "../same-value.ts";

export interface Failure {
  readonly name: string;
  readonly reason: string;
}

/** What came of the cases of one file. */
export class Tally {
  passed = 0;
  readonly failures: Failure[] = [];
  /** Lines to print besides the counts. */
  readonly notes: string[] = [];

  /** Runs one case, which fails by throwing. */
  run(name: string, check: () => void): void {
    try {
      check();
      this.passed++;
    } catch (error) {
      this.failures.push({
        name,
        reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      });
    }
  }
}

/** Reads one file of a set; `companion` gives another file of it, or the committed one. */
export type Checker = (file: unknown, tally: Tally, companion: (name: string) => unknown) => void;

/** A case did not come out as recorded. */
export class Difference extends Error {
  override readonly name: string = "Difference";
}

export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (!sameValue(got, expected)) {
    throw new Difference(`${what}: expected ${show(expected)}, got ${show(got)}`);
  }
}

export function expectRefused(what: string, decode: () => unknown): void {
  let value: unknown;
  try {
    value = decode();
  } catch (error) {
    if (error instanceof DecodeError) return;
    throw error;
  }
  throw new Difference(`${what}: expected a DecodeError, got ${show(value)}`);
}

/** A value for a person to read, cut to a line. */
export function show(value: unknown): string {
  const text =
    typeof value === "string"
      ? value
      : value instanceof Uint8Array
        ? toHex(value)
        : JSON.stringify(value, (_key, part: unknown) => readable(part));
  return text !== undefined && text.length > 400 ? `${text.slice(0, 400)}…` : String(text);
}

function readable(part: unknown): unknown {
  if (typeof part === "bigint") return `${part}n`;
  if (part instanceof Uint8Array) return `hex ${toHex(part)}`;
  if (part instanceof Map) return { map: [...part] };
  if (part instanceof Set) return { set: [...part] };
  if (part === undefined) return "()";
  if (Object.is(part, -0)) return "-0";
  return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
}
