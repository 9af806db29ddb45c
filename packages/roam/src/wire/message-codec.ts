import { Reader, type Writer } from "roam-postcard";
import { unreachable } from "../internal/unreachable.ts";
import type { Body, ConnectionSettings, Id, Message, Parity } from "./message.ts";
import { Metadata, MetadataEntry, type MetadataValue } from "./metadata.ts";

const PARITIES: readonly Parity[] = ["odd", "even"];
const NO_CHANNELS: readonly Id[] = [];

// The codec checks its own lists against the payload; how many entries are welcome is a limit
// of the session. r[impl codec.x.limits]
const MIN_METADATA_ENTRY_BYTES = 4;

/** Appends one message. The payload, message and body indexes are those of the table in the contract. */
// r[impl zerocopy.framing.value.opaque]
export function encodeMessage(writer: Writer, message: Message): void {
  writer.id(message.connectionId);
  switch (message.tag) {
    case "RequestCall":
      writer.u8(7);
      writer.id(message.id);
      writer.u8(0);
      writer.varintHalves(message.methodLo, message.methodHi);
      encodeIds(writer, message.channels);
      encodeMetadata(writer, message.metadata);
      return encodeBody(writer, message.args);
    case "RequestResponse":
      writer.u8(7);
      writer.id(message.id);
      writer.u8(1);
      encodeIds(writer, message.channels);
      encodeMetadata(writer, message.metadata);
      return encodeBody(writer, message.ret);
    case "ChannelItem":
      writer.u8(8);
      writer.id(message.id);
      writer.u8(0);
      return encodeItem(writer, message.item);
    case "ChannelGrantCredit":
      writer.u8(8);
      writer.id(message.id);
      writer.u8(3);
      return writer.varint(message.additional);
    case "RequestCancel":
      writer.u8(7);
      writer.id(message.id);
      writer.u8(2);
      return encodeMetadata(writer, message.metadata);
    case "ChannelClose":
    case "ChannelReset":
      writer.u8(8);
      writer.id(message.id);
      writer.u8(message.tag === "ChannelClose" ? 1 : 2);
      return encodeMetadata(writer, message.metadata);
    case "Hello":
      writer.u8(0);
      writer.varint(message.version);
      encodeSettings(writer, message.settings);
      return encodeMetadata(writer, message.metadata);
    case "HelloYourself":
    case "ConnectionOpen":
    case "ConnectionAccept":
      writer.u8(SETTINGS_INDEX[message.tag]);
      encodeSettings(writer, message.settings);
      return encodeMetadata(writer, message.metadata);
    case "ProtocolError":
      writer.u8(2);
      return writer.string(message.description);
    case "ConnectionReject":
    case "ConnectionClose":
      writer.u8(message.tag === "ConnectionReject" ? 5 : 6);
      return encodeMetadata(writer, message.metadata);
    case "Ping":
    case "Pong":
      writer.u8(message.tag === "Ping" ? 9 : 10);
      return writer.id(message.nonce);
    default:
      return unreachable(message);
  }
}

const SETTINGS_INDEX = { HelloYourself: 1, ConnectionOpen: 3, ConnectionAccept: 4 } as const;

function encodeBody(writer: Writer, body: Body): void {
  if (body instanceof Uint8Array) writer.raw(body);
  else if (body instanceof Reader) writer.raw(body.bytes.subarray(body.offset, body.end));
  else body.encode(writer, body.value as never);
}

// An item's sender learns nothing of when its bytes have left, so they are copied now: it may
// use its buffer again as soon as `send` returns.
function encodeItem(writer: Writer, item: Body): void {
  const { gatherFrom } = writer;
  writer.gatherFrom = Number.POSITIVE_INFINITY;
  try {
    encodeBody(writer, item);
  } finally {
    writer.gatherFrom = gatherFrom;
  }
}

function encodeIds(writer: Writer, ids: readonly Id[]): void {
  const { length } = ids;
  writer.varint(length);
  // Not `for of`: an iterator for every message, and nearly all have no channels.
  for (let index = 0; index < length; index++) writer.id(ids[index] as Id);
}

function encodeSettings(writer: Writer, settings: ConnectionSettings): void {
  writer.u8(settings.parity === "odd" ? 0 : 1);
  writer.varint(settings.maxConcurrentRequests);
}

function encodeMetadata(writer: Writer, metadata: Metadata): void {
  writer.varint(metadata.size);
  if (metadata.size === 0) return;
  for (const { key, value, flags } of metadata) {
    writer.string(key);
    if (typeof value === "string") {
      writer.u8(0);
      writer.string(value);
    } else if (typeof value === "bigint") {
      writer.u8(2);
      writer.varintWide(value);
    } else {
      writer.u8(1);
      writer.byteArray(value);
    }
    writer.varintWide(flags);
  }
}

