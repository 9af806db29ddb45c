import type { Role } from "../conduit/conduit.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { ConnectionSettings, Message, Parity } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";

/** The version that Hello carries. */
export const PROTOCOL_VERSION = 7;

export interface HandshakeOffer {
  /** The initiator's wish; an acceptor takes what is left. */
  readonly parity: Parity;
  readonly maxConcurrentRequests: number;
  readonly metadata: Metadata;
}

/** What both sides agreed on. */
export interface Established {
  /** Ours, for connection ids and on the root. */
  readonly parity: Parity;
  readonly counterpart: ConnectionSettings;
  readonly metadata: Metadata;
}

export type HandshakeStep =
  | { readonly kind: "established"; readonly established: Established; readonly reply?: Message }
  /** `isAnswered`: something was received, so the counterpart is told with a ProtocolError. */
  | { readonly kind: "failed"; readonly error: RoamError; readonly isAnswered: boolean };

export function otherParity(parity: Parity): Parity {
  return parity === "odd" ? "even" : "odd";
}

/** What the initiator says first. */
// r[impl session.handshake]
// r[impl session.connection-settings.hello]
export function firstMessage(offer: HandshakeOffer): Message {
  return {
    tag: "Hello",
    connectionId: 0,
    version: PROTOCOL_VERSION,
    settings: { parity: offer.parity, maxConcurrentRequests: offer.maxConcurrentRequests },
    metadata: offer.metadata,
  };
}

const ROOT_ONLY: ReadonlySet<Message["tag"]> = new Set(["Hello", "HelloYourself", "ProtocolError"]);

/** The first message received decides. Pure: what follows from it is in the result. */
export function onFirstMessage(role: Role, offer: HandshakeOffer, message: Message): HandshakeStep {
  if (message.connectionId !== 0 && ROOT_ONLY.has(message.tag))
    return refuse("session.message.connection-id", `${message.tag} on a connection other than 0`);
  if (message.tag === "ProtocolError") {
    const error = new RoamError("handshake", `the counterpart refused: ${message.description}`);
    return { kind: "failed", error, isAnswered: false };
  }
  return role === "initiator" ? onAnswer(offer, message) : onHello(offer, message);
}

function onAnswer(offer: HandshakeOffer, message: Message): HandshakeStep {
  if (message.tag !== "HelloYourself")
    return refuse("session.handshake", `expected HelloYourself, got ${message.tag}`);
  const { settings, metadata } = message;
  if (settings.parity === offer.parity)
    return refuse("session.parity", `both sides claim the ${offer.parity} ids`);
  return { kind: "established", established: { parity: offer.parity, counterpart: settings, metadata } };
}

function onHello(offer: HandshakeOffer, message: Message): HandshakeStep {
  if (message.tag !== "Hello") return refuse("session.handshake", `expected Hello, got ${message.tag}`);
  if (message.version !== PROTOCOL_VERSION) {
    return refuse("session.handshake", `version ${message.version}, expected ${PROTOCOL_VERSION}`);
  }
  const parity = otherParity(message.settings.parity);
  const reply: Message = {
    tag: "HelloYourself",
    connectionId: 0,
    settings: { parity, maxConcurrentRequests: offer.maxConcurrentRequests },
    metadata: offer.metadata,
  };
  return {
    kind: "established",
    established: { parity, counterpart: message.settings, metadata: message.metadata },
    reply,
  };
}

function refuse(rule: string, text: string): HandshakeStep {
  return { kind: "failed", error: new ProtocolError(rule, text), isAnswered: true };
}
