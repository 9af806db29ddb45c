import type { ConduitPermit } from "../conduit/conduit.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Session } from "../session/session.ts";
import type { SessionTap } from "../session/session-tap.ts";
import { waitsOf } from "../session/session-waits.ts";
import type { Id, Message } from "../wire/message.ts";
import { addTap } from "./add-tap.ts";
import { ConnectionTrace, type Side } from "./connection-trace.ts";
import { inMicroseconds } from "./in-microseconds.ts";
import { measured, outcomeOf } from "./measured-body.ts";
import { TappedPermit } from "./tapped-permit.ts";
import type { CallOutcome, TraceEvent } from "./trace-event.ts";
import { messageParts, traceId } from "./trace-message.ts";
import { traceMetadata } from "./trace-metadata.ts";
import { type SeenWait, WaitWatch } from "./wait-watch.ts";

/** An event without what is added to each of them. */
export type BareEvent = TraceEvent extends infer E
  ? E extends TraceEvent
    ? Omit<E, "t" | "session">
    : never
  : never;

export interface SessionTraceOptions {
  /** Share of the calls that are told, with all that belongs to them. */
  readonly sample: number;
  readonly sampleMs: number;
  readonly stallMs: number;
  readonly payloadBytes: number;
  readonly emit: (event: BareEvent) => void;
}

/** The same limit is told so often at most (ms). */
const LIMIT_EVERY_MS = 100;
/** Calls under way that one look tells of. */
const MOST_CALLS_IN_A_LOOK = 64;
/** Answers that say that no handler has seen the call. */
const NEVER_SERVED: ReadonlySet<CallOutcome> = new Set(["unknown-method", "invalid-payload"]);

/** Tells of one session. */
export class SessionTrace implements SessionTap {
  readonly #session: Session;
  readonly #options: SessionTraceOptions;
  readonly #connections = new Map<Id, ConnectionTrace>();
  readonly #waits: WaitWatch;
  readonly #limits = new Map<string, number>();
  readonly #stops: (() => void)[] = [];
  #stopTimer: () => void = () => {};
  /** Share of the next call that is due. */
  #due = 0;
  /** Whether the message that is being sent is told. */
  #isTaken = false;
  #ping: { readonly nonce: Id; readonly sentMs: number } | undefined;
  #isOver = false;