/**
 * One message; metadata bytes, arguments, results and items in it are views on the payload.
 *
 * @throws DecodeError
 */
export function decodeMessage(reader: Reader): Message {
  const message = readMessage(reader);
  switch (message.tag) {
    case "RequestCall":
      return { ...message, args: reader.rest() };
    case "RequestResponse":
      return { ...message, ret: reader.rest() };
    case "ChannelItem":
      return { ...message, item: reader.rest() };
    default:
      return message;
  }
}

/**
 * One message, with its arguments, result or item still to be read: the body of such a message is
 * the reader. It spares a view for each message, and a second reader.
 *
 * @throws DecodeError
 */
export function readMessage(reader: Reader): Message {
  const connectionId = reader.id();
  const at = reader.offset;
  const index = reader.id();
  switch (index) {
    case 7:
      return decodeRequest(reader, connectionId);
    case 8:
      return decodeChannel(reader, connectionId);
    case 0: {
      const version = reader.u32();
      const settings = decodeSettings(reader);
      return { tag: "Hello", connectionId, version, settings, metadata: decodeMetadata(reader) };
    }
    case 1:
    case 3:
    case 4: {
      const settings = decodeSettings(reader);
      const tag = index === 1 ? "HelloYourself" : index === 3 ? "ConnectionOpen" : "ConnectionAccept";
      return { tag, connectionId, settings, metadata: decodeMetadata(reader) };
    }
    case 2:
      return { tag: "ProtocolError", connectionId, description: reader.string() };
    case 5:
      return { tag: "ConnectionReject", connectionId, metadata: decodeMetadata(reader) };
    case 6:
      return { tag: "ConnectionClose", connectionId, metadata: decodeMetadata(reader) };
    case 9:
      return { tag: "Ping", connectionId, nonce: reader.id() };
    case 10:
      return { tag: "Pong", connectionId, nonce: reader.id() };
    default:
      return reader.fail(`payload index ${index} out of range`, at);
  }
}

function decodeRequest(reader: Reader, connectionId: Id): Message {
  const id = reader.id();
  const at = reader.offset;
  const index = reader.id();
  switch (index) {
    case 0: {
      const methodLo = reader.u64Low();
      const methodHi = reader.u64High();
      const channels = decodeIds(reader);
      const metadata = decodeMetadata(reader);
      return {
        tag: "RequestCall",
        connectionId,
        id,
        methodLo,
        methodHi,
        channels,
        metadata,
        args: reader,
      };
    }
    case 1: {
      const channels = decodeIds(reader);
      const metadata = decodeMetadata(reader);
      return { tag: "RequestResponse", connectionId, id, channels, metadata, ret: reader };
    }
    case 2:
      return { tag: "RequestCancel", connectionId, id, metadata: decodeMetadata(reader) };
    default:
      return reader.fail(`request body index ${index} out of range`, at);
  }
}

function decodeChannel(reader: Reader, connectionId: Id): Message {
  const id = reader.id();
  const at = reader.offset;
  const index = reader.id();
  switch (index) {
    case 0:
      return { tag: "ChannelItem", connectionId, id, item: reader };
    case 1:
      return { tag: "ChannelClose", connectionId, id, metadata: decodeMetadata(reader) };
    case 2:
      return { tag: "ChannelReset", connectionId, id, metadata: decodeMetadata(reader) };
    case 3:
      return { tag: "ChannelGrantCredit", connectionId, id, additional: reader.u32() };
    default:
      return reader.fail(`channel body index ${index} out of range`, at);
  }
}

function decodeIds(reader: Reader): readonly Id[] {
  const count = reader.count(1);
  if (count === 0) return NO_CHANNELS;
  const ids: Id[] = [];
  for (let index = 0; index < count; index++) ids.push(reader.id());
  return ids;
}

function decodeSettings(reader: Reader): ConnectionSettings {
  const at = reader.offset;
  const parity = PARITIES[Number(reader.id())] ?? reader.fail("parity out of range", at);
  return { parity, maxConcurrentRequests: reader.u32() };
}

function decodeMetadata(reader: Reader): Metadata {
  const count = reader.count(MIN_METADATA_ENTRY_BYTES);
  if (count === 0) return Metadata.EMPTY;
  const entries: MetadataEntry[] = [];
  for (let index = 0; index < count; index++) {
    const key = reader.string();
    entries.push(new MetadataEntry(key, decodeMetadataValue(reader), reader.u64()));
  }
  return new Metadata(entries);
}

function decodeMetadataValue(reader: Reader): MetadataValue {
  const at = reader.offset;
  const index = reader.id();
  switch (index) {
    case 0:
      return reader.string();
    case 1:
      return reader.byteArray();
    case 2:
      return reader.u64();
    default:
      return reader.fail(`metadata value index ${index} out of range`, at);
  }
}
