import type { CaseName, CaseValues } from "./codec-cases.ts";

/** How a codec does one case. */
export interface Coding {
  /** @returns bytes of its own each time */
  readonly encode: () => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** What `decode` gave, in our form: for comparing. */
  readonly plain: (decoded: unknown) => unknown;
}

/**
 * A codec as the benchmark uses it: set up for speed as its documentation says, with the value
 * turned into the form that it takes before anything is timed.
 */
export type Contestant = { readonly [K in CaseName]: (value: CaseValues[K]) => Coding };

/** What `encode` and `decode` of one type come to, for a codec whose values are ours. */
export function coding<T>(
  value: T,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  plain: (decoded: unknown) => unknown = (decoded) => decoded,
): Coding {
  return { encode: () => encode(value), decode, plain };
}
