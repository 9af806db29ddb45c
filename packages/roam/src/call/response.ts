import { type Codec, DecodeError, type Reader, type Writer } from "roam-postcard";
import type { MethodDescriptor } from "../schema/service.ts";
import type { Body } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";
import { CallError } from "./call-error.ts";

/** The spec's own errors, in wire order behind `User`. */
const WIRE_CODES = ["user", "unknown-method", "invalid-payload", "cancelled"] as const;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

// r[impl rpc.unknown-method]
export const UNKNOWN_METHOD: Body = bytes(1, 1);
export const INVALID_PAYLOAD: Body = bytes(1, 2);
export const CANCELLED: Body = bytes(1, 3);

type Encode = (writer: Writer, value: unknown) => void;
const okEncoders = new WeakMap<Codec<unknown>, Encode>();
const errorEncoders = new WeakMap<Codec<unknown>, Encode>();

function prefixed(cache: WeakMap<Codec<unknown>, Encode>, codec: Codec<unknown>, ...tags: number[]): Encode {
  let encode = cache.get(codec);
  if (encode === undefined) {
    encode = (writer, value) => {
      for (const tag of tags) writer.u8(tag);
      codec.encode(writer, value);
    };
    cache.set(codec, encode);
  }
  return encode;
}

/** The answer `Ok(value)`. */
export function okBody(method: MethodDescriptor, value: unknown): Body {
  return { value, encode: prefixed(okEncoders, method.returnsCodec, 0) };
}

/** The answer `Err(User(detail))`; undefined for a method that has no error of its own. */
export function userErrorBody(method: MethodDescriptor, detail: unknown): Body | undefined {
  if (method.errorCodec === undefined) return undefined;
  return { value: detail, encode: prefixed(errorEncoders, method.errorCodec, 1, 0) };
}

/**
 * The value in an answer.
 *
 * @throws CallError the answer's error, or `decode` if the bytes are no answer of the method
 */
export function readResponse(method: MethodDescriptor, reader: Reader, metadata: Metadata): unknown {
  let detail: unknown;
  let code: (typeof WIRE_CODES)[number];
  try {
    const tag = reader.u32();
    if (tag === 0) return method.returnsCodec.decode(reader);
    if (tag !== 1) reader.fail(`variant index ${tag} out of range`, 0);
    const index = reader.u32();
    code = WIRE_CODES[index] ?? reader.fail(`variant index ${index} out of range`, 1);
    if (code === "user") {
      // An infallible method's error type has no values.
      if (method.errorCodec === undefined) reader.fail("an error of a method that has none", 1);
      else detail = method.errorCodec.decode(reader);
    }
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new CallError("decode", nameOf(method), `the answer does not decode: ${cause.message}`, {
      cause,
      metadata,
    });
  }
  throw new CallError(code, nameOf(method), MESSAGES[code], { detail, metadata });
}

function nameOf({ service, name }: MethodDescriptor): string {
  return `${service}.${name}`;
}

const MESSAGES = {
  user: "the method answered with its own error",
  "unknown-method": "the counterpart has no such method (or one of another signature)",
  "invalid-payload": "the counterpart could not decode the arguments",
  cancelled: "the counterpart cancelled the call",
} as const;
