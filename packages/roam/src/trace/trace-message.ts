import type { Body, Id, Message } from "../wire/message.ts";
import { base64 } from "./base64.ts";
import { bytesOf, contentsOf } from "./measured-body.ts";
import type { MessageEvent, TraceId } from "./trace-event.ts";
import { traceMetadata } from "./trace-metadata.ts";

/** An event that is being written. */
export type MessageDraft = { -readonly [K in keyof MessageEvent]: MessageEvent[K] };

export function traceId(id: Id): TraceId {
  return typeof id === "number" ? id : id.toString();
}

/**
 * Adds what a message says of itself.
 *
 * @param payloadBytes most bytes of its payload to tell; one that is longer is left out
 */
export function describe(event: MessageDraft, message: Message, payloadBytes: number): void {
  if ("id" in message) event.id = traceId(message.id);
  if ("channels" in message && message.channels.length > 0) event.channels = message.channels.map(traceId);
  if ("additional" in message) event.additional = message.additional;
  if ("metadata" in message && message.metadata.size > 0) event.metadata = traceMetadata(message.metadata);
  const body = bodyOf(message);
  if (body === undefined) return;
  event.bytes = bytesOf(body);
  if (event.bytes > 0 && event.bytes <= payloadBytes) event.payload = base64(contentsOf(body));
}

function bodyOf(message: Message): Body | undefined {
  switch (message.tag) {
    case "RequestCall":
      return message.args;
    case "RequestResponse":
      return message.ret;
    case "ChannelItem":
      return message.item;
    default:
      return undefined;
  }
}
