import type { CallResult } from "roam";
import type { MethodDescriptor } from "roam/schema";
import { DecodeError, Reader, Writer } from "roam-postcard";
import { toHex } from "../hex.ts";

/** What a handler does so that the recorded response follows. */
export type Answer =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "user"; readonly detail: unknown }
  /** It throws something that is not the method's own error. */
  | { readonly kind: "cancelled" }
  /** No handler has a part in it: the runtime answers by itself. */
  | { readonly kind: "runtime" };

/** The spec's errors, in wire order. */
const CODES: readonly string[] = ["user", "unknown-method", "invalid-payload", "cancelled"];

/** @throws DecodeError if the bytes are no answer of the method */
export function answerIn(ret: Uint8Array, method: MethodDescriptor): Answer {
  const reader = new Reader(ret);
  if (reader.u32() === 0) return { kind: "value", value: method.returnsCodec.decode(reader) };
  switch (CODES[reader.u32()]) {
    case "user":
      return { kind: "user", detail: method.errorCodec?.decode(reader) };
    case "cancelled":
      return { kind: "cancelled" };
    default:
      return { kind: "runtime" };
  }
}

/** True if the bytes are those that the method's types encode to. */
export function isTypedAnswer(ret: Uint8Array, method: MethodDescriptor): boolean {
  let answer: Answer;
  try {
    answer = answerIn(ret, method);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
  if (answer.kind === "value") return toHex(okBytes(method, answer.value)) === toHex(ret);
  if (answer.kind === "user") return toHex(errorBytes(method, "user", answer.detail)) === toHex(ret);
  return true;
}

/** The bytes of the answer that a call resulted in; undefined if it got none. */
export function bytesOfResult(
  method: MethodDescriptor,
  result: CallResult<unknown, unknown>,
): Uint8Array | undefined {
  if (result.ok) return okBytes(method, result.value);
  const { code, detail } = result.error;
  return CODES.includes(code) ? errorBytes(method, code, detail) : undefined;
}

function okBytes(method: MethodDescriptor, value: unknown): Uint8Array {
  const writer = new Writer();
  writer.u8(0);
  method.returnsCodec.encode(writer, value);
  return writer.finish();
}

function errorBytes(method: MethodDescriptor, code: string, detail: unknown): Uint8Array {
  const writer = new Writer();
  writer.u8(1);
  writer.u8(CODES.indexOf(code));
  if (code === "user") method.errorCodec?.encode(writer, detail);
  return writer.finish();
}
