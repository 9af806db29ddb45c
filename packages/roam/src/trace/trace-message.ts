import type { Id, Message } from "../wire/message.ts";
import { base64 } from "./base64.ts";
import { bytesOf, contentsOf } from "./measured-body.ts";
import type { MessageEvent, TraceId } from "./trace-event.ts";
import { traceMetadata } from "./trace-metadata.ts";

type Told = { -readonly [K in keyof MessageEvent]: MessageEvent[K] };
/** What a message says of itself. */
export type MessageParts = Omit<MessageEvent, "t" | "session" | "kind" | "direction" | "seq" | "ack">;

export function traceId(id: Id): TraceId {
  return typeof id === "number" ? id : id.toString();
}

/** @param payloadBytes most bytes of its payload to tell; one that is longer is left out */
export function messageParts(message: Message, payloadBytes: number): MessageParts {
  const parts: Partial<Told> = { tag: message.tag, connection: traceId(message.connectionId) };
  if ("id" in message) parts.id = traceId(message.id);
  if ("channels" in message && message.channels.length > 0) parts.channels = message.channels.map(traceId);
  if ("additional" in message) parts.additional = message.additional;
  if ("metadata" in message && message.metadata.size > 0) parts.metadata = traceMetadata(message.metadata);
  const body = bodyOf(message);
  if (body !== undefined) {
    parts.bytes = bytesOf(body);
    if (parts.bytes > 0 && parts.bytes <= payloadBytes) parts.payload = base64(contentsOf(body));
  }
  return parts as MessageParts;
}

function bodyOf(message: Message) {
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