  constructor(session: Session, isJoined: boolean, options: SessionTraceOptions) {
    this.#session = session;
    this.#options = options;
    this.#waits = new WaitWatch(options.stallMs);
    const { root, role, peer, replay, limits, state } = session;
    options.emit({
      kind: "session",
      role,
      peer,
      conduit: replay === undefined ? "bare" : "stable",
      isJoined,
      ...(root.service !== undefined && { service: root.service }),
      maxConcurrentRequests: {
        here: limits.maxConcurrentRequests,
        there: root.counterpart.maxConcurrentRequests,
      },
      metadata: traceMetadata(root.metadata),
    });
    this.#onState(state);
    this.#stops.push(addTap(session.tap, this));
    this.#stops.push(session.watch((changed) => this.#onState(changed)));
    void session.ended.then((cause) => this.#onEnd(cause));
    this.#arm();
  }

  /** Tells no more. */
  stop(): void {
    this.#isOver = true;
    this.#stopTimer();
    for (const stop of this.#stops.splice(0)) stop();
  }

  // ---- messages

  permit(permit: ConduitPermit<Message>): ConduitPermit<Message> {
    return new TappedPermit(permit, this);
  }

  sending(message: Message): Message {
    this.#isTaken = this.#wants(message, "out");
    if (!this.#isTaken) return message;
    switch (message.tag) {
      case "RequestCall":
        return { ...message, args: measured(message.args) };
      case "RequestResponse":
        return { ...message, ret: measured(message.ret) };
      case "ChannelItem":
        return { ...message, item: measured(message.item) };
      default:
        return message;
    }
  }

  sent(message: Message): void {
    if (!this.#isTaken) return;
    const { replay } = this.#session;
    const numbers = replay && { seq: replay.sent, ack: replay.received };
    this.#tell(message, "out", numbers);
    if (message.tag === "Ping") this.#ping = { nonce: message.nonce, sentMs: this.#nowMs };
  }

  received(message: Message): void {
    if (!this.#wants(message, "in")) return;
    const { replay } = this.#session;
    const numbers = replay && { seq: replay.received, ack: replay.acked };
    this.#tell(message, "in", numbers);
    if (message.tag !== "Pong" || message.nonce !== this.#ping?.nonce) return;
    this.#options.emit({ kind: "round-trip", ms: this.#since(this.#ping.sentMs) });
    this.#ping = undefined;
  }

  #wants(message: Message, direction: "in" | "out"): boolean {
    switch (message.tag) {
      case "RequestCall":
        return !this.#of(message.connectionId).isLeftOut && this.#isCallDue();
      case "RequestResponse":
        return this.#wantsCall(message.connectionId, direction === "in" ? "caller" : "handler", message.id);
      case "RequestCancel":
        return this.#wantsCall(message.connectionId, direction === "in" ? "handler" : "caller", message.id);
      case "ChannelItem":
      case "ChannelClose":
      case "ChannelReset":
      case "ChannelGrantCredit": {
        const { isLeftOut, channels } = this.#of(message.connectionId);
        return !isLeftOut && (this.#options.sample >= 1 || channels.has(message.id));
      }
      default:
        return true;
    }
  }

  #wantsCall(connectionId: Id, side: Side, id: Id): boolean {
    const { isLeftOut, calls } = this.#of(connectionId);
    return !isLeftOut && (this.#options.sample >= 1 || calls[side].has(id));
  }

  #isCallDue(): boolean {
    const { sample } = this.#options;
    if (sample >= 1) return true;
    this.#due += sample;
    if (this.#due < 1) return false;
    this.#due--;
    return true;
  }

  #of(id: Id): ConnectionTrace {
    let known = this.#connections.get(id);
    if (known === undefined) {
      known = new ConnectionTrace(this.#session.connections.find((one) => one.connectionId === id));
      this.#connections.set(id, known);
    }
    return known;
  }

  #tell(
    message: Message,
    direction: "in" | "out",
    numbers: { readonly seq: number | undefined; readonly ack: number | undefined } | undefined,
  ): void {
    const { emit, payloadBytes } = this.#options;
    const parts = messageParts(message, payloadBytes);
    const { seq, ack } = numbers ?? {};
    const trace = this.#of(message.connectionId);
    const method =
      message.tag === "RequestCall"
        ? trace.nameOf(direction === "out" ? "caller" : "handler", message)
        : undefined;
    const credit =
      message.tag === "ChannelItem" && direction === "out" ? this.#creditAfter(trace, message.id) : undefined;
    emit({
      kind: "message",
      direction,
      ...parts,
      ...(method !== undefined && { method }),
      ...(credit !== undefined && { credit }),
      ...(seq !== undefined && { seq }),
      ...(ack !== undefined && { ack }),
    });
    this.#follow(message, direction, trace, method);
  }

  // An item is told before its unit of credit is spent.
  #creditAfter({ connection }: ConnectionTrace, id: Id): number | undefined {
    const credit = connection?.channels.statusOf(id)?.credit;
    return credit === undefined ? undefined : Math.max(0, credit - 1);
  }

  /** What the message begins and ends. */
  #follow(
    message: Message,
    direction: "in" | "out",
    trace: ConnectionTrace,
    method: string | undefined,
  ): void {
    switch (message.tag) {
      case "RequestCall": {
        const side = direction === "out" ? "caller" : "handler";
        trace.begin(side, message, method as string, this.#nowMs);
        const { channels } = message;
        this.#options.emit({
          kind: "call-begin",
          side,
          connection: traceId(message.connectionId),
          id: traceId(message.id),
          method: method as string,
          ...(channels.length > 0 && { channels: channels.map(traceId) }),
        });
        return;
      }
      case "RequestResponse":
        return this.#endCall(message, direction === "in" ? "caller" : "handler", outcomeOf(message.ret));
      case "ChannelClose":
      case "ChannelReset":
        trace.channels.delete(message.id);
        return;
      case "ConnectionClose":
      case "ConnectionReject":
        return this.#endConnection(message.connectionId);
    }
  }

  #endCall(
    { connectionId, id }: { readonly connectionId: Id; readonly id: Id },
    side: Side,
    outcome: CallOutcome,
  ): void {
    const call = this.#of(connectionId).end(side, id, !NEVER_SERVED.has(outcome));
    if (call === undefined) return;
    this.#options.emit({
      kind: "call-end",
      side,
      connection: traceId(connectionId),
      id: traceId(id),
      method: call.method,
      outcome,
      ms: this.#since(call.beginMs),
    });
  }

  #endConnection(connectionId: Id): void {
    const { calls } = this.#of(connectionId);
    for (const side of ["caller", "handler"] as const) {
      for (const id of [...calls[side].keys()]) this.#endCall({ connectionId, id }, side, "lost");
    }
    this.#connections.delete(connectionId);
  }

  // ---- the rest

  waiting(): () => void {
    if (!this.#isCallDue()) return () => {};
    const sinceMs = this.#nowMs;
    return () => {
      if (!this.#isOver) this.#options.emit({ kind: "permit-wait", ms: this.#since(sinceMs) });
    };
  }

  limited(limit: keyof Limits, connectionId?: Id): void {
    const nowMs = this.#nowMs;
    if (nowMs - (this.#limits.get(limit) ?? Number.NEGATIVE_INFINITY) < LIMIT_EVERY_MS) return;
    this.#limits.set(limit, nowMs);
    const connection = connectionId === undefined ? {} : { connection: traceId(connectionId) };
    this.#options.emit({ kind: "limit", limit, ...connection });
  }

  handlerFailed(error: unknown, { service, method }: { service: string; method: string }): void {
    this.#options.emit({
      kind: "error",
      code: error instanceof RoamError ? error.code : "handler",
      reason: error instanceof Error ? error.message : String(error),
      method: `${service}.${method}`,
    });
  }

  #onState({ kind, ...rest }: Session["state"]): void {
    if (this.#isOver) return;
    // On a bare conduit the link is the session, and its end is told as that.
    const { conduit: _, ...known } = rest as { readonly conduit?: string };
    const told = Object.entries(known).filter(([, value]) => value !== undefined);
    this.#options.emit({ kind: "link", state: kind, ...Object.fromEntries(told) });
  }

  #onEnd(cause: RoamError): void {
    if (this.#isOver) return;
    for (const id of [...this.#connections.keys()]) this.#endConnection(id);
    this.#reportWaits([]);
    const isOrderly = cause.code === "closed";
    const rule = cause instanceof ProtocolError && cause.rule !== "" ? { rule: cause.rule } : {};
    this.#options.emit({
      kind: "end",
      ...(!isOrderly && { code: cause.code, reason: cause.reason }),
      ...rule,
    });
    this.stop();
  }

  #arm(): void {
    const { sampleMs } = this.#options;
    if (sampleMs === 0) return;
    this.#stopTimer = this.#session.clock.after(sampleMs, () => {
      this.#lookAround();
      if (!this.#isOver) this.#arm();
    });
  }

  #lookAround(): void {
    const session = this.#session;
    const { replay, roundTripMs, bufferedBytes } = session;
    const connections = session.connections.filter((one) => !one.isServedToTheEnd);
    const sum = (count: (connection: (typeof connections)[number]) => number) =>
      connections.reduce((total, one) => total + count(one), 0);
    const waits = this.#reportWaits(this.#seenWaits());
    this.#options.emit({
      kind: "sample",
      inFlight: sum(({ caller }) => caller.inFlight),
      queued: sum(({ caller }) => caller.queued),
      running: sum(({ dispatcher }) => dispatcher.running),
      waiting: sum(({ dispatcher }) => dispatcher.queued),
      bufferedBytes,
      replayItems: replay?.frames ?? 0,
      replayBytes: replay?.bytes ?? 0,
      ...(replay?.sent !== undefined && { sent: replay.sent }),
      ...(replay?.acked !== undefined && { acked: replay.acked }),
      ...(roundTripMs !== undefined && { roundTripMs }),
      channels: connections.flatMap(({ connectionId, channels }) =>
        channels.statuses.map(({ id, isWanted: _, ...status }) => ({
          connection: traceId(connectionId),
          id: traceId(id),
          ...status,
        })),
      ),
      waits,
    });
  }

  /** What waits now: calls one by one, where they are told at all. */
  *#seenWaits(): Generator<SeenWait> {
    for (const { connection, what, id, cause, count } of waitsOf(this.#session)) {
      if (cause === "answer" || cause === "handler") continue;
      const method =
        id === undefined ? undefined : this.#connections.get(connection)?.channels.get(id)?.method;
      yield {
        connection: traceId(connection),
        what,
        ...(id !== undefined && { id: traceId(id) }),
        ...(method !== undefined && { method }),
        cause,
        count,
      };
    }
    for (const [connectionId, { calls }] of this.#connections) {
      yield* callWaits(connectionId, calls.caller, "answer");
      yield* callWaits(connectionId, calls.handler, "handler");
    }
  }

  #reportWaits(seen: Iterable<SeenWait>) {
    const { waits, stalled, over } = this.#waits.look(seen, this.#nowMs);
    for (const wait of stalled) this.#options.emit({ kind: "stall", ...wait, isOver: false });
    for (const wait of over) this.#options.emit({ kind: "stall", ...wait, isOver: true });
    return waits;
  }

  #since(ms: number): number {
    return inMicroseconds(this.#nowMs - ms);
  }

  get #nowMs(): number {
    return this.#session.clock.nowMs();
  }
}

/** The oldest calls of one side. One with channels lasts as long as they do: its channels tell why. */
function* callWaits(
  connectionId: Id,
  calls: ConnectionTrace["calls"][Side],
  cause: "answer" | "handler",
): Generator<SeenWait> {
  let left = MOST_CALLS_IN_A_LOOK;
  for (const [id, { method, channels }] of calls) {
    if (left-- === 0) return;
    if (channels.length > 0) continue;
    yield { connection: traceId(connectionId), what: "call", id: traceId(id), method, cause, count: 1 };
  }
}
