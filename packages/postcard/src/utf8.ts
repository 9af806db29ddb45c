import { DecodeError } from "./errors.ts";

// `ignoreBOM` keeps a leading U+FEFF: it is text, not a mark. r[impl codec.x.string]
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
export const utf8Encoder = new TextEncoder();

/** Below this many bytes a loop beats the call into TextDecoder, if all is ASCII. */
const SHORT = 24;

/** The text in `bytes[start..end]`, whose bounds the caller has checked. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT) {
    let text = "";
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > 0x7f) break;
      text += String.fromCharCode(byte);
    }
    if (at === end) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new DecodeError("invalid UTF-8", start, "", { cause });
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** False for a string with half a surrogate pair, which UTF-8 has no bytes for. */
export function isWellFormed(text: string): boolean {
  const native = (text as { isWellFormed?: () => boolean }).isWellFormed;
  return native === undefined ? !LONE_SURROGATE.test(text) : native.call(text);
}
