import type { Role } from "roam/conduit";
import { checkDocument, type SchemaDocument } from "roam/schema";
import { type Id, type Message, Metadata, MetadataEntry, SENSITIVE } from "roam/wire";
import { idText } from "./method-index.ts";

/** Version of the form that `docs/capture-format.md` describes. */
export const CAPTURE_VERSION = 1;

/** First line of a capture. */
export interface CaptureHeader {
  readonly roamCapture: number;
  readonly madeBy: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  /** Where was listened, and whom it was for. */
  readonly from: string;
  readonly to: string;
  readonly schema?: SchemaDocument;
}

/** Any further line; `t` is milliseconds since the capture began, sessions count from 1. */
export type CaptureLine =
  | { readonly t: number; readonly session: number; readonly begin: { readonly peer: string } }
  | { readonly t: number; readonly session: number; readonly from: Role; readonly message: CapturedMessage }
  | {
      readonly t: number;
      readonly session: number;
      /** Without a cause it ended in order. */
      readonly end: { readonly from: Role; readonly cause?: string };
    };

type CapturedId = number | string;
interface CapturedSettings {
  readonly parity: "odd" | "even";
  readonly maxConcurrentRequests: number;
}

/** A message with its payload as base64; 64-bit numbers above 2^53 are texts. */
export interface CapturedMessage {
  readonly tag: Message["tag"];
  readonly connection: CapturedId;
  readonly id?: CapturedId;
  readonly method?: string;
  readonly channels?: readonly CapturedId[];
  readonly payload?: string;
  readonly additional?: number;
  readonly settings?: CapturedSettings;
  readonly version?: number;
  readonly nonce?: CapturedId;
  readonly description?: string;
  readonly metadata?: readonly CapturedEntry[];
}

/** One of `string`, `bytes` (base64) and `u64`, or `redacted` in its place. */
export interface CapturedEntry {
  readonly key: string;
  readonly string?: string;
  readonly bytes?: string;
  readonly u64?: string;
  readonly redacted?: true;
  readonly flags?: string;
}

export function capturedMessage(message: Message): CapturedMessage {
  const { tag, connectionId } = message;
  return {
    tag,
    connection: capturedId(connectionId),
    ...("id" in message ? { id: capturedId(message.id) } : {}),
    ...(tag === "RequestCall" ? { method: idText(message.methodLo, message.methodHi) } : {}),
    ...("channels" in message && message.channels.length > 0
      ? { channels: message.channels.map(capturedId) }
      : {}),
    ...payloadIn(message),
    ...(tag === "ChannelGrantCredit" ? { additional: message.additional } : {}),
    ...("settings" in message ? { settings: message.settings } : {}),
    ...(tag === "Hello" ? { version: message.version } : {}),
    ...(tag === "Ping" || tag === "Pong" ? { nonce: capturedId(message.nonce) } : {}),
    ...(tag === "ProtocolError" ? { description: message.description } : {}),
    ...("metadata" in message && message.metadata.size > 0
      ? { metadata: [...message.metadata].map(capturedEntry) }
      : {}),
  };
}

function payloadIn(message: Message): { payload?: string } {
  switch (message.tag) {
    case "RequestCall":
      return { payload: base64(message.args as Uint8Array) };
    case "RequestResponse":
      return { payload: base64(message.ret as Uint8Array) };
    case "ChannelItem":
      return { payload: base64(message.item as Uint8Array) };
    default:
      return {};
  }
}

function capturedEntry({ key, value, flags, isSensitive }: MetadataEntry): CapturedEntry {
  const flagged = flags === 0n ? {} : { flags: flags.toString() };
  if (isSensitive) return { key, redacted: true, ...flagged };
  if (typeof value === "string") return { key, string: value, ...flagged };
  return typeof value === "bigint"
    ? { key, u64: value.toString(), ...flagged }
    : { key, bytes: base64(value), ...flagged };
}

