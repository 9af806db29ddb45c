import type { ConduitPermit } from "../conduit/conduit.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Session } from "../session/session.ts";
import type { SessionTap } from "../session/session-tap.ts";
import { waitsOf } from "../session/session-waits.ts";
import type { Id, Message, RequestCancel, RequestResponse } from "../wire/message.ts";
import { addTap } from "./add-tap.ts";
import { ConnectionTrace, type Side } from "./connection-trace.ts";
import { inMicroseconds } from "./in-microseconds.ts";
import { measure, outcomeOf } from "./measured-body.ts";
import { sampleOf } from "./session-sample.ts";
import { TappedPermit } from "./tapped-permit.ts";
import type { CallBeginEvent, CallOutcome, MessageEvent, TraceEvent } from "./trace-event.ts";
import { describe, type MessageDraft, traceId } from "./trace-message.ts";
import { traceMetadata } from "./trace-metadata.ts";
import { type SeenWait, WaitWatch } from "./wait-watch.ts";

/** An event without what is added to each of them. */
type BareEvent = TraceEvent extends infer E
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
  /** What its events call it, and the time from which theirs are counted. */
  readonly number: number;
  readonly originMs: number;
  readonly emit: (event: TraceEvent) => void;
}

/** The same limit is told so often at most (ms). */
const LIMIT_EVERY_MS = 100;
/** A call that is due, in shares. */
const WHOLE = 2 ** 20;
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
  readonly #isAll: boolean;
  /** Calls told that have not ended. */
  #begun = 0;
  /** Share of the calls that are told, and of the next one that is due: whole numbers, of `WHOLE`. */
  readonly #share: number;
  #due = 0;
  /** The connection that was looked up last: mostly the next one, too. */
  #lastId: Id | undefined;
  #last: ConnectionTrace | undefined;
  #ping: { readonly nonce: Id; readonly sentMs: number } | undefined;
  #isOver = false;

  constructor(session: Session, isJoined: boolean, options: SessionTraceOptions) {
    this.#session = session;
    this.#options = options;
    this.#isAll = options.sample >= 1;
    this.#share = Math.round(options.sample * WHOLE);
    this.#waits = new WaitWatch(options.stallMs);
    const { root, role, peer, replay, limits, state } = session;
    this.#emit({
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

  sending(message: Message): boolean {
    const isTold = this.#wants(message, "out");
    if (isTold) measure(message);
    return isTold;
  }

  sent(message: Message): void {
    const { replay } = this.#session;
    this.#tell(message, "out", replay?.sent, replay?.received);
    if (message.tag === "Ping") this.#ping = { nonce: message.nonce, sentMs: this.#nowMs };
  }

  received(message: Message): void {
    if (!this.#wants(message, "in")) return;
    const { replay } = this.#session;
    this.#tell(message, "in", replay?.received, replay?.acked);
    if (message.tag !== "Pong" || message.nonce !== this.#ping?.nonce) return;
    this.#emit({ kind: "round-trip", ms: this.#since(this.#ping.sentMs) });
    this.#ping = undefined;
  }

  // Asked for every message: of those that are not told, nothing may be looked up.
  #wants(message: Message, direction: "in" | "out"): boolean {
    switch (message.tag) {
      case "RequestCall":
        return this.#isCallDue() && !this.#of(message.connectionId).isLeftOut;
      case "RequestResponse":
        return this.#wantsCall(message, direction === "in" ? "caller" : "handler");
      case "RequestCancel":
        return this.#wantsCall(message, direction === "in" ? "handler" : "caller");
      case "ChannelItem":
      case "ChannelClose":
      case "ChannelReset":
      case "ChannelGrantCredit":
        return this.#wantsChannel(message);
      default:
        return true;
    }
  }

  #wantsCall({ connectionId, id }: RequestResponse | RequestCancel, side: Side): boolean {
    if (!this.#isAll && this.#begun === 0) return false;
    const { isLeftOut, calls } = this.#of(connectionId);
    return !isLeftOut && (this.#isAll || calls[side].has(id));
  }

  #wantsChannel({ connectionId, id }: { readonly connectionId: Id; readonly id: Id }): boolean {
    const { isLeftOut, channels } = this.#of(connectionId);
    return !isLeftOut && (this.#isAll || channels.has(id));
  }

  #isCallDue(): boolean {
    this.#due += this.#share;
    if (this.#due < WHOLE) return false;
    this.#due -= WHOLE;
    return true;
  }

  #of(id: Id): ConnectionTrace {
    if (this.#last !== undefined && id === this.#lastId) return this.#last;
    let known = this.#connections.get(id);
    if (known === undefined) {
      known = new ConnectionTrace(this.#session.connections.find((one) => one.connectionId === id));
      this.#connections.set(id, known);
    }
    this.#lastId = id;
    this.#last = known;
    return known;
  }

  // There are more of these than of all others: they are written in one piece, without copies.
  #tell(message: Message, direction: "in" | "out", seq: number | undefined, ack: number | undefined): void {
    const { connectionId, tag } = message;
    const trace = this.#of(connectionId);
    const t = this.#t;
    const { number: session, payloadBytes } = this.#options;
    const event: MessageDraft = {
      t,
      session,
      kind: "message",
      direction,
      tag,
      connection: traceId(connectionId),
    };
    describe(event, message, payloadBytes);
    if (tag === "RequestCall")
      event.method = trace.nameOf(direction === "out" ? "caller" : "handler", message);
    if (tag === "ChannelItem" && direction === "out") {
      const credit = creditAfter(trace, message.id);
      if (credit !== undefined) event.credit = credit;
    }
    if (seq !== undefined) event.seq = seq;
    if (ack !== undefined) event.ack = ack;
    this.#options.emit(event);
    this.#follow(message, direction, trace, event);
  }

  /** What the message begins and ends. */
  #follow(
    message: Message,
    direction: "in" | "out",
    trace: ConnectionTrace,
    { t, session, connection, id, method, channels }: MessageEvent,
  ): void {
    switch (message.tag) {
      case "RequestCall": {
        const side = direction === "out" ? "caller" : "handler";
        trace.begin(side, message, method as string, this.#nowMs);
        this.#begun++;
        const begin = { t, session, kind: "call-begin", side, connection, id, method } as CallBeginEvent;
        this.#options.emit(channels === undefined ? begin : { ...begin, channels });
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
    this.#begun--;
    this.#options.emit({
      t: this.#t,
      session: this.#options.number,
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
    this.#last = undefined;
  }

  // ---- the rest

  waiting(): () => void {
    if (!this.#isCallDue()) return () => {};
    const sinceMs = this.#nowMs;
    return () => {
      if (!this.#isOver) this.#emit({ kind: "permit-wait", ms: this.#since(sinceMs) });
    };
  }

  limited(limit: keyof Limits, connectionId?: Id): void {
    const nowMs = this.#nowMs;
    if (nowMs - (this.#limits.get(limit) ?? Number.NEGATIVE_INFINITY) < LIMIT_EVERY_MS) return;
    this.#limits.set(limit, nowMs);
    const connection = connectionId === undefined ? {} : { connection: traceId(connectionId) };
    this.#emit({ kind: "limit", limit, ...connection });
  }

  handlerFailed(error: unknown, { service, method }: { service: string; method: string }): void {
    this.#emit({
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
    this.#emit({ kind: "link", state: kind, ...Object.fromEntries(told) });
  }

  #onEnd(cause: RoamError): void {
    if (this.#isOver) return;
    for (const id of [...this.#connections.keys()]) this.#endConnection(id);
    this.#reportWaits([]);
    const isOrderly = cause.code === "closed";
    const rule = cause instanceof ProtocolError && cause.rule !== "" ? { rule: cause.rule } : {};
    this.#emit({
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
    this.#emit(sampleOf(this.#session, this.#reportWaits(this.#seenWaits())));
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
    for (const wait of stalled) this.#emit({ kind: "stall", ...wait, isOver: false });
    for (const wait of over) this.#emit({ kind: "stall", ...wait, isOver: true });
    return waits;
  }

  #emit(event: BareEvent): void {
    this.#options.emit({ t: this.#t, session: this.#options.number, ...event } as TraceEvent);
  }

  get #t(): number {
    return this.#since(this.#options.originMs);
  }

  #since(ms: number): number {
    return inMicroseconds(this.#nowMs - ms);
  }

  get #nowMs(): number {
    return this.#session.clock.nowMs();
  }
}

// An item is told before its unit of credit is spent.
function creditAfter({ connection }: ConnectionTrace, id: Id): number | undefined {
  const credit = connection?.channels.statusOf(id)?.credit;
  return credit === undefined ? undefined : Math.max(0, credit - 1);
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
