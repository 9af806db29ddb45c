import { bytesText } from "../../json/bytes-text.ts";
import { atField, atIndex, shown } from "../../json/json-path.ts";

/** One place where two values differ; a missing one is undefined. */
export interface ValueDifference {
  readonly path: string;
  readonly recorded: string | undefined;
  readonly got: string | undefined;
}

/** Most places that are told of one payload. */
const MOST = 20;

/**
 * Where two decoded values differ. The order of maps and sets is nobody's promise, so it does not
 * count.
 *
 * @param ignored names of fields that may differ
 */
export function compareValues(
  recorded: unknown,
  got: unknown,
  ignored: ReadonlySet<string>,
): ValueDifference[] {
  const differences: ValueDifference[] = [];
  compare(recorded, got, "", { ignored, differences });
  return differences.slice(0, MOST);
}

interface Comparing {
  readonly ignored: ReadonlySet<string>;
  readonly differences: ValueDifference[];
}

function compare(a: unknown, b: unknown, path: string, into: Comparing): void {
  if (Object.is(a, b) || into.differences.length >= MOST) return;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (Buffer.compare(a, b) !== 0) differ(a, b, path, into);
  } else if (Array.isArray(a) && Array.isArray(b)) {
    for (let index = 0; index < Math.max(a.length, b.length); index++) {
      if (index >= a.length) differ(MISSING, b[index], atIndex(path, index), into);
      else if (index >= b.length) differ(a[index], MISSING, atIndex(path, index), into);
      else compare(a[index], b[index], atIndex(path, index), into);
    }
  } else if (a instanceof Map && b instanceof Map) {
    compareMaps(byText(a), byText(b), path, into, (key) => `${path}[${key}]`);
  } else if (a instanceof Set && b instanceof Set) {
    const entries = (set: Set<unknown>) => byText(new Map([...set].map((item) => [item, item])));
    compareMaps(entries(a), entries(b), path, into, (key) => `${path}{${key}}`);
  } else if (isRecord(a) && isRecord(b)) {
    const fields = (record: Record<string, unknown>) =>
      new Map(Object.entries(record).filter(([name]) => !into.ignored.has(name)));
    compareMaps(fields(a), fields(b), path, into, (name) => atField(path, name));
  } else differ(a, b, path, into);
}

function compareMaps(
  a: ReadonlyMap<string, unknown>,
  b: ReadonlyMap<string, unknown>,
  _path: string,
  into: Comparing,
  at: (key: string) => string,
): void {
  for (const [key, value] of a) {
    if (b.has(key)) compare(value, b.get(key), at(key), into);
    else differ(value, MISSING, at(key), into);
  }
  for (const [key, value] of b) if (!a.has(key)) differ(MISSING, value, at(key), into);
}

const MISSING = Symbol("missing");

function differ(a: unknown, b: unknown, path: string, { differences }: Comparing): void {
  const text = (value: unknown) => (value === MISSING ? undefined : valueText(value));
  differences.push({ path, recorded: text(a), got: text(b) });
}

function byText(map: Map<unknown, unknown>): Map<string, unknown> {
  return new Map([...map].map(([key, value]) => [JSON.stringify(plain(key)), value]));
}

/** A value on one line, cut where it is long. */
export function valueText(value: unknown): string {
  return value === undefined ? "null" : shown(plain(value));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof Map) return [...value].map(([key, one]) => [plain(key), plain(one)]);
  if (value instanceof Set) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "bigint") return value.toString();
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
