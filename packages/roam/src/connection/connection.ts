import type { CallPlaces } from "../call/call-places.ts";
import { Caller } from "../call/caller.ts";
import type { OnHandlerError } from "../call/dispatcher.ts";
import { type Dispatching, NotServed } from "../call/dispatching.ts";
import type { Handler } from "../call/handler.ts";
import { ChannelTable } from "../channel/channel-table.ts";
import type { CreditBudget } from "../channel/credit.ts";
import type { MessageSink, SendPermit } from "../channel/message-sink.ts";
import { type ProtocolError, RoamError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { unreachable } from "../internal/unreachable.ts";
import type { Limits } from "../limits.ts";
import type { ConnectionMessage, ConnectionSettings, Id, Parity } from "../wire/message.ts";
import type { Metadata } from "../wire/metadata.ts";

/** What a connection is given by its session. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly peer: string;
  readonly onHandlerError: OnHandlerError;
  readonly peerItemWindow?: number;
  readonly budget?: CreditBudget;
  readonly callPlaces?: CallPlaces;
  post(message: ConnectionMessage, onDone?: (error?: unknown) => void): void;
  tryPost(message: ConnectionMessage): boolean;
  trySend(message: ConnectionMessage): boolean;
  tryReserve(): SendPermit | undefined;
  reserve(signal?: AbortSignal): Promise<SendPermit>;
  onBuffered(deltaBytes: number): void;
  onLimit(limit: keyof Limits, connectionId: Id): void;
  onRunning(delta: 1 | -1): void;
  onViolation(error: ProtocolError): void;
  /** Nobody uses the connection here any more. */
  onUnused(connection: Connection): void;
}

export interface ConnectionOptions {
  readonly id: Id;
  /** Ours on this connection, for request and channel ids. */
  readonly parity: Parity;
  readonly counterpart: ConnectionSettings;
  /** What came with the handshake, the open or the accept. */
  readonly metadata: Metadata;
  readonly handler: Handler | undefined;
  /** Who calls there. */
  readonly principal?: unknown;
  /** Calls we take in flight there, as announced; undefined: the session's limit. */
  readonly maxConcurrentRequests?: number | undefined;
}

/** A name space for calls and channels within a session. */
// r[impl rpc]
// r[impl connection]
// r[impl connection.parity]
export class Connection implements MessageSink {
  readonly connectionId: Id;
  readonly parity: Parity;
  readonly counterpart: ConnectionSettings;
  readonly metadata: Metadata;
  /** What is served there. */
  readonly handler: Handler | undefined;
  readonly clock: Clock;
  readonly caller: Caller;
  readonly channels: ChannelTable;
  readonly dispatcher: Dispatching;
  readonly #host: ConnectionHost;
  /** Caller handles and live channels: above zero the connection is wanted. */
  #uses = 0;
  /** A connection that never had a caller handle is served until the counterpart closes it. */
  #wasRetained = false;
  #failure: RoamError | undefined;
  /** Waits for a permit, to be turned away when the connection ends. */
  readonly #reserving = new Set<(error: unknown) => void>();

  constructor(options: ConnectionOptions, host: ConnectionHost) {
    const { clock } = host;
    const { maxConcurrentRequests = host.limits.maxConcurrentRequests } = options;
    const limits = { ...host.limits, maxConcurrentRequests };
    this.connectionId = options.id;
    this.parity = options.parity;
    this.counterpart = options.counterpart;
    this.metadata = options.metadata;
    this.handler = options.handler;
    this.clock = clock;
    this.#host = host;
    const onBuffered = (deltaBytes: number) => host.onBuffered(deltaBytes);
    this.channels = new ChannelTable({
      sink: this,
      parity: options.parity,
      maxChannels: limits.maxChannelsPerConnection,
      maxUnboundItems: Math.max(limits.minUnboundItems, options.handler?.maxCredit ?? 0),
      maxUnboundBytes: limits.maxUnboundBytes,
      ...(host.budget === undefined ? {} : { budget: host.budget }),
      ...(host.peerItemWindow === undefined ? {} : { peerItemWindow: host.peerItemWindow }),
      onBuffered,
      onLive: (delta) => this.#use(delta),
    });
    this.caller = new Caller({
      sink: this,
      channels: this.channels,
      parity: options.parity,
      maxConcurrentRequests: options.counterpart.maxConcurrentRequests,
      limits,
      clock,
    });
    const parts = { sink: this, channels: this.channels, parity: options.parity };
    this.dispatcher =
      options.handler?.dispatch({
        ...parts,
        limits,
        clock,
        peer: host.peer,
        principal: options.principal,
        // What tells how busy a server is must not wait for it.
        places: this.isServedToTheEnd || options.handler.isCarrier ? undefined : host.callPlaces,
        onHandlerError: (error, call) => host.onHandlerError(error, call),
        onBuffered,
        onRunning: this.isServedToTheEnd ? () => {} : (delta) => host.onRunning(delta),
        onViolation: (error) => host.onViolation(error),
      }) ?? new NotServed(parts);
  }

