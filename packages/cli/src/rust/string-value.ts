/** What a string literal of Rust stands for, plain or raw; undefined for anything else. */
export function stringValue(literal: string): string | undefined {
  const raw = /^r(#*)"([\s\S]*)"\1$/.exec(literal);
  if (raw !== null) return raw[2];
  if (!/^"[\s\S]*"$/.test(literal)) return undefined;
  return literal
    .slice(1, -1)
    .replace(/\\(?:u\{([\da-fA-F_]+)\}|x([\da-fA-F]{2})|\r?\n\s*|([\s\S]))/g, (_all, unicode, hex, one) => {
      if (unicode !== undefined)
        return String.fromCodePoint(Number.parseInt(unicode.replaceAll("_", ""), 16));
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (one === undefined) return "";
      return ({ n: "\n", t: "\t", r: "\r", 0: "\0" } as Record<string, string>)[one] ?? one;
    });
}
