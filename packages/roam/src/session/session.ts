import type { CallPlaces } from "../call/call-places.ts";
import type { Handler } from "../call/handler.ts";
import type { Conduit, ConduitPermit, ConduitRx, ReplayStatus, Role } from "../conduit/conduit.ts";
import type { ConduitState } from "../conduit/conduit-state.ts";
import { Connection, type ConnectionHost } from "../connection/connection.ts";
import { ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { deferred } from "../internal/deferred.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import { Holder } from "../internal/held-bytes.ts";
import { Watched } from "../internal/watched.ts";
import type { Limits } from "../limits.ts";
import type { ConnectionMessage, Id, Message, Parity } from "../wire/message.ts";
import { checkMetadata, Metadata, type MetadataInit } from "../wire/metadata.ts";
import { ConnectionTable, type Route } from "./connection-table.ts";
import { creditBudget } from "./credit-budget.ts";
import { DetachedTime } from "./detached-time.ts";
import { endState, watchEnd } from "./end-state.ts";
import { InboundOpens } from "./inbound-opens.ts";
import { Keepalive } from "./keepalive-timer.ts";
import { linger } from "./linger.ts";
import { expectMetadataWithin, expectRoot } from "./message-rules.ts";
import { OutboundOpens, type RouteOptions } from "./outbound-opens.ts";
import type { Outbox } from "./outbox.ts";
import { RunningHandlers } from "./running-handlers.ts";
import type { SessionOptions } from "./session-options.ts";
import type { AcceptedConnection, SessionParts } from "./session-parts.ts";
import { type MethodCounter, type SessionStats, sessionStats } from "./session-stats.ts";
import type { TapPoint } from "./session-tap.ts";
import { type Stall, StallWatch } from "./stall-watch.ts";

/** Ends after which nothing that is queued can reach the counterpart. */
const UNREACHABLE: ReadonlySet<string> = new Set(["io", "keepalive", "session-lost", "too-large"]);

/** A negotiated relation of two peers on a conduit, with any number of connections. */
// r[impl session]
// r[impl session.peer]
// r[impl session.symmetry]
export class Session implements ConnectionHost {
  readonly role: Role;
  readonly peer: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly peerItemWindow?: number;
  readonly budget?: ConnectionHost["budget"];
  readonly callPlaces?: CallPlaces;
  /** @internal Those who look on. */
  readonly tap: TapPoint;
  /** @internal Set where calls are counted by their methods. */
  methodCounter: MethodCounter | undefined;
  readonly #options: SessionOptions;
  readonly #conduit: Conduit<Message>;
  readonly #rx: ConduitRx<Message>;
  readonly #outbox: Outbox;
  readonly #connections: ConnectionTable;
  readonly #opens: OutboundOpens;
  readonly #inbound: InboundOpens;
  readonly #keepalive: Keepalive | undefined;
  readonly #stall: StallWatch;
  /** Made for the first who watches. */
  #stalls: Watched<Stall | undefined> | undefined;
  readonly #held: Holder;
  readonly #ended = deferred<RoamError>();
  /** Who the counterpart is, as `authenticate` found; undefined without one. */
  readonly principal: unknown;
  readonly root: Connection;
  #end: RoamError | undefined;
  readonly #running = new RunningHandlers();
  #pauses = 0;
  readonly #detached = new DetachedTime();

  /** Use `establish`. */
  constructor(parts: SessionParts) {
    const { role, conduit, rx, outbox, established, options, limits, clock } = parts;
    this.principal = parts.principal;
    this.role = role;
    this.peer = conduit.peer;
    this.clock = clock;
    this.limits = limits;
    this.#options = options;
    this.#held = new Holder(options.heldBytes, (cause) => void this.#finish(cause));
    this.#conduit = conduit;
    this.#rx = rx;
    this.#outbox = outbox;
    this.tap = parts.tap;
    this.#connections = new ConnectionTable(established.parity);
    this.#opens = new OutboundOpens(this, { connections: this.#connections, outbox });
    this.#inbound = new InboundOpens(this, {
      connections: this.#connections,
      outbox,
      acceptor: options.acceptConnection,
    });
    if (options.peerItemWindow !== undefined) this.peerItemWindow = options.peerItemWindow;
    if (options.callPlaces !== undefined) this.callPlaces = options.callPlaces;
    if (options.adaptiveCredit !== false) {
      this.budget = creditBudget(limits, clock, () => this.#held.bytes);
    }
    this.root = new Connection(
      {
        id: 0,
        parity: established.parity,
        counterpart: established.counterpart,
        metadata: established.metadata,
        handler: options.handler,
        principal: parts.principal,
      },
      this,
    );
    // r[impl connection.root]
    this.#connections.add(0, this.root);
    if (options.keepalive !== undefined) {
      this.#keepalive = new Keepalive(options.keepalive, clock, {
        ping: (nonce) => this.#outbox.post({ tag: "Ping", connectionId: 0, nonce }),
        dropLink: () => this.dropLink("a Ping stayed unanswered"),
        dead: () => this.#finish(new RoamError("keepalive", "a Ping stayed unanswered")),
      });
    }
    this.#stall = new StallWatch(clock, limits, {
      onStalled: (forMs) => this.#onStalled(forMs),
      giveUp: (forMs) => this.#finish(new RoamError("io", `the counterpart has not read for ${forMs} ms`)),
    });
    conduit.links?.watch((state) => this.#onLinks(state));
  }

  /** What is with its links; `watch` tells of each change. */
  get state(): ConduitState {
    const { links } = this.#conduit;
    if (links !== undefined) return links.state;
    if (this.#end === undefined) return { kind: "connected", conduit: "bare" };
    return endState(this.#end);
  }

  /** @returns what stops it */
  // r[impl session.x.conduit-detach]
  watch(onState: (state: ConduitState) => void): () => void {
    const { links } = this.#conduit;
    if (links !== undefined) return links.watch(onState);
    return watchEnd(this.ended, onState);
  }

  /** Tells of a counterpart that does not read, as `onStalled` does. @returns what stops it */
  watchStalls(onStalled: (stall: Stall) => void): () => void {
    this.#stalls ??= new Watched<Stall | undefined>(undefined);
    return this.#stalls.watch((stall) => stall && onStalled(stall));
  }

  /** What is kept for replay; undefined on a bare conduit. */
  get replay(): ReplayStatus | undefined {
    return this.#conduit.links?.replay;
  }

  /**
   * Gives the current link up, for one who knows that it is of no use any more; a stable conduit
   * goes on with the next one.
   *
   * @returns false if there is none to give up, or it is the only one
   */
  dropLink(reason: string): boolean {
    return this.#conduit.links?.drop(reason) ?? false;
  }

  /** Without a link no Pong can come. */
  #onLinks({ kind }: ConduitState): void {
    const isDetached = kind === "detached";
    if (this.#detached.set(isDetached, this.clock.nowMs())) this.#keepalive?.pause(isDetached);
    this.#stall.hasLink = !isDetached;
  }

  /** Resolves once, with why the session ended: code `closed` for an orderly end. */
  get ended(): Promise<RoamError> {
    return this.#ended.promise;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Virtual connections alive. */
  get virtualConnections(): number {
    return this.#connections.virtualCount;
  }

  /** Those that end here, the root first; not those that are passed on. */
  get connections(): Connection[] {
    return [...this.#connections.all()].filter((route) => route instanceof Connection);
  }

  /** No new calls are taken any more. */
  get isDraining(): boolean {
    return this.#inbound.isDraining;
  }

  /** Handlers that have not settled, on all connections. */
  get running(): number {
    return this.#running.count;
  }

  /** Bytes received that wait here: items that nobody took, calls in line. */
  get bufferedBytes(): number {
    return this.#held.bytes;
  }

  /** Messages, calls and items that wait until something can be sent. */
  get waitingToSend(): number {
    return this.#outbox.queuedControls + this.#outbox.waitingSenders;
  }

  /** Round trip of the last keepalive Ping (ms). */
  get roundTripMs(): number | undefined {
    return this.#keepalive?.roundTripMs;
  }

  /** How it stands, and what has passed through it. */
  stats(): SessionStats {
    const { times } = this.#detached;
    const detached = { times, ms: this.#detached.ms(this.clock.nowMs()) };
    return sessionStats(this, detached, this.methodCounter);
  }

  /**
   * Opens a virtual connection.
   *
   * @param options.parity ours there, for request and channel ids (default odd)
   * @param options.maxConcurrentRequests taken and announced there (default: the session's limit)
   * @throws RoamError `rejected`, with the counterpart's metadata in `cause`; `too-large` above
   *   the limit of connections; what the session died of; the signal's reason
   */
  // r[impl rpc.virtual-connection.open]
  // r[impl connection.virtual]
  async openConnection(
    options: {
      handler?: Handler;
      metadata?: MetadataInit;
      parity?: Parity;
      maxConcurrentRequests?: number;
      signal?: AbortSignal;
    } = {},
  ): Promise<Connection> {
    const { handler, parity = "odd", maxConcurrentRequests, signal } = options;
    const make = (accepted: AcceptedConnection) =>
      new Connection(
        { ...accepted, parity, handler, maxConcurrentRequests, principal: this.principal },
        this,
      );
    return this.openRoute({ ...options, parity }, make, signal);
  }

  /**
   * Opens a virtual connection whose messages go to a route of the caller's making.
   *
   * @throws as `openConnection`
   */
  async openRoute<R extends Route>(
    options: RouteOptions,
    make: (accepted: AcceptedConnection) => R,
    signal?: AbortSignal,
  ): Promise<R> {
    if (this.#end !== undefined) throw this.#end;
    try {
      return await this.#opens.open(options, make, signal);
    } catch (error) {
      this.#endIfUnused();
      throw error;
    }
  }

  /**
   * Ends a virtual connection: nothing is sent or taken there any more.
   *
   * @throws TypeError for the root: close the session instead
   */
  // r[impl connection.close]
  closeConnection(id: Id, options: { metadata?: MetadataInit } = {}): void {
    if (id === 0) throw new TypeError("the root lives as long as its session: close the session");
    const route = this.#connections.get(id);
    if (route === undefined || this.#end !== undefined) return;
    const metadata = Metadata.from(options.metadata);
    checkMetadata(metadata, this.limits);
    // First of all, for what fails now may close it again: a proxy does.
    this.#connections.removeClosedHere(id);
    this.#outbox.post({ tag: "ConnectionClose", connectionId: id, metadata });
    route.fail(new RoamError("closed", "the connection was closed here"));
    this.#endIfUnused();
  }

  /** Ends the session in order: what was sent arrives, calls in flight fail with `closed`. */
  async close(): Promise<void> {
    void this.#finish(new RoamError("closed", "the session was closed here"));
    await this.ended;
  }

  /**
   * Takes no new calls, waits for those being served, then closes.
   *
   * @param options.timeoutMs longest wait; after it, handlers are aborted
   */
  async drain(options: { timeoutMs: number }): Promise<void> {
    this.#inbound.isDraining = true;
    for (const connection of this.connections) connection.drain();
    // Those who watch our health are told before it ends.
    await new Promise<void>(atEndOfTurn);
    if (this.#end === undefined) await this.#running.untilNone(this.clock, options.timeoutMs);
    await this.close();
  }

  post(message: ConnectionMessage, onDone?: (error?: unknown) => void): void {
    this.#outbox.post(message, onDone);
  }

  tryPost(message: ConnectionMessage): boolean {
    return this.#outbox.tryPost(message);
  }

  trySend(message: ConnectionMessage): boolean {
    return this.#outbox.trySend(message);
  }

  tryReserve(): ConduitPermit<Message> | undefined {
    return this.#outbox.tryReserve();
  }

  reserve(signal?: AbortSignal): Promise<ConduitPermit<Message>> {
    return this.#outbox.reserve(signal);
  }

  onBuffered(deltaBytes: number): void {
    this.#held.add(deltaBytes);
  }

  onRunning(delta: 1 | -1): void {
    this.#running.add(delta);
  }

  onLimit(limit: keyof Limits, connectionId?: Id): void {
    this.tap.current?.limited(limit, connectionId);
  }

  onHandlerError(error: unknown, call: { readonly service: string; readonly method: string }): void {
    this.tap.current?.handlerFailed(error, call);
    this.#options.onHandlerError?.(error, call);
  }

  // r[impl rpc.caller.liveness.last-drop-closes-connection]
  // r[impl rpc.caller.liveness.root-internal-close]
  onUnused(connection: Connection): void {
    if (connection.connectionId !== 0) this.closeConnection(connection.connectionId);
    else this.#endIfUnused();
  }

  // r[impl rpc.caller.liveness.root-teardown-condition]
  #endIfUnused(): void {
    const isUsed = this.#options.keepAlive || !this.root.isUnused;
    if (!isUsed && this.#connections.virtualCount === 0 && this.#opens.size === 0) void this.close();
  }

  /**
   * Stops and starts reading, for who passes messages on to a slower peer; calls nest. The
   * counterpart cannot answer a Ping meanwhile, and is not asked to.
   */
  pauseReading(isPaused: boolean): void {
    this.#keepalive?.pause(isPaused);
    this.onPressure(isPaused);
  }

  /** @internal The counterpart does not read what it is sent (true), or does again. */
  onPressure(isPaused: boolean): void {
    this.#pauses += isPaused ? 1 : -1;
    if (isPaused && this.#pauses === 1) this.#rx.pause();
    if (!isPaused && this.#pauses === 0) this.#rx.resume();
  }

  /** @internal Somebody waits here for the counterpart to read (true), or it did (false). */
  onBlocked(isBlocked: boolean): void {
    if (this.#end === undefined) this.#stall.isBlocked = isBlocked;
  }

  #onStalled(forMs: number): void {
    const { queuedControls: waitingControls, waitingSenders } = this.#outbox;
    const stall = { forMs, waitingControls, waitingSenders };
    this.#options.onStalled?.(stall, this);
    this.#stalls?.set(stall);
  }

  /** @internal The next message after the handshake. */
  receive(message: Message): void {
    if (this.#end !== undefined) return;
    this.tap.current?.received(message);
    try {
      this.#route(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.onViolation(error);
    }
  }

  /** @internal Nothing can reach the counterpart any more. */
  abandon(cause: RoamError): void {
    void this.#finish(cause);
  }

  /** @internal The conduit will bring no more. */
  onConduitEnd(cause?: RoamError): void {
    if (cause?.code === "decode" || cause?.code === "too-large") {
      this.onViolation(
        new ProtocolError(
          cause.code === "decode" ? "session.message.payloads" : "session.x.limits",
          cause.reason,
          { cause },
        ),
      );
    } else void this.#finish(cause ?? new RoamError("closed", "the counterpart closed the session"));
  }

  #route(message: Message): void {
    expectMetadataWithin(message, this.limits);
    switch (message.tag) {
      case "Ping":
        expectRoot(message);
        return this.#outbox.post({ tag: "Pong", connectionId: 0, nonce: message.nonce });
      case "Pong":
        expectRoot(message);
        return this.#keepalive?.onPong(message.nonce);
      case "Hello":
      case "HelloYourself":
        throw new ProtocolError("session.handshake", `${message.tag} after the handshake`);
      case "ProtocolError":
        expectRoot(message);
        void this.#finish(new ProtocolError("", `the counterpart reports: ${message.description}`));
        return;
      case "ConnectionOpen":
        return this.#inbound.onOpen(message);
      case "ConnectionAccept":
        return this.#opens.onAccept(message);
      case "ConnectionReject":
        this.#opens.onReject(message);
        return this.#endIfUnused();
      case "ConnectionClose":
        return this.#onClose(message);
      default:
        return this.#onConnectionMessage(message);
    }
  }

  #onConnectionMessage(message: ConnectionMessage): void {
    const route = this.#connections.get(message.connectionId);
    if (route !== undefined) route.onMessage(message);
    else this.#connections.onStray(message, this.#options.isStrict ?? false);
  }

  #onClose({ connectionId: id }: Extract<Message, { tag: "ConnectionClose" }>): void {
    if (id === 0) throw new ProtocolError("connection.root", "the root was closed");
    if (this.#opens.has(id)) {
      throw new ProtocolError("connection.open", `connection ${id} was closed before it was accepted`);
    }
    const wasClosed = this.#connections.wasClosedThere(id);
    if (wasClosed || !this.#connections.isKnown(id)) {
      if (!this.#options.isStrict) return;
      const rule = wasClosed ? "connection.close.semantics" : "connection";
      throw new ProtocolError(rule, `a close of connection ${id}, which was closed or never was`);
    }
    const route = this.#connections.removeClosedThere(id);
    route?.fail(new RoamError("closed", "the counterpart closed the connection"));
    this.#endIfUnused();
  }

  /** The counterpart broke a rule: it is told, and the session is over. */
  // r[impl session.protocol-error]
  onViolation(error: ProtocolError): void {
    if (this.#end !== undefined) return;
    this.#outbox.post({
      tag: "ProtocolError",
      connectionId: 0,
      description: `${error.rule}: ${error.reason}`,
    });
    void this.#finish(error);
  }

  /** Settles everything, once, whatever the reason. */
  // r[impl session.x.teardown]
  async #finish(cause: RoamError): Promise<void> {
    if (this.#end !== undefined) return;
    this.#end = cause;
    this.#keepalive?.stop();
    this.#stall.stop();
    for (const route of this.#connections.clear()) route.fail(cause);
    this.#opens.fail(cause);
    this.#inbound.fail(cause);
    this.#held.close();
    this.#running.release();
    if (UNREACHABLE.has(cause.code)) this.#outbox.fail(cause);
    else await linger(this.#outbox, cause, this.clock, this.#conduit.links);
    this.#conduit.destroy(cause);
    this.#ended.resolve(cause);
  }
}
