import { Reader, Writer } from "roam-postcard";
import type { Body, Message, ValueBody } from "../wire/message.ts";

/** A payload that is encoded in place, and that knows afterwards what it has become. */
export class MeasuredBody implements ValueBody {
  readonly value: unknown;
  readonly #encode: ValueBody["encode"];
  /** Length (bytes) once it is encoded. */
  bytes = 0;
  /** The first byte, and the second. */
  first = 0;
  second = 0;

  constructor({ value, encode }: ValueBody) {
    this.value = value;
    this.#encode = encode;
  }

  encode(writer: Writer, value: never): void {
    const { length, offset } = writer;
    this.#encode(writer, value);
    this.bytes = writer.length - length;
    this.first = writer.bytes[offset] ?? 0;
    this.second = writer.bytes[offset + 1] ?? 0;
  }

  /** Once more, for those who want to see it. */
  encoded(): Uint8Array {
    const writer = new Writer();
    this.#encode(writer, this.value as never);
    return writer.finish();
  }
}

type WithBody = { args?: Body; ret?: Body; item?: Body };

/**
 * Has the payload of a message measured when it is encoded. The message is changed, and not copied,
 * for there is one for each call: it was made to be sent once.
 */
export function measure(message: Message): void {
  const whole = message as WithBody;
  switch (message.tag) {
    case "RequestCall":
      whole.args = measured(message.args);
      return;
    case "RequestResponse":
      whole.ret = measured(message.ret);
      return;
    case "ChannelItem":
      whole.item = measured(message.item);
  }
}

function measured(body: Body): Body {
  return body instanceof Uint8Array || body instanceof Reader || body instanceof MeasuredBody
    ? body
    : new MeasuredBody(body);
}

/** Length of a payload that came, or that was sent and measured (bytes). */
export function bytesOf(body: Body): number {
  if (body instanceof MeasuredBody) return body.bytes;
  if (body instanceof Reader) return body.remaining;
  return body instanceof Uint8Array ? body.length : 0;
}

/** Its bytes; for keeping only if they are copied. */
export function contentsOf(body: Body): Uint8Array {
  if (body instanceof MeasuredBody) return body.encoded();
  if (body instanceof Reader) return body.bytes.subarray(body.offset, body.end);
  return body instanceof Uint8Array ? body : NOTHING;
}

const NOTHING = new Uint8Array();

/** Errors that stand in the place of an answer, in wire order. */
const ERRORS = ["error", "unknown-method", "invalid-payload", "cancelled", "indeterminate"] as const;

/** What an answer says, by its first bytes. */
export function outcomeOf(ret: Body): "ok" | (typeof ERRORS)[number] {
  const [first, second] = firstTwo(ret);
  return first === 0 ? "ok" : (ERRORS[second] ?? "error");
}

function firstTwo(body: Body): readonly [number, number] {
  if (body instanceof MeasuredBody) return [body.first, body.second];
  const bytes = contentsOf(body);
  return [bytes[0] ?? 0, bytes[1] ?? 0];
}
