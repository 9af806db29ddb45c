/** JSON as it is read here: whole numbers beyond 2^53 - 1 are bigints, not roundings. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

// A text, or a number; texts come first so that digits inside them are left alone.
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WHOLE = /^-?\d{16,}$/;
/** Begins what stands for a whole number while it is parsed; U+E000 to U+F8FF are nobody's. */
const MARK = `\ue000${Math.random().toString(36).slice(2)}:`;

/** @throws SyntaxError as `JSON.parse` does */
export function parseJson(text: string): Json {
  // `JSON.parse` would round them, and a wrong id is worse than an error.
  const marked = text.replace(TOKENS, (token) => (WHOLE.test(token) ? `"${MARK}${token}"` : token));
  if (marked === text) return JSON.parse(text) as Json;
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? wholeNumber(value.slice(MARK.length)) : value,
  ) as Json;
}

function wholeNumber(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}
