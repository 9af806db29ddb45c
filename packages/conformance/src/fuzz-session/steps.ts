import type { SeededRandom } from "roam/testing";
import { encodeMessage, type Id, type Message, Metadata, MetadataEntry, type Parity } from "roam/wire";
import { Writer } from "roam-postcard";
import { SenderModel, u32Bytes } from "./channel-model.ts";
import type { CallModel, ConnectionModel, HandlerModel } from "./connection-model.ts";
import { CHANNELS, METHOD_IDS, METHOD_NAMES, type ScriptMethod } from "./script-service.ts";
import { DECISION_KEY, type SessionModel } from "./session-model.ts";

/** What happens next: the counterpart says something, or the application does. */
export type Step =
  | { readonly kind: "payload"; readonly bytes: Uint8Array }
  | { readonly kind: "settle"; readonly handler: HandlerModel; readonly how: "ok" | "user" | "throw" }
  | {
      readonly kind: "call";
      readonly connection: ConnectionModel;
      readonly method: ScriptMethod;
      readonly n: number;
    }
  | { readonly kind: "give-up"; readonly call: CallModel }
  | { readonly kind: "read" | "send"; readonly label: string; readonly n: number }
  | { readonly kind: "open"; readonly parity: Parity }
  | { readonly kind: "decide"; readonly id: Id; readonly isAccepted: boolean }
  | { readonly kind: "close"; readonly id: Id }
  | { readonly kind: "pass"; readonly ms: number };

/** Ids that only somebody with ideas would use. */
const ODD_IDS: readonly Id[] = [
  0,
  1,
  2,
  3,
  4,
  7,
  255,
  2 ** 32,
  2 ** 53 - 1,
  2n ** 53n,
  2n ** 64n - 1n,
  2n ** 64n - 2n,
];
const OWN_METHODS = ["echo", "hold", "push", "pull"] as const;

/** The bytes of a message. */
export function encoded(message: Message): Uint8Array {
  const writer = new Writer();
  encodeMessage(writer, message);
  return writer.finish();
}

/** Makes steps that mostly keep to the rules, and then do not. Looks at the model, never at the session. */
export class StepMaker {
  readonly #random: SeededRandom;
  readonly #model: SessionModel;
  /** How often something breaks a rule on purpose, from 0 to 1. */
  readonly #malice: number;

  constructor(random: SeededRandom, model: SessionModel) {
    this.#random = random;
    this.#model = model;
    this.#malice = random.pick([0, 0.02, 0.1, 0.3]);
  }

  /** @param isQuiet only what the counterpart says */
  next(isQuiet: boolean): Step {
    const random = this.#random;
    if (!isQuiet && random.chance(0.35)) {
      const step = this.#act();
      if (step !== undefined) return step;
    }
    let bytes = encoded(this.#message());
    if (random.chance(this.#malice / 4)) bytes = this.#damaged(bytes);
    return { kind: "payload", bytes };
  }

  #isMean(): boolean {
    return this.#random.chance(this.#malice);
  }

  #act(): Step | undefined {
    const random = this.#random;
    const model = this.#model;
    const connection = random.pick([...model.connections.values()]);
    switch (random.integer(0, 9)) {
      case 0:
      case 1: {
        const { handlers } = model;
        if (handlers.length === 0) return undefined;
        return {
          kind: "settle",
          handler: random.pick(handlers),
          how: random.pick(["ok", "ok", "user", "throw"]),
        };
      }
      case 2:
      case 3:
        return { kind: "call", connection, method: random.pick(OWN_METHODS), n: random.integer(0, 300) };
      case 4: {
        const calls = [...connection.calls.values(), ...connection.waitingCalls].filter(
          (one) => !one.isGivenUp,
        );
        return calls.length === 0 ? undefined : { kind: "give-up", call: random.pick(calls) };
      }
      case 5:
      case 6:
        return this.#useChannel(connection);
      case 7:
        return { kind: "open", parity: random.pick(["odd", "even"]) };
      case 8: {
        const [id] = model.undecided.keys();
        if (id !== undefined) return { kind: "decide", id, isAccepted: random.chance(0.7) };
        return random.chance(0.3) && connection.id !== 0 ? { kind: "close", id: connection.id } : undefined;
      }
      default:
        return { kind: "pass", ms: random.pick([1, 30, 60]) };
    }
  }

  #useChannel(connection: ConnectionModel): Step | undefined {
    const random = this.#random;
    const ends = [...connection.handlers.values(), ...connection.calls.values()].flatMap(({ ends }) => ends);
    if (ends.length === 0) return undefined;
    const end = random.pick(ends);
    const { label } = end;
    if (end instanceof SenderModel) return { kind: "send", label, n: random.integer(0, 300) };
    return end.isReading ? undefined : { kind: "read", label, n: 0 };
  }

