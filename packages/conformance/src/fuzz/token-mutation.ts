type Integer = (min: number, max: number) => number;

const TOKEN = /\s+|\w+|"[^"\n]*"|::|->|=>|[^\w\s]/g;
const MOST_CHANGES = 8;

/** A source changed by its tokens: parts moved, repeated, left out, or taken from another. */
export function mutatedTokens(
  input: Uint8Array,
  other: Uint8Array,
  integer: Integer,
): Uint8Array | undefined {
  const tokens = tokensOf(input);
  const others = tokensOf(other);
  if (tokens.length < 2 || others.length < 2) return undefined;
  for (let change = integer(1, MOST_CHANGES); change > 0; change--) {
    const at = integer(0, tokens.length);
    const length = integer(0, Math.min(24, tokens.length - at));
    switch (integer(0, 5)) {
      case 0:
        tokens.splice(at, length);
        break;
      case 1: {
        const from = integer(0, others.length - 1);
        tokens.splice(at, integer(0, length), ...others.slice(from, from + integer(1, 40)));
        break;
      }
      case 2: {
        // Again and again: what nests, nests deeper.
        const part = tokens.slice(at, at + Math.min(length, 6));
        const times = integer(1, 40);
        for (let time = 0; time < times; time++) tokens.splice(at, 0, ...part);
        break;
      }
      case 3:
        tokens.splice(at, 1, tokens[integer(0, tokens.length - 1)] ?? "");
        break;
      case 4:
        tokens.splice(at, 0, others[integer(0, others.length - 1)] as string);
        break;
      default:
        tokens.splice(integer(0, tokens.length), 0, ...tokens.splice(at, length));
    }
    if (tokens.length === 0) break;
  }
  return new TextEncoder().encode(tokens.join(""));
}

function tokensOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).match(TOKEN) ?? [];
}
