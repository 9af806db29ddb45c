import type { NeutralType } from "../../neutral-type.ts";
import { sameValue } from "../../same-value.ts";
import { hasOverRangeVarint } from "../../vectors/leniency.ts";

/** What both sides made of the same bytes, where they do not agree. */
export interface Disagreement {
  readonly type: NeutralType;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Why we refuse, or undefined. */
  readonly ours: string | undefined;
  /** Why the published codec refuses, or undefined. */
  readonly theirs: string | undefined;
  /** What both took the bytes for, if both took them. */
  readonly values?: { readonly ours: unknown; readonly theirs: unknown };
}

/** A difference that is meant to be, with the reason. */
export interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  covers(disagreement: Disagreement): boolean;
}

/** Any other disagreement is a failure. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "over-range varint",
    reason: "codec.x.leniency: 7.3 drops the bits that do not fit, and goes on; we refuse",
    // What it reads after that differs as well, and may make no sense to it.
    covers: ({ type, bytes, ours }) =>
      ours?.startsWith("varint ") === true && hasOverRangeVarint(type, bytes),
  },
  {
    name: "nesting deeper than 128",
    reason: "codec.x.limits: 7.3 sets no such limit",
    covers: ({ ours, theirs }) => theirs === undefined && ours?.includes("nesting deeper than 128") === true,
  },
  {
    name: "quiet NaN",
    reason:
      "codec.x.float: 7.3 widens an f32 on its way, which makes a signalling NaN quiet; we keep its bits",
    covers: ({ values }) =>
      values !== undefined && sameValue(plainNaNs(values.ours), plainNaNs(values.theirs)),
  },
];

/** The value with all its NaNs made one. */
function plainNaNs(value: unknown): unknown {
  if (typeof value === "number") return Number.isNaN(value) ? Number.NaN : value;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plainNaNs);
  if (value instanceof Set || value instanceof Map) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainNaNs(part)]));
}