  get peer(): string {
    return this.#host.peer;
  }

  /** Name of the service that is served there. */
  get service(): string | undefined {
    return this.handler?.service.name;
  }

  /** Its calls ask about the others, and are none of those that one counts or waits for. */
  get isServedToTheEnd(): boolean {
    return this.handler?.isServedToTheEnd === true;
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Serves no new calls from now on, for the session winds up. */
  drain(): void {
    if (!this.isServedToTheEnd) this.dispatcher.drain();
  }

  /** One more handle that makes calls here. Pair with `release`. */
  // r[impl rpc.caller.liveness.refcounted]
  retain(): void {
    if (this.#failure !== undefined)
      throw new RoamError("closed", "the connection has ended", { cause: this.#failure });
    this.#wasRetained = true;
    this.#use(1);
  }

  /** Every handle that made calls here was given up, and no channel is left. */
  get isUnused(): boolean {
    return this.#wasRetained && this.#uses === 0;
  }

  release(): void {
    this.#use(-1);
  }

  #use(delta: 1 | -1): void {
    this.#uses += delta;
    if (this.#uses > 0 || !this.#wasRetained || this.#failure !== undefined) return;
    this.#host.onUnused(this);
  }

  post(message: ConnectionMessage, onDone?: (error?: unknown) => void): void {
    if (this.#failure === undefined) this.#host.post(message, onDone);
  }

  tryPost(message: ConnectionMessage): boolean {
    // Nobody is left to take it, which is as good as sent.
    return this.#failure !== undefined || this.#host.tryPost(message);
  }

  trySend(message: ConnectionMessage): boolean {
    return this.#failure === undefined && this.#host.trySend(message);
  }

  onLimit(limit: keyof Limits): void {
    this.#host.onLimit(limit, this.connectionId);
  }

  tryReserve(): SendPermit | undefined {
    return this.#failure === undefined ? this.#host.tryReserve() : undefined;
  }

  reserve(signal?: AbortSignal): Promise<SendPermit> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#reserving.add(reject);
      this.#host.reserve(signal).then(
        (permit) => {
          // The connection may have ended, and the session goes on: the permit is for others.
          if (this.#reserving.delete(reject)) resolve(permit);
          else permit.release();
        },
        (error: unknown) => {
          this.#reserving.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** @throws ProtocolError if the message breaks a rule */
  onMessage(message: ConnectionMessage): void {
    switch (message.tag) {
      case "RequestCall":
        return this.dispatcher.onCall(message);
      case "RequestResponse":
        return this.caller.onResponse(message);
      case "ChannelItem":
        return this.channels.onItem(message);
      case "ChannelGrantCredit":
        return this.channels.onGrant(message);
      case "ChannelClose":
        return this.channels.onClose(message);
      case "ChannelReset":
        return this.channels.onReset(message);
      case "RequestCancel":
        return this.dispatcher.onCancel(message);
      default:
        return unreachable(message);
    }
  }

  /** The connection is over: everything on it settles, once. */
  // r[impl connection.close.semantics]
  fail(cause: RoamError): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    for (const reject of this.#reserving) reject(cause);
    this.#reserving.clear();
    this.caller.fail(cause);
    this.channels.fail(cause);
    this.dispatcher.fail(cause);
  }
}
