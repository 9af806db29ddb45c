import type { ConnectionMessage, ConnectionOpen, Id, Message, Metadata, Parity } from "roam/wire";
import { Metadata as EmptyMetadata } from "roam/wire";
import { Violation } from "./channel-model.ts";
import {
  type CallModel,
  ConnectionModel,
  type ConnectionSurroundings,
  type HandlerModel,
  isOdd,
  type ModelLimits,
} from "./connection-model.ts";

export interface SessionModelLimits extends ModelLimits {
  readonly maxMetadataBytes: number;
  readonly maxMetadataEntries: number;
  readonly maxVirtualConnections: number;
}

/** What a session was set up with. */
export interface SessionModelOptions {
  readonly limits: SessionModelLimits;
  /** Ours. */
  readonly parity: Parity;
  readonly theirLimit: number;
  readonly isStrict: boolean;
}

/** Key of an open's metadata that says how the application decides. */
export const DECISION_KEY = "decide";
export type Decision = "accept" | "reject" | "later";

const ROOT_ONLY: ReadonlySet<string> = new Set(["Ping", "Pong", "ProtocolError"]);

export function otherParity(parity: Parity): Parity {
  return parity === "odd" ? "even" : "odd";
}

/** How a session ended: by a broken rule, or with a code. */
export type ModelEnd = { readonly rule: string } | { readonly code: string };

/** A session as the contract has it, from the handshake on. */
export class SessionModel implements ConnectionSurroundings {
  readonly options: SessionModelOptions;
  readonly connections = new Map<Id, ConnectionModel>();
  /** Opens of the counterpart that the application thinks about. */
  readonly undecided = new Map<Id, ConnectionOpen>();
  /** Opens of ours without an answer: with their numbers. */
  readonly opening = new Map<Id, { readonly number: number; readonly parity: Parity }>();
  readonly #closedHere = new Set<Id>();
  readonly #closedThere = new Set<Id>();
  readonly handlers: HandlerModel[] = [];
  readonly calls: CallModel[] = [];
  #nextConnectionId: number;
  #numbers = 0;
  #nowMs = 0;
  end: ModelEnd | undefined;
  /** What is expected of the step under way. */
  readonly messages: Message[] = [];
  readonly events: string[] = [];

  constructor(options: SessionModelOptions) {
    this.options = options;
    this.#nextConnectionId = options.parity === "odd" ? 1 : 2;
    this.connections.set(0, new ConnectionModel(0, options.parity, options.theirLimit, this));
  }

  get limits(): SessionModelLimits {
    return this.options.limits;
  }

  out(message: Message): void {
    this.messages.push(message);
  }

