import type { Reader, Writer } from "roam-postcard";
import type { Metadata } from "./metadata.ts";

/** A connection, request or channel id: exact whatever its size, a number while it can be. */
export type Id = number | bigint;

/** Odd gives 1, 3, 5, …; even gives 2, 4, 6, …. */
// r[impl session.parity]
export type Parity = "odd" | "even";

/** What a side announces for one connection. */
// r[impl session.connection-settings]
export interface ConnectionSettings {
  /** The sender's own. */
  readonly parity: Parity;
  /** Calls that the sender is willing to have in flight towards itself. */
  readonly maxConcurrentRequests: number;
}

/**
 * A payload: bytes that exist already; or, to be sent, a value with its encoder, encoded in place
 * when the message is; or, received, the reader that stands before its first byte.
 */
// r[impl zerocopy.payload]
// r[impl zerocopy.payload.bytes]
export type Body = Uint8Array | ValueBody | Reader;

// r[impl zerocopy.payload.borrowed]
export interface ValueBody {
  readonly value: unknown;
  readonly encode: (writer: Writer, value: never) => void;
}

export interface Hello {
  readonly tag: "Hello";
  readonly connectionId: Id;
  readonly version: number;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata;
}
export interface HelloYourself {
  readonly tag: "HelloYourself";
  readonly connectionId: Id;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata;
}
export interface ProtocolErrorMessage {
  readonly tag: "ProtocolError";
  readonly connectionId: Id;
  readonly description: string;
}
export interface ConnectionOpen {
  readonly tag: "ConnectionOpen";
  readonly connectionId: Id;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata;
}
export interface ConnectionAccept {
  readonly tag: "ConnectionAccept";
  readonly connectionId: Id;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata;
}
export interface ConnectionReject {
  readonly tag: "ConnectionReject";
  readonly connectionId: Id;
  readonly metadata: Metadata;
}
export interface ConnectionClose {
  readonly tag: "ConnectionClose";
  readonly connectionId: Id;
  readonly metadata: Metadata;
}
// r[impl rpc.request]
export interface RequestCall {
  readonly tag: "RequestCall";
  readonly connectionId: Id;
  readonly id: Id;
  /** The method id's lower and upper 32 bits: matched, never computed with. */
  readonly methodLo: number;
  readonly methodHi: number;
  readonly channels: readonly Id[];
  readonly metadata: Metadata;
  /** Received: always bytes. */
  readonly args: Body;
}
// r[impl rpc.response]
export interface RequestResponse {
  readonly tag: "RequestResponse";
  readonly connectionId: Id;
  readonly id: Id;
  readonly channels: readonly Id[];
  readonly metadata: Metadata;
  readonly ret: Body;
}
export interface RequestCancel {
  readonly tag: "RequestCancel";
  readonly connectionId: Id;
  readonly id: Id;
  readonly metadata: Metadata;
}
// r[impl rpc.channel.item]
export interface ChannelItem {
  readonly tag: "ChannelItem";
  readonly connectionId: Id;
  readonly id: Id;
  readonly item: Body;
}
export interface ChannelClose {
  readonly tag: "ChannelClose";
  readonly connectionId: Id;
  readonly id: Id;
  readonly metadata: Metadata;
}
export interface ChannelReset {
  readonly tag: "ChannelReset";
  readonly connectionId: Id;
  readonly id: Id;
  readonly metadata: Metadata;
}
export interface ChannelGrantCredit {
  readonly tag: "ChannelGrantCredit";
  readonly connectionId: Id;
  readonly id: Id;
  readonly additional: number;
}
export interface Ping {
  readonly tag: "Ping";
  readonly connectionId: Id;
  readonly nonce: Id;
}
export interface Pong {
  readonly tag: "Pong";
  readonly connectionId: Id;
  readonly nonce: Id;
}

/** All that a session sends and receives. */
// r[impl session.message]
// r[impl session.message.payloads]
export type Message =
  | Hello
  | HelloYourself
  | ProtocolErrorMessage
  | ConnectionOpen
  | ConnectionAccept
  | ConnectionReject
  | ConnectionClose
  | RequestCall
  | RequestResponse
  | RequestCancel
  | ChannelItem
  | ChannelClose
  | ChannelReset
  | ChannelGrantCredit
  | Ping
  | Pong;

/** Messages about one call or channel: what a proxy carries over. */
export type ConnectionMessage =
  | RequestCall
  | RequestResponse
  | RequestCancel
  | ChannelItem
  | ChannelClose
  | ChannelReset
  | ChannelGrantCredit;
