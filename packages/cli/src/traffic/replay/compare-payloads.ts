import { bytesText } from "../../json/bytes-text.ts";
import { compareValues, type ValueDifference, valueText } from "./compare-values.ts";

/** How two payloads differ, for people. */
export interface ComparedPayloads {
  readonly recorded: string;
  readonly got: string;
  readonly places?: readonly ValueDifference[];
}

/** Longest payload that is shown where nobody can read it (bytes). */
const LONGEST = 60;

/**
 * @param decode what a payload says; undefined if nobody knows
 * @returns undefined if they say the same
 */
export function comparePayloads(
  recorded: Uint8Array,
  got: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  ignored: ReadonlySet<string>,
): ComparedPayloads | undefined {
  if (Buffer.compare(recorded, got) === 0) return undefined;
  const [before, now] = [decode(recorded), decode(got)];
  const text = (value: unknown, bytes: Uint8Array) =>
    value === undefined ? rawText(bytes) : valueText(value);
  const texts = { recorded: text(before, recorded), got: text(now, got) };
  if (before === undefined || now === undefined) return texts;
  const places = compareValues(before, now, ignored);
  return places.length === 0 ? undefined : { ...texts, places };
}

function rawText(bytes: Uint8Array): string {
  const text = bytesText(bytes.subarray(0, LONGEST));
  return bytes.length > LONGEST ? `${text}… (${bytes.length} bytes)` : text;
}