  tell(event: string): void {
    this.events.push(event);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  nextCall(): number {
    return ++this.#numbers;
  }

  started(handler: HandlerModel): void {
    this.handlers.push(handler);
    this.tell(`${handler.number} started ${handler.method}`);
  }

  /** The counterpart says something. */
  receive(message: Message): void {
    if (this.end === undefined) this.#keepingRules(() => this.#route(message));
  }

  /** The counterpart sends what is no message. */
  receiveGarbage(): void {
    if (this.end === undefined) this.#violated("session.message.payloads");
  }

  #keepingRules(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violated(error.rule);
    }
  }

  #violated(rule: string): void {
    this.out({ tag: "ProtocolError", connectionId: 0, description: rule });
    this.#finish({ rule }, "protocol-error");
  }

  #finish(end: ModelEnd, code: string): void {
    this.end = end;
    for (const connection of this.connections.values()) connection.fail(code);
    for (const { number } of this.opening.values()) this.tell(`${number} ${code}`);
    this.opening.clear();
  }

  /** Either side hangs up in order. */
  finishClosed(): void {
    if (this.end === undefined) this.#finish({ code: "closed" }, "closed");
  }

  #route(message: Message): void {
    if ("metadata" in message) this.#checkMetadata(message.metadata);
    const { connectionId: id } = message;
    if (ROOT_ONLY.has(message.tag) && id !== 0) throw new Violation("session.message.connection-id");
    switch (message.tag) {
      case "Ping":
        return this.out({ tag: "Pong", connectionId: 0, nonce: message.nonce });
      case "Pong":
        return;
      case "ProtocolError":
        return this.#finish({ code: "protocol-error" }, "protocol-error");
      case "Hello":
      case "HelloYourself":
        throw new Violation("session.handshake");
      case "ConnectionOpen":
        return this.#onOpen(message);
      case "ConnectionAccept":
        return this.#onAccept(id, message.settings.parity, message.settings.maxConcurrentRequests);
      case "ConnectionReject":
        return this.tell(`${this.#answered(id)} rejected`);
      case "ConnectionClose":
        return this.#onClose(id);
      default:
        return this.#onConnectionMessage(message);
    }
  }

  #checkMetadata(metadata: Metadata): void {
    const entries = [...metadata];
    const size = entries.reduce(
      (sum, { key, value }) => sum + key.length + (typeof value === "bigint" ? 10 : value.length),
      0,
    );
    if (entries.length > this.limits.maxMetadataEntries || size > this.limits.maxMetadataBytes) {
      throw new Violation("session.x.limits");
    }
  }

  /** An index above those of all ids that the counterpart has opened, in steps of 2. */
  get opened(): number {
    const ids = [
      ...this.connections.keys(),
      ...this.undecided.keys(),
      ...this.#closedHere,
      ...this.#closedThere,
    ];
    const theirs = ids.filter((id) => id !== 0 && isOdd(id) !== (this.options.parity === "odd"));
    return theirs.reduce<number>(
      (most, id) => (id < 1_000 ? Math.max(most, Math.ceil(Number(id) / 2)) : most),
      0,
    );
  }

  get #virtualCount(): number {
    return this.connections.size - 1 + this.undecided.size;
  }

  #onOpen(open: ConnectionOpen): void {
    const { connectionId: id, metadata } = open;
    const isUsed = this.connections.has(id) || this.undecided.has(id) || this.#isOver(id);
    if (id === 0 || isOdd(id) === (this.options.parity === "odd") || isUsed) {
      throw new Violation("connection.open");
    }
    this.undecided.set(id, open);
    const decision = metadata.get(DECISION_KEY);
    if (this.#virtualCount > this.limits.maxVirtualConnections) return this.decide(id, "reject");
    if (decision === "later") this.tell(`asked for ${id}`);
    else this.decide(id, decision === "accept" ? "accept" : "reject");
  }

  /** The application answers an open; too late if it was closed meanwhile. */
  decide(id: Id, decision: "accept" | "reject"): void {
    const open = this.undecided.get(id);
    if (open === undefined || this.end !== undefined) return;
    this.undecided.delete(id);
    const metadata = EmptyMetadata.EMPTY;
    if (decision === "reject") {
      this.#closedHere.add(id);
      return this.out({ tag: "ConnectionReject", connectionId: id, metadata });
    }
    const parity = otherParity(open.settings.parity);
    const theirLimit = open.settings.maxConcurrentRequests;
    this.connections.set(id, new ConnectionModel(id, parity, theirLimit, this));
    const { maxConcurrentRequests } = this.limits;
    const settings = { parity, maxConcurrentRequests };
    this.out({ tag: "ConnectionAccept", connectionId: id, settings, metadata });
    this.tell(`opened ${id}`);
  }

  /** The application opens a connection. */
  open(parity: Parity): void {
    const number = this.nextCall();
    if (this.#virtualCount + this.opening.size + 1 > this.limits.maxVirtualConnections) {
      return this.tell(`${number} too-large`);
    }
    const connectionId = this.#nextConnectionId;
    this.#nextConnectionId += 2;
    this.opening.set(connectionId, { number, parity });
    const { maxConcurrentRequests } = this.limits;
    const settings = { parity, maxConcurrentRequests };
    this.out({ tag: "ConnectionOpen", connectionId, settings, metadata: EmptyMetadata.EMPTY });
  }

  #onAccept(id: Id, theirs: Parity, theirLimit: number): void {
    const open = this.opening.get(id);
    if (open?.parity === theirs) throw new Violation("session.connection-settings.open");
    const number = this.#answered(id);
    const { parity } = open as { parity: Parity };
    this.connections.set(id, new ConnectionModel(id, parity, theirLimit, this));
    this.tell(`${number} opened ${id}`);
  }

  /** @returns the number of the open that is answered */
  #answered(id: Id): number {
    const open = this.opening.get(id);
    if (open === undefined) throw new Violation("connection.open");
    this.opening.delete(id);
    return open.number;
  }

  #isOver(id: Id): boolean {
    return this.#closedHere.has(id) || this.#closedThere.has(id);
  }

  #onClose(id: Id): void {
    if (id === 0) throw new Violation("connection.root");
    if (this.opening.has(id)) throw new Violation("connection.open");
    const isKnown = this.connections.has(id) || this.undecided.has(id) || this.#isOver(id);
    if (this.#closedThere.has(id) || !isKnown) {
      if (!this.options.isStrict) return;
      throw new Violation(isKnown ? "connection.close.semantics" : "connection");
    }
    this.#closedThere.add(id);
    this.undecided.delete(id);
    this.#drop(id);
  }

  #drop(id: Id): void {
    const connection = this.connections.get(id);
    this.connections.delete(id);
    connection?.fail("closed");
  }

  /** The application closes a virtual connection. */
  close(id: Id): void {
    if (!this.connections.has(id)) return;
    this.#closedHere.add(id);
    this.out({ tag: "ConnectionClose", connectionId: id, metadata: EmptyMetadata.EMPTY });
    this.#drop(id);
  }

  #onConnectionMessage(message: ConnectionMessage): void {
    const { connectionId: id } = message;
    const connection = this.connections.get(id);
    if (connection !== undefined) return connection.onMessage(message);
    if (this.undecided.has(id)) throw new Violation("connection.open");
    if (!this.options.isStrict || (this.#closedHere.has(id) && !this.#closedThere.has(id))) return;
    throw new Violation(this.#closedThere.has(id) ? "connection.close.semantics" : "connection");
  }

  /** A handler settles, which may serve others that wait. */
  settle(handler: HandlerModel, how: "ok" | "user" | "throw"): void {
    this.handlers.splice(this.handlers.indexOf(handler), 1);
    this.#keepingRules(() => handler.connection.settle(handler, how));
  }

  /** Time goes on: calls whose time is over are answered, the earliest first. */
  pass(ms: number): void {
    this.#nowMs += ms;
    const late = [...this.connections.values()]
      .flatMap(({ handlers }) => [...handlers.values()])
      .filter(({ deadlineMs = Number.POSITIVE_INFINITY }) => deadlineMs <= this.#nowMs)
      .sort((a, b) => (a.deadlineMs ?? 0) - (b.deadlineMs ?? 0) || a.number - b.number);
    for (const handler of late) handler.connection.cancel(handler);
  }

  /** What the step led to, and forgets it. */
  take(): { readonly messages: readonly Message[]; readonly events: readonly string[] } {
    return { messages: this.messages.splice(0), events: this.events.splice(0) };
  }
}