function capturedId(id: Id): CapturedId {
  return typeof id === "bigint" ? id.toString() : id;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/**
 * The message of a line.
 *
 * @param secrets values of SENSITIVE metadata by key; entries without one are left out
 * @throws TypeError for what is no message
 */
export function messageOf(captured: CapturedMessage, secrets: ReadonlyMap<string, string>): Message {
  const { tag } = captured;
  const connectionId = idOf(captured.connection);
  const id = () => idOf(captured.id);
  const payload = () => new Uint8Array(Buffer.from(captured.payload ?? "", "base64"));
  const settings = () => captured.settings ?? missing("settings");
  const metadata = new Metadata((captured.metadata ?? []).flatMap((entry) => entryOf(entry, secrets)));
  switch (tag) {
    case "Hello":
      return { tag, connectionId, version: captured.version ?? 7, settings: settings(), metadata };
    case "HelloYourself":
    case "ConnectionOpen":
    case "ConnectionAccept":
      return { tag, connectionId, settings: settings(), metadata };
    case "ConnectionReject":
    case "ConnectionClose":
      return { tag, connectionId, metadata };
    case "ProtocolError":
      return { tag, connectionId, description: captured.description ?? "" };
    case "RequestCall": {
      const method = /^([\da-f]{8})([\da-f]{8})$/.exec(captured.method ?? "") ?? missing("method");
      const [methodHi = 0, methodLo = 0] = method.slice(1).map((half) => Number.parseInt(half, 16));
      const channels = channelsOf(captured);
      return { tag, connectionId, id: id(), methodLo, methodHi, channels, metadata, args: payload() };
    }
    case "RequestResponse":
      return { tag, connectionId, id: id(), channels: channelsOf(captured), metadata, ret: payload() };
    case "RequestCancel":
    case "ChannelClose":
    case "ChannelReset":
      return { tag, connectionId, id: id(), metadata };
    case "ChannelItem":
      return { tag, connectionId, id: id(), item: payload() };
    case "ChannelGrantCredit":
      return { tag, connectionId, id: id(), additional: captured.additional ?? 0 };
    case "Ping":
    case "Pong":
      return { tag, connectionId, nonce: idOf(captured.nonce) };
    default:
      throw new TypeError(`${String(tag satisfies never)} is no message`);
  }
}

function channelsOf({ channels = [] }: CapturedMessage): Id[] {
  return channels.map(idOf);
}

function entryOf(entry: CapturedEntry, secrets: ReadonlyMap<string, string>): MetadataEntry[] {
  const { key, string, bytes, u64, redacted } = entry;
  const flags = BigInt(entry.flags ?? 0);
  if (redacted) {
    const secret = secrets.get(key);
    return secret === undefined ? [] : [new MetadataEntry(key, secret, flags | SENSITIVE)];
  }
  if (string !== undefined) return [new MetadataEntry(key, string, flags)];
  if (bytes !== undefined)
    return [new MetadataEntry(key, new Uint8Array(Buffer.from(bytes, "base64")), flags)];
  return [new MetadataEntry(key, BigInt(u64 ?? missing("a value of metadata")), flags)];
}

function idOf(id: CapturedId | undefined): Id {
  if (typeof id === "number") return id;
  const whole = BigInt(id ?? missing("an id"));
  return whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : whole;
}

function missing(what: string): never {
  throw new TypeError(`${what} is missing`);
}

/** @throws TypeError for what is not the first line of a capture of this version */
export function headerOf(value: unknown): CaptureHeader {
  const header = (value ?? {}) as Partial<CaptureHeader>;
  if (typeof header.roamCapture !== "number") throw new TypeError("this is no capture of roam");
  if (header.roamCapture !== CAPTURE_VERSION)
    throw new TypeError(
      `this is a capture of version ${header.roamCapture}, only ${CAPTURE_VERSION} is read here`,
    );
  if (header.schema !== undefined) checkDocument(header.schema);
  return header as CaptureHeader;
}

/** @throws TypeError for what is no line of a capture */
export function lineOf(value: unknown): CaptureLine {
  const line = (value ?? {}) as Partial<Record<string, unknown>>;
  const isLine = typeof line.t === "number" && typeof line.session === "number";
  const isMessage = isObject(line.message) && (line.from === "initiator" || line.from === "acceptor");
  if (!isLine || !(isMessage || isObject(line.begin) || isObject(line.end)))
    throw new TypeError("this is no line of a capture");
  return line as unknown as CaptureLine;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
