import { isUtf8 } from "node:buffer";
import type { RequestCall } from "roam/wire";
import { u32At } from "./channel-model.ts";
import { CHANNELS, METHOD_IDS, type ScriptChannel, type ScriptMethod } from "./script-service.ts";

const CODES = ["user", "unknown-method", "invalid-payload", "cancelled"];

/** Methods whose handlers wait for the script. */
export function isHeld(method: ScriptMethod): boolean {
  return method !== "echo" && method !== "fail";
}

/** The method that a Call asks for. */
export function methodOf({ methodLo, methodHi }: RequestCall): ScriptMethod | undefined {
  const id = (BigInt(methodHi >>> 0) << 32n) | BigInt(methodLo >>> 0);
  for (const [name, known] of METHOD_IDS) if (known === id) return name;
  return undefined;
}

/** The channels that arguments hold; undefined if they do not decode. */
export function channelsIn(method: ScriptMethod, args: Uint8Array): readonly ScriptChannel[] | undefined {
  const channels = CHANNELS[method];
  if (method === "perhaps") return args[0] === 1 ? channels : args[0] === 0 ? [] : undefined;
  if (channels.length > 0) return channels;
  return u32At(args) === undefined ? undefined : [];
}

/** What an answer comes to for its caller. */
export function readAnswer(method: ScriptMethod, ret: Uint8Array): string {
  const tag = varintAt(ret, 0);
  if (tag?.value === 0)
    return `ok ${varintAt(ret, tag.end)?.value ?? "decode"}`.replace("ok decode", "decode");
  const index = tag?.value === 1 ? varintAt(ret, tag.end) : undefined;
  const code = index === undefined ? undefined : CODES[index.value];
  if (index === undefined || code === undefined) return "decode";
  if (code !== "user") return code;
  const isFallible = method === "fail" || method === "hold";
  const length = varintAt(ret, index.end);
  const text = length && ret.subarray(length.end, length.end + length.value);
  return isFallible && text?.length === length?.value && isUtf8(text ?? ret) ? "user" : "decode";
}

function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  const value = u32At(bytes.subarray(start));
  if (value === undefined) return undefined;
  return { value, end: start + 1 + bytes.subarray(start).findIndex((byte) => byte < 0x80) };
}