  #message(): Message {
    const random = this.#random;
    const roll = random.integer(0, 99);
    const connection = this.#connection();
    if (roll < 28) return this.#call(connection);
    if (roll < 36) return this.#cancel(connection);
    if (roll < 48) return this.#response(connection);
    if (roll < 76) return this.#channelMessage(connection);
    if (roll < 92) return this.#connectionMessage();
    return this.#sessionMessage();
  }

  /** One that is there, or none of the model's. */
  #connection(): ConnectionModel | Id {
    if (this.#isMean()) return this.#id(this.#random.pick(ODD_IDS));
    return this.#random.pick([...this.#model.connections.values()]);
  }

  #id(id: Id): Id {
    return this.#isMean() ? this.#random.pick(ODD_IDS) : id;
  }

  /** The next free id of the counterpart's on a connection, nearly. */
  #theirs(connection: ConnectionModel | Id): Id {
    const isOdd = typeof connection === "object" ? connection.parity === "even" : this.#random.chance(0.5);
    return this.#id(this.#random.integer(0, 12) * 2 + (isOdd ? 1 : 2));
  }

  /** Channel ids that the counterpart has not used, the lowest ones, with a gap now and then. */
  #freshChannels(connection: ConnectionModel | Id, count: number): Id[] {
    const random = this.#random;
    if (typeof connection !== "object") return Array.from({ length: count }, () => random.pick(ODD_IDS));
    const ids: Id[] = [];
    for (let id = connection.parity === "even" ? 1 : 2; ids.length < count; id += 2) {
      if (connection.channels.has(id) || connection.endedChannels.has(id) || random.chance(0.1)) continue;
      ids.push(this.#id(id));
    }
    return ids;
  }

  /** A request id that is free. */
  #freshCall(connection: ConnectionModel | Id): Id {
    for (;;) {
      const id = this.#theirs(connection);
      if (typeof connection !== "object" || this.#isMean()) return id;
      if (!connection.handlers.has(id) && !connection.queue.has(id)) return id;
    }
  }

  #head(connection: ConnectionModel | Id): { connectionId: Id } {
    return { connectionId: typeof connection === "object" ? connection.id : connection };
  }

  #metadata(): Metadata {
    const random = this.#random;
    if (random.chance(0.85)) return Metadata.EMPTY;
    if (this.#isMean()) {
      const entries = Array.from(
        { length: random.integer(1, 6) },
        (_, at) => new MetadataEntry(`k${at}`, "v".repeat(20)),
      );
      return new Metadata(entries);
    }
    return new Metadata([new MetadataEntry("request-timeout-ms", BigInt(random.pick([0, 25, 50, 1_000])))]);
  }

  #call(connection: ConnectionModel | Id): Message {
    const random = this.#random;
    // Beyond the queue it would be the end.
    const { maxConcurrentRequests } = this.#model.limits;
    const isFull = typeof connection === "object" && connection.queue.size >= 2 * maxConcurrentRequests;
    if (isFull && !this.#isMean()) return this.#channelMessage(connection);
    const method = random.pick(METHOD_NAMES);
    const methodId = this.#isMean() ? BigInt(random.integer(0, 5)) : (METHOD_IDS.get(method) ?? 0n);
    const isSome = method !== "perhaps" || random.chance(0.7);
    const count = (isSome ? CHANNELS[method].length : 0) + (this.#isMean() ? random.integer(-1, 2) : 0);
    const channels = this.#freshChannels(connection, Math.max(0, count));
    const args =
      CHANNELS[method].length === 0
        ? u32Bytes(random.integer(0, 300))
        : Uint8Array.from(method === "perhaps" ? [isSome ? 1 : 0] : []);
    return {
      tag: "RequestCall",
      ...this.#head(connection),
      id: this.#freshCall(connection),
      methodLo: Number(methodId & 0xffff_ffffn),
      methodHi: Number(methodId >> 32n),
      channels,
      metadata: this.#metadata(),
      args: this.#isMean() ? random.bytes(random.integer(0, 6)) : args,
    };
  }

  #cancel(connection: ConnectionModel | Id): Message {
    const known =
      typeof connection === "object" ? [...connection.handlers.keys(), ...connection.queue.keys()] : [];
    const id = known.length === 0 ? this.#theirs(connection) : this.#id(this.#random.pick(known));
    return { tag: "RequestCancel", ...this.#head(connection), id, metadata: this.#metadata() };
  }

  #response(connection: ConnectionModel | Id): Message {
    const random = this.#random;
    const asked = typeof connection === "object" ? [...connection.calls.keys()] : [];
    // Without a call there is nothing to answer, except for those with malice.
    if (asked.length === 0 && !this.#isMean()) return this.#channelMessage(connection);
    const id = asked.length === 0 ? random.pick(ODD_IDS) : this.#id(random.pick(asked));
    const ret = random.pick([
      Uint8Array.of(0, ...u32Bytes(random.integer(0, 300))),
      Uint8Array.of(0, 7),
      Uint8Array.of(1, random.integer(1, 3)),
      Uint8Array.of(1, 0, 2, 0x6e, 0x6f),
      random.bytes(random.integer(0, 4)),
    ]);
    return {
      tag: "RequestResponse",
      ...this.#head(connection),
      id,
      channels: [],
      metadata: this.#metadata(),
      ret,
    };
  }

  #channelMessage(connection: ConnectionModel | Id): Message {
    const random = this.#random;
    const head = { ...this.#head(connection), ...this.#channelId(connection) };
    const { end } = head;
    const place = { connectionId: head.connectionId, id: head.id };
    const isSender = end instanceof SenderModel !== this.#isMean();
    const roll = random.integer(0, 9);
    // Out of credit a good sender waits.
    const isOutOfCredit = end !== undefined && !(end instanceof SenderModel) && end.outstanding === 0;
    if (isSender || (isOutOfCredit && !this.#isMean())) {
      if (roll < 7)
        return { tag: "ChannelGrantCredit", ...place, additional: random.pick([1, 2, 5, 0xffff_ffff, 0]) };
      return { tag: "ChannelReset", ...place, metadata: this.#metadata() };
    }
    if (roll < 7) {
      const item = this.#isMean() ? random.bytes(random.integer(0, 30)) : u32Bytes(random.integer(0, 300));
      return { tag: "ChannelItem", ...place, item };
    }
    if (roll < 9) return { tag: "ChannelClose", ...place, metadata: this.#metadata() };
    return { tag: "ChannelReset", ...place, metadata: this.#metadata() };
  }

  #channelId(connection: ConnectionModel | Id) {
    if (typeof connection !== "object") return { id: this.#theirs(connection), end: undefined };
    const known = [...connection.channels.values()];
    const { endedChannels } = connection;
    if (known.length > 0 && this.#random.chance(0.75)) {
      const end = this.#random.pick(known);
      return { id: this.#id(end.id), end };
    }
    if (endedChannels.size > 0 && this.#random.chance(0.3)) {
      return { id: this.#random.pick([...endedChannels]), end: undefined };
    }
    const [id = 0] = this.#freshChannels(connection, 1);
    return { id, end: undefined };
  }

  #connectionMessage(): Message {
    const random = this.#random;
    const model = this.#model;
    const settings = {
      parity: random.pick(["odd", "even"] as const),
      maxConcurrentRequests: random.integer(0, 3),
    };
    const [asked] = model.opening;
    if (asked !== undefined && random.chance(0.7)) {
      const [known, { parity }] = asked;
      const head = { connectionId: this.#id(known), metadata: this.#metadata() };
      if (random.chance(0.25)) return { tag: "ConnectionReject", ...head };
      const right = { ...settings, parity: parity === "odd" ? "even" : "odd" } as const;
      return { tag: "ConnectionAccept", ...head, settings: this.#isMean() ? settings : right };
    }
    const isOdd = model.options.parity === "even";
    if (random.chance(0.55)) {
      const connectionId = this.#id((model.opened + random.integer(0, 1)) * 2 + (isOdd ? 1 : 2));
      const decision = new MetadataEntry(DECISION_KEY, random.pick(["accept", "accept", "reject", "later"]));
      return { tag: "ConnectionOpen", connectionId, settings, metadata: new Metadata([decision]) };
    }
    const virtual = [...model.connections.keys(), ...model.undecided.keys()].filter((id) => id !== 0);
    if (virtual.length === 0 && !this.#isMean()) return this.#sessionMessage();
    const id = virtual.length === 0 ? random.pick(ODD_IDS) : this.#id(random.pick(virtual));
    return { tag: "ConnectionClose", connectionId: id, metadata: this.#metadata() };
  }

  #sessionMessage(): Message {
    const random = this.#random;
    const connectionId = this.#isMean() ? random.pick(ODD_IDS) : 0;
    const nonce = random.pick([0, 1, 300, 2n ** 64n - 1n]);
    const settings = { parity: random.pick(["odd", "even"] as const), maxConcurrentRequests: 1 };
    const metadata = this.#metadata();
    if (!this.#isMean()) return { tag: random.pick(["Ping", "Pong"]), connectionId, nonce };
    return random.pick<Message>([
      { tag: "Hello", connectionId, version: 7, settings, metadata },
      { tag: "HelloYourself", connectionId, settings, metadata },
      { tag: "ProtocolError", connectionId, description: "because" },
      { tag: "ConnectionAccept", connectionId, settings, metadata },
      { tag: "ConnectionReject", connectionId, metadata },
    ]);
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    const damaged = bytes.slice(0, random.chance(0.3) ? random.integer(0, bytes.length) : bytes.length);
    const flips = random.integer(0, 3);
    for (let flip = 0; flip < flips && damaged.length > 0; flip++) {
      damaged[random.integer(0, damaged.length - 1)] = random.integer(0, 255);
    }
    return damaged;
  }
}
