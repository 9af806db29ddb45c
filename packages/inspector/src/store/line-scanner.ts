import type { TraceEvent } from "roam/trace";
import { CHANNEL_TAGS, kindNumber, OUTCOMES } from "./event-kind.ts";
import { hashOf, type Names } from "./names.ts";

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const CLOSING = 125;
const NEWLINE = 10;
const OPENING = new Set([91, 123]);

const HEAD = ascii('{"t":');
const SESSION = ascii(',"session":');
const KIND = ascii(',"kind":"');
const KINDS_BY_HASH = byHash(["message", "call-begin", "call-end", "permit-wait", "round-trip"]);
/** Keys that are read, by their hashes. Numbers, for they are told apart at each field of each line. */
const KEY = {
  direction: hashOf("direction"),
  tag: hashOf("tag"),
  connection: hashOf("connection"),
  id: hashOf("id"),
  channels: hashOf("channels"),
  bytes: hashOf("bytes"),
  method: hashOf("method"),
  credit: hashOf("credit"),
  side: hashOf("side"),
  outcome: hashOf("outcome"),
  ms: hashOf("ms"),
} as const;
const TAGS_BY_HASH = byHash(CHANNEL_TAGS);
const OUTCOMES_BY_HASH = byHash(OUTCOMES);

/**
 * Reads what the columns want from a line of a trace, without a text or an object being made: a
 * million lines are to be there within seconds. It knows the form in which traces are written, and the
 * kinds of which there are many; all else is for `JSON.parse`.
 */
export class LineScanner {
  t = 0;
  session = 0;
  kind = 0;
  isOut = false;
  isHandler = false;
  /** A number of `CHANNEL_TAGS`. */
  tag = 0;
  connection = 0;
  /** -1 where there is none. */
  id = -1;
  /** Number among the names; -1 where there is none. */
  method = -1;
  hasChannels = false;
  outcome = 0;
  ms = 0;
  bytes = 0;
  /** -1 where it is not told. */
  credit = -1;
  readonly #names: Names;
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  #number = 0;
  #hasEscape = false;

  constructor(names: Names) {
    this.#names = names;
  }

  /**
   * @param end before which the line ends, somewhere
   * @returns where its newline is; -1 for a line in another form, or of another kind: `take` what
   *   `JSON.parse` makes of it
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#clear();
    if (!this.#skip(HEAD) || !this.#readNumber()) return -1;
    this.t = this.#number;
    if (!this.#skip(SESSION) || !this.#readNumber()) return -1;
    this.session = this.#number;
    if (!this.#skip(KIND)) return -1;
    const kind = KINDS_BY_HASH.get(this.#hashString());
    if (kind === undefined) return -1;
    this.kind = kindNumber[kind as TraceEvent["kind"]];
    while (bytes[this.#at] === COMMA) {
      this.#at += 2;
      const key = this.#hashString();
      // The colon.
      this.#at++;
      if (!this.#readField(key)) return -1;
    }
    return bytes[this.#at] === CLOSING && bytes[this.#at + 1] === NEWLINE ? this.#at + 1 : -1;
  }

  /** The same from an event that was parsed. */
  take(event: TraceEvent): void {
    this.#clear();
    const parts: Partial<Record<string, unknown>> = { ...event };
    this.t = event.t;
    this.session = event.session;
    this.kind = kindNumber[event.kind] ?? -1;
    this.isOut = parts.direction === "out";
    this.isHandler = parts.side === "handler";
    this.tag = Math.max(0, CHANNEL_TAGS.indexOf(String(parts.tag) as "ChannelItem"));
    this.connection = Number(parts.connection ?? 0);
    this.id = Number(parts.id ?? -1);
    if (typeof parts.method === "string") this.method = this.#names.numberOf(parts.method);
    this.hasChannels = Array.isArray(parts.channels) && event.kind !== "sample";
    this.outcome = Math.max(0, OUTCOMES.indexOf(parts.outcome as "ok"));
    this.ms = Number(parts.ms ?? 0);
    this.bytes = Number(parts.bytes ?? 0);
    this.credit = Number(parts.credit ?? -1);
  }

