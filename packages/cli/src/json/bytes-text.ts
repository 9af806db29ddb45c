import { JsonError } from "./json-path.ts";
import type { Json } from "./parse-json.ts";

/** Bytes as JSON has them on output: `base64:AQI=`. */
export function bytesText(bytes: Uint8Array): string {
  return `base64:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}`;
}

/** Bytes from `base64:…`, `hex:…`, `utf8:…` or an array of numbers. */
export function bytesFromJson(json: Json, path: string): Uint8Array {
  if (Array.isArray(json)) return bytesFromList(json, path);
  const [, form, text = ""] =
    (typeof json === "string" ? /^(base64|hex|utf8):(.*)$/s.exec(json) : null) ?? [];
  switch (form) {
    case "base64":
      if (!/^[A-Za-z\d+/_-]*={0,2}$/.test(text)) throw new JsonError(path, "that is not base64");
      return new Uint8Array(Buffer.from(text, "base64"));
    case "hex":
      if (!/^(?:[\da-f]{2})*$/i.test(text)) throw new JsonError(path, "that is not hexadecimal");
      return new Uint8Array(Buffer.from(text, "hex"));
    case "utf8":
      return new TextEncoder().encode(text);
    default:
      throw new JsonError(path, 'bytes are written as "base64:…", "hex:…", "utf8:…" or an array of numbers');
  }
}

function bytesFromList(list: readonly Json[], path: string): Uint8Array {
  return Uint8Array.from(list, (byte, index) => {
    if (typeof byte === "number" && Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
    throw new JsonError(`${path}[${index}]`, "a byte is a whole number from 0 to 255");
  });
}
