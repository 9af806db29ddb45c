import type { Role } from "roam/conduit";
import type { ChannelNode, MethodDescriptor } from "roam/schema";
import type { Id, Message } from "roam/wire";
import { type DecodedAnswer, decodeAnswer, decodeArgs, decodeItem } from "./decode-body.ts";
import { idText, type MethodIndex, methodName } from "./method-index.ts";

/** Calls, and channels, remembered of one session at most: published peers leave some without an end. */
const MOST_REMEMBERED = 20_000;

/** What is known of a message beyond itself. */
export interface Followed {
  /** `Billing.lookup`, or its id. */
  readonly method?: string;
  /** Name of the argument that the channel is. */
  readonly channel?: string;
  /** Arguments, or an item, as JSON; undefined if the schema does not say. */
  readonly json?: unknown;
  readonly answer?: DecodedAnswer;
  /** Of an answer: since the call (ms). */
  readonly tookMs?: number;
  /** Of the payload, if there is one (bytes). */
  readonly bytes?: number;
}

interface Call {
  readonly method: string;
  readonly descriptor: MethodDescriptor | undefined;
  readonly atMs: number;
}

interface Channel {
  readonly method: string;
  readonly name: string;
  readonly node: ChannelNode | undefined;
}

/** Follows the messages of a session that passes by, so that answers and items can be read. */
export class FollowedSession {
  readonly #index: MethodIndex;
  readonly #calls = new Map<string, Call>();
  readonly #channels = new Map<string, Channel>();

  constructor(index: MethodIndex) {
    this.#index = index;
  }

  /** @param atMs when it passed, on any clock */
  follow(message: Message, from: Role, atMs: number): Followed {
    const { connectionId: connection } = message;
    switch (message.tag) {
      case "RequestCall":
        return this.#onCall(message, from, atMs);
      case "RequestResponse": {
        const caller = from === "initiator" ? "acceptor" : "initiator";
        const key = callKey(connection, caller, message.id);
        const call = this.#calls.get(key);
        this.#calls.delete(key);
        const payload = message.ret as Uint8Array;
        const answer = decodeAnswer(call?.descriptor, payload);
        return {
          bytes: payload.length,
          ...(call && { method: call.method, tookMs: atMs - call.atMs }),
          ...(answer && { answer }),
        };
      }
      case "RequestCancel": {
        const method = this.#calls.get(callKey(connection, from, message.id))?.method;
        return method === undefined ? {} : { method };
      }
      case "ChannelItem":
      case "ChannelClose":
      case "ChannelReset":
      case "ChannelGrantCredit":
        return this.#onChannel(message);
      case "ConnectionClose":
        this.#forget(connection);
        return {};
      default:
        return {};
    }
  }

  #onCall(message: Extract<Message, { tag: "RequestCall" }>, from: Role, atMs: number): Followed {
    const { connectionId, id, channels } = message;
    const payload = message.args as Uint8Array;
    const methodId = idText(message.methodLo, message.methodHi);
    const descriptor = this.#index.get(methodId);
    const method = methodName(methodId, this.#index);
    remember(this.#calls, callKey(connectionId, from, id), { method, descriptor, atMs });
    const args = descriptor && decodeArgs(descriptor, payload);
    for (const [index, channel] of channels.entries()) {
      const node = args?.channels[index];
      const name = node?.name ?? (channels.length === 1 ? "channel" : `channel ${index + 1}`);
      remember(this.#channels, `${connectionId}/${channel}`, { method, name, node });
    }
    return { method, bytes: payload.length, ...(args && { json: args.json }) };
  }

  #onChannel(
    message: Extract<
      Message,
      { tag: "ChannelItem" | "ChannelClose" | "ChannelReset" | "ChannelGrantCredit" }
    >,
  ): Followed {
    const key = `${message.connectionId}/${message.id}`;
    const channel = this.#channels.get(key);
    const known = channel === undefined ? {} : { method: channel.method, channel: channel.name };
    if (message.tag !== "ChannelItem") return known;
    const payload = message.item as Uint8Array;
    const item = channel?.node && decodeItem(channel.node, payload);
    return { ...known, bytes: payload.length, ...(item && { json: item.json }) };
  }

  #forget(connection: Id): void {
    for (const map of [this.#calls, this.#channels]) {
      for (const key of map.keys()) if (key.startsWith(`${connection}/`)) map.delete(key);
    }
  }
}

function callKey(connection: Id, caller: Role, id: Id): string {
  return `${connection}/${caller}/${id}`;
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MOST_REMEMBERED) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  map.set(key, value);
}
