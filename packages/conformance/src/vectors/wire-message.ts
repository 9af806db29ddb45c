import {
  type Body,
  decodeMessage,
  encodeMessage,
  type Id,
  type Message,
  MessageSchema,
  type Metadata,
} from "roam/wire";
import { compile, Reader, Writer } from "roam-postcard";
import { toHex } from "../hex.ts";
import type { Json } from "../neutral-type.ts";
import { sameValue } from "../same-value.ts";
import { Difference, expectEqual, expectRefused, show } from "./tally.ts";

/**
 * Checks one message against the runtime's own codec: what it decodes to is what is recorded, and
 * it encodes to the same bytes; so does the runtime's schema of it.
 *
 * @param options.isCanonical false for bytes that no peer would write: they only decode
 */
export function checkWireMessage(bytes: Uint8Array, recorded: Json, options = { isCanonical: true }): void {
  const decodeWhole = () => decodeMessage(new Reader(bytes));
  if (recorded === "undecodable") return expectRefused("decoded by the runtime", decodeWhole);
  const message = decodeWhole();
  const json = toRecorded(message);
  if (!sameValue(json, recorded)) {
    throw new Difference(`decoded by the runtime: expected ${show(recorded)}, got ${show(json)}`);
  }
  if (!options.isCanonical) return;
  expectEqual(
    "encoded by the runtime",
    toHex(encoded((writer) => encodeMessage(writer, message))),
    toHex(bytes),
  );
  const { decode, encode } = compile(MessageSchema);
  const value = decode(new Reader(bytes));
  expectEqual(
    "encoded by the runtime's schema",
    toHex(encoded((writer) => encode(writer, value))),
    toHex(bytes),
  );
}

function encoded(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.finish();
}

/** A message in the vectors' form. */
function toRecorded(message: Message): Json {
  return { connection_id: String(message.connectionId), payload: payload(message) };
}

function payload(message: Message): Json {
  switch (message.tag) {
    case "Hello":
      return variant("Hello", 0, { version: message.version, ...settings(message), ...metadata(message) });
    case "HelloYourself":
      return variant("HelloYourself", 1, { ...settings(message), ...metadata(message) });
    case "ProtocolError":
      return variant("ProtocolError", 2, { description: message.description });
    case "ConnectionOpen":
      return variant("ConnectionOpen", 3, { ...settings(message), ...metadata(message) });
    case "ConnectionAccept":
      return variant("ConnectionAccept", 4, { ...settings(message), ...metadata(message) });
    case "ConnectionReject":
      return variant("ConnectionReject", 5, metadata(message));
    case "ConnectionClose":
      return variant("ConnectionClose", 6, metadata(message));
    case "RequestCall": {
      const method_id = String((BigInt(message.methodHi) << 32n) | BigInt(message.methodLo));
      const rest = { ...channels(message), ...metadata(message), args: bodyHex(message.args) };
      return request(message.id, variant("Call", 0, { method_id, ...rest }));
    }
    case "RequestResponse": {
      const ret = bodyHex(message.ret);
      return request(message.id, variant("Response", 1, { ...channels(message), ...metadata(message), ret }));
    }
    case "RequestCancel":
      return request(message.id, variant("Cancel", 2, metadata(message)));
    case "ChannelItem":
      return channel(message.id, variant("Item", 0, { item: bodyHex(message.item) }));
    case "ChannelClose":
      return channel(message.id, variant("Close", 1, metadata(message)));
    case "ChannelReset":
      return channel(message.id, variant("Reset", 2, metadata(message)));
    case "ChannelGrantCredit":
      return channel(message.id, variant("GrantCredit", 3, { additional: message.additional }));
    case "Ping":
      return variant("Ping", 9, { nonce: String(message.nonce) });
    case "Pong":
      return variant("Pong", 10, { nonce: String(message.nonce) });
  }
}

function variant(name: string, index: number, value: Json): Json {
  return { variant: name, index, value };
}

function request(id: Id, body: Json): Json {
  return variant("RequestMessage", 7, { id: String(id), body });
}

function channel(id: Id, body: Json): Json {
  return variant("ChannelMessage", 8, { id: String(id), body });
}

function channels(message: { readonly channels: readonly Id[] }): { readonly channels: Json } {
  return { channels: message.channels.map(String) };
}

function bodyHex(body: Body): string {
  if (body instanceof Uint8Array) return toHex(body);
  throw new TypeError("a received body is bytes");
}

function settings({ settings: own }: Extract<Message, { readonly settings: unknown }>): {
  readonly [key: string]: Json;
} {
  const parity = own.parity === "odd" ? variant("Odd", 0, null) : variant("Even", 1, null);
  return { connection_settings: { parity, max_concurrent_requests: own.maxConcurrentRequests } };
}

function metadata(message: { readonly metadata: Metadata }): { readonly metadata: Json } {
  return {
    metadata: Array.from(message.metadata, ({ key, value, flags }) => ({
      key,
      value:
        typeof value === "string"
          ? variant("String", 0, value)
          : typeof value === "bigint"
            ? variant("U64", 2, String(value))
            : variant("Bytes", 1, toHex(value)),
      flags: String(flags),
    })),
  };
}
