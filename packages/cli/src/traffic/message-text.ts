import type { Role } from "roam/conduit";
import type { Message, Metadata, MetadataEntry } from "roam/wire";
import { bytesText as bytesAsText } from "../json/bytes-text.ts";
import type { Paint } from "../paint.ts";
import { jsonOnOneLine, printable } from "../printable.ts";
import type { Followed } from "./followed-session.ts";

/** Where and when a message passed. */
export interface Passed {
  readonly message: Message;
  readonly from: Role;
  /** Counts the sessions, from 1. */
  readonly session: number;
  /** Since the command began (ms). */
  readonly atMs: number;
  readonly followed: Followed;
}

/** Most of a payload or of metadata that is shown on a line (characters). */
const LONGEST = 200;

/** A message as one line for a person: `   0.012 #1 > call 1 Billing.lookup {"id":7}`. */
export function messageText(passed: Passed, paint: Paint, options: { readonly isFull: boolean }): string {
  const { message, from, session, atMs } = passed;
  const cut = (text: string) =>
    options.isFull || text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
  const time = paint.dim((atMs / 1000).toFixed(3).padStart(8));
  const place = `#${session}${message.connectionId === 0 ? "" : `/${message.connectionId}`}`;
  const arrow = from === "initiator" ? paint.green(">") : paint.blue("<");
  const parts = [time, place, arrow, ...partsOf(passed, paint, cut)];
  if ("metadata" in message) parts.push(metadataText(message.metadata, paint, cut));
  return parts.filter((part) => part !== "").join(" ");
}

type Cut = (text: string) => string;

function partsOf({ message, followed }: Passed, paint: Paint, cut: Cut): string[] {
  const method = followed.method === undefined ? "" : paint.cyan(printable(followed.method));
  const payload = () =>
    followed.json === undefined
      ? paint.dim(bytesText(followed.bytes ?? 0))
      : cut(jsonOnOneLine(followed.json));
  const channel = followed.channel === undefined ? "" : `${method}.${printable(followed.channel)}`;
  switch (message.tag) {
    case "Hello":
    case "HelloYourself":
    case "ConnectionOpen":
    case "ConnectionAccept": {
      const { parity, maxConcurrentRequests } = message.settings;
      return [paint.bold(NAMES[message.tag]), `${parity} ids, ${maxConcurrentRequests} calls`];
    }
    case "ProtocolError":
      return [paint.red(NAMES[message.tag]), cut(printable(message.description))];
    case "RequestCall":
      return [paint.bold("call"), String(message.id), method, payload()];
    case "RequestResponse":
      return [...answerParts(followed, message.id, paint, cut)];
    case "RequestCancel":
      return [paint.yellow("cancel"), String(message.id), method];
    case "ChannelItem":
      return ["item", String(message.id), channel, payload()];
    case "ChannelGrantCredit":
      return [paint.dim("grant"), String(message.id), channel, paint.dim(`+${message.additional}`)];
    case "ChannelClose":
      return ["close", String(message.id), channel];
    case "ChannelReset":
      return [paint.yellow("reset"), String(message.id), channel];
    case "Ping":
    case "Pong":
      return [paint.dim(NAMES[message.tag]), String(message.nonce)];
    default:
      return [paint.bold(NAMES[message.tag])];
  }
}

function answerParts({ answer, method, tookMs, bytes = 0 }: Followed, id: unknown, paint: Paint, cut: Cut) {
  const name = method === undefined ? "" : paint.cyan(printable(method));
  const took = tookMs === undefined ? "" : paint.dim(`${tookMs.toFixed(1)} ms`);
  const json = (value: unknown) =>
    value === undefined ? paint.dim(bytesText(bytes)) : cut(jsonOnOneLine(value));
  switch (answer?.kind) {
    case "value":
      return [paint.bold("answer"), String(id), name, json(answer.json), took];
    case "error":
      return [paint.red("error"), String(id), name, json(answer.json), took];
    case "failure":
      return [paint.red("failure"), String(id), name, answer.code, took];
    default:
      return [paint.bold("answer"), String(id), name, paint.dim(bytesText(bytes)), took];
  }
}

const NAMES: Readonly<Record<Message["tag"], string>> = {
  Hello: "hello",
  HelloYourself: "hello",
  ProtocolError: "protocol error",
  ConnectionOpen: "open",
  ConnectionAccept: "accept",
  ConnectionReject: "reject",
  ConnectionClose: "close connection",
  RequestCall: "call",
  RequestResponse: "answer",
  RequestCancel: "cancel",
  ChannelItem: "item",
  ChannelClose: "close",
  ChannelReset: "reset",
  ChannelGrantCredit: "grant",
  Ping: "ping",
  Pong: "pong",
};

// `toJSON` of an entry hides what is sensitive.
function metadataText(metadata: Metadata, paint: Paint, cut: Cut): string {
  if (metadata.size === 0) return "";
  const entries = [...metadata].map((entry) => {
    const { key, value } = entry.toJSON();
    return `${printable(key)}=${Array.isArray(value) ? bytesText(value.length) : printable(String(value))}`;
  });
  return paint.dim(cut(`[${entries.join(", ")}]`));
}

export function bytesText(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

/** A message as JSON for programs; bytes of payloads are left out, sensitive values hidden. */
export function messageJson({ message, from, session, atMs, followed }: Passed): unknown {
  const { answer, json, tookMs, ...known } = followed;
  const { tag, connectionId } = message;
  return {
    at_ms: Number(atMs.toFixed(3)),
    session,
    from,
    message: tag,
    connection: String(connectionId),
    ...("id" in message ? { id: String(message.id) } : {}),
    ...known,
    ...(tookMs === undefined ? {} : { took_ms: Number(tookMs.toFixed(3)) }),
    ...(tag === "RequestCall" ? { channels: message.channels.map(String), args: json } : {}),
    ...(tag === "ChannelItem" ? { item: json } : {}),
    ...(tag === "ChannelGrantCredit" ? { additional: message.additional } : {}),
    ...(tag === "ProtocolError" ? { description: message.description } : {}),
    ...("settings" in message ? { settings: message.settings } : {}),
    ...(answer === undefined ? {} : answerJson(answer)),
    ...("metadata" in message && message.metadata.size > 0
      ? { metadata: [...message.metadata].map(entryJson) }
      : {}),
  };
}

function entryJson(entry: MetadataEntry): unknown {
  const { value, isSensitive } = entry;
  const json = entry.toJSON();
  return value instanceof Uint8Array && !isSensitive ? { ...json, value: bytesAsText(value) } : json;
}

function answerJson(answer: NonNullable<Followed["answer"]>): object {
  if (answer.kind === "failure") return { failure: answer.code };
  return answer.kind === "value" ? { value: answer.json } : { error: answer.json };
}
