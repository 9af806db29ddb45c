import { DecodeError, type Reader, type Writer } from "roam-postcard";
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

/** The answers of one method. */
export interface Answers {
  /** `Ok(value)`. */
  ok(value: unknown): Body;
  /** `Err(User(detail))`; undefined for a method that has no error of its own. */
  readonly userError: ((detail: unknown) => Body) | undefined;
}

export function answersOf({ returnsCodec, errorCodec }: MethodDescriptor): Answers {
  return answersWith({
    encodeOk(writer, value) {
      writer.u8(0);
      returnsCodec.encode(writer, value);
    },
    encodeError:
      errorCodec &&
      ((writer, detail) => {
        writer.u8(1);
        writer.u8(0);
        errorCodec.encode(writer, detail);
      }),
  });
}

type Encode = (writer: Writer, value: unknown) => void;

/** Answers by their encoders, made once: a closure for each answer costs more than encoding it. */
export function answersWith(encoders: { encodeOk: Encode; encodeError: Encode | undefined }): Answers {
  const { encodeOk, encodeError } = encoders;
  return {
    ok: (value) => ({ value, encode: encodeOk }),
    userError: encodeError && ((detail) => ({ value: detail, encode: encodeError })),
  };
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