  #clear(): void {
    this.isOut = false;
    this.isHandler = false;
    this.tag = 0;
    this.connection = 0;
    this.id = -1;
    this.method = -1;
    this.hasChannels = false;
    this.outcome = 0;
    this.ms = 0;
    this.bytes = 0;
    this.credit = -1;
  }

  #readField(key: number): boolean {
    const bytes = this.#bytes;
    switch (key) {
      case KEY.connection:
        if (!this.#readId()) return false;
        this.connection = this.#number;
        return true;
      case KEY.id:
        if (!this.#readId()) return false;
        this.id = this.#number;
        return true;
      case KEY.bytes:
        if (!this.#readNumber()) return false;
        this.bytes = this.#number;
        return true;
      case KEY.credit:
        if (!this.#readNumber()) return false;
        this.credit = this.#number;
        return true;
      case KEY.ms:
        if (!this.#readNumber()) return false;
        this.ms = this.#number;
        return true;
      case KEY.direction:
        this.isOut = bytes[this.#at + 1] === 111;
        return this.#skipValue();
      case KEY.side:
        this.isHandler = bytes[this.#at + 1] === 104;
        return this.#skipValue();
      case KEY.tag:
        this.#at++;
        this.tag = CHANNEL_TAGS.indexOf((TAGS_BY_HASH.get(this.#hashString()) ?? "") as "ChannelItem");
        return true;
      case KEY.outcome:
        this.#at++;
        this.outcome = OUTCOMES.indexOf((OUTCOMES_BY_HASH.get(this.#hashString()) ?? "error") as "ok");
        return true;
      case KEY.method: {
        const start = ++this.#at;
        const hash = this.#hashString();
        // An escape: whoever writes so is read the slow way.
        if (this.#hasEscape) return false;
        this.method = this.#names.numberOfBytes(bytes, start, this.#at - 1, hash);
        return true;
      }
      case KEY.channels:
        this.hasChannels = true;
        return this.#skipValue();
      default:
        return this.#skipValue();
    }
  }

  #skip(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.#at = at + expected.length;
    return true;
  }

  /** The hash of what goes on to the next quote; behind it afterwards. */
  #hashString(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let hash = 0;
    let hasEscape = false;
    while (at < this.#end) {
      const byte = bytes[at++] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) hasEscape = true;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    this.#at = at;
    this.#hasEscape = hasEscape;
    return hash;
  }

  /** A number, or the digits of one in a text. */
  #readId(): boolean {
    if (this.#bytes[this.#at] !== QUOTE) return this.#readNumber();
    this.#at++;
    return this.#readNumber() && this.#bytes[this.#at++] === QUOTE;
  }

  /** Digits with or without a fraction; what has an exponent is written by nobody here. */
  #readNumber(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    let whole = 0;
    const start = at;
    let digit = (bytes[at] as number) - 48;
    while (digit >= 0 && digit <= 9) {
      whole = whole * 10 + digit;
      digit = (bytes[++at] as number) - 48;
    }
    if (at === start) return false;
    // The full stop, less 48.
    if (digit === -2) {
      let scale = 1;
      digit = (bytes[++at] as number) - 48;
      while (digit >= 0 && digit <= 9) {
        whole = whole * 10 + digit;
        scale *= 10;
        digit = (bytes[++at] as number) - 48;
      }
      whole /= scale;
    }
    this.#at = at;
    this.#number = whole;
    return digit !== 21 && digit !== 53;
  }

  #skipValue(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at] as number;
    if (first === QUOTE) return this.#skipString();
    if (!OPENING.has(first)) {
      let at = this.#at;
      while (at < this.#end && bytes[at] !== COMMA && bytes[at] !== CLOSING) at++;
      this.#at = at;
      return true;
    }
    let depth = 0;
    while (this.#at < this.#end) {
      const byte = bytes[this.#at] as number;
      if (byte === QUOTE) {
        if (!this.#skipString()) return false;
        continue;
      }
      // No value goes on behind the end of its line.
      if (byte === NEWLINE) return false;
      this.#at++;
      if (OPENING.has(byte)) depth++;
      else if (byte === 93 || byte === CLOSING) depth--;
      if (depth === 0) return true;
    }
    return false;
  }

  #skipString(): boolean {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    while (at < this.#end) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      at += byte === BACKSLASH ? 2 : 1;
    }
    return false;
  }
}

function byHash(texts: readonly string[]): ReadonlyMap<number, string> {
  return new Map(texts.map((text) => [hashOf(text), text]));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
