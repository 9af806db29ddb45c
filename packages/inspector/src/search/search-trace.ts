import type { TraceStore } from "../store/trace-store.ts";

/** More finds than this are not looked for. */
export const MOST_FOUND = 100_000;

/** What was found so far. */
export interface Found {
  /** Numbers of events, ascending. */
  readonly numbers: readonly number[];
  readonly isDone: boolean;
}

/**
 * Looks for a text in the lines of events, whatever its case: a method, a key, a word of a reason.
 * `id:7`, `kind:stall`, `method:sum` and the like look into that field alone.
 *
 * @returns after each few megabytes what was found until then
 */
export async function* searchTrace(store: TraceStore, query: string): AsyncGenerator<Found, void, undefined> {
  const numbers: number[] = [];
  const matcher = matcherOf(query);
  if (matcher === undefined) return yield { numbers, isDone: true };
  // One character for each byte: places in the text are places in the segment.
  const decoder = new TextDecoder("latin1");
  for (const segment of [...store.segments.list]) {
    const text = decoder.decode(segment.bytes.subarray(0, segment.lines)).toLowerCase();
    const nextIn = matcher(text);
    for (let at = 0; at < text.length; ) {
      const place = nextIn(at);
      if (place === -1) break;
      const number = store.numberIn(segment, place);
      if (number >= Math.max(store.first, segment.firstNumber)) numbers.push(number);
      const end = text.indexOf("\n", place);
      if (end === -1 || numbers.length >= MOST_FOUND) break;
      at = end + 1;
    }
    if (numbers.length >= MOST_FOUND) break;
    yield { numbers, isDone: false };
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  yield { numbers, isDone: true };
}

/** Where in a text the next find begins, from a place on; -1 for none. Places only grow. */
type Matcher = (text: string) => (from: number) => number;

function matcherOf(query: string): Matcher | undefined {
  const wanted = asSegmentText(query.trim());
  if (wanted === "") return undefined;
  const plain: Matcher = (text) => (from) => text.indexOf(wanted, from);
  const [, field, value] = /^([a-z_-]+):(.+)$/s.exec(wanted) ?? [];
  if (field === undefined || value === undefined) return plain;
  // Numbers as a whole, texts by a part of them.
  const inField = /^\d+$/.test(value)
    ? new RegExp(`"${escaped(field)}":"?${value}(?=[",}\\]])`, "g")
    : new RegExp(`"${escaped(field)}":"[^"\\n]*${escaped(value)}`, "g");
  return (text) => {
    const byField = ahead((from) => {
      inField.lastIndex = from;
      return inField.exec(text)?.index ?? -1;
    });
    const byText = ahead(plain(text));
    return (from) => {
      const [one, other] = [byField(from), byText(from)];
      return one === -1 || other === -1 ? Math.max(one, other) : Math.min(one, other);
    };
  };
}

/** Looks no further while what was found last is still ahead: a text with no find is gone through once. */
function ahead(find: (from: number) => number): (from: number) => number {
  let last = -2;
  return (from) => {
    if (last === -2 || (last !== -1 && last < from)) last = find(from);
    return last;
  };
}

/** As the text of a segment is: bytes as characters, in lower case. */
function asSegmentText(query: string): string {
  return new TextDecoder("latin1").decode(new TextEncoder().encode(query)).toLowerCase();
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
