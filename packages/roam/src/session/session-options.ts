import type { CallPlaces } from "../call/call-places.ts";
import type { OnHandlerError } from "../call/dispatcher.ts";
import type { Handler } from "../call/handler.ts";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../internal/clock.ts";
import type { HeldBytes } from "../internal/held-bytes.ts";
import type { Limits } from "../limits.ts";
import type { ConnectionSettings, Id, Parity } from "../wire/message.ts";
import type { Metadata, MetadataInit } from "../wire/metadata.ts";
import type { Route } from "./connection-table.ts";
import type { KeepaliveOptions } from "./keepalive.ts";
import type { Session } from "./session.ts";
import type { Stall } from "./stall-watch.ts";

/** A virtual connection that the counterpart wants to open. */
export interface ConnectionRequest {
  readonly id: Id;
  readonly settings: ConnectionSettings;
  readonly metadata: Metadata;
  readonly session: Session;
  readonly peer: string;
  /** Who asks: the session's, or what `authenticate` returned for this connection. */
  readonly principal: unknown;
  /** Aborts when there was time enough to decide, or the session is over. */
  readonly signal: AbortSignal;
}

/** Opens the same connection elsewhere and joins the two. */
export type Forward = (
  near: Session,
  offered: { readonly id: Id; readonly settings: ConnectionSettings; readonly metadata: Metadata },
  answer: {
    /** False when the near peer has given up meanwhile. */
    isWaiting(): boolean;
    accepted(
      route: Route,
      far: { readonly maxConcurrentRequests: number; readonly metadata: Metadata },
    ): void;
    rejected(metadata: Metadata): void;
  },
) => void;

/** How an open is answered. */
export type ConnectionDecision =
  | {
      readonly accept: true;
      /** Undefined: nothing is served there, but calls can be made. */
      readonly handler?: Handler;
      readonly metadata?: MetadataInit;
      /** Calls taken there in flight, as announced (default: the session's limit). */
      readonly maxConcurrentRequests?: number;
      /** Who calls there (default: the session's principal). */
      readonly principal?: unknown;
      /** Called with the connection once it is open. */
      onOpen?(connection: Connection): void;
    }
  | { readonly accept: false; readonly metadata?: MetadataInit }
  /** Messages go on to another session, unread: see `forwardTo`. */
  | { readonly forward: Forward };

/** Decides about virtual connections. Without one, all are rejected. */
// r[impl rpc.virtual-connection.accept]
export type ConnectionAcceptor = (
  request: ConnectionRequest,
) => ConnectionDecision | Promise<ConnectionDecision>;

export interface SessionOptions {
  /** Serves the root connection. */
  readonly handler?: Handler;
  readonly acceptConnection?: ConnectionAcceptor;
  /** The initiator's wish for its ids (default odd). */
  readonly parity?: Parity;
  /** Goes with the handshake. */
  readonly metadata?: MetadataInit;
  readonly limits?: Partial<Limits>;
  /** Off unless given: published peers lose their place when their own is on. */
  readonly keepalive?: KeepaliveOptions;
  /** The session stays when nobody here uses its root any more: for servers. */
  readonly keepAlive?: boolean;
  /** Receivers grant ahead of consumers that keep up (default on); off, as published peers. */
  readonly adaptiveCredit?: boolean;
  /** Items of ours out at a time on one channel; 64 for published receivers with larger credit. */
  readonly peerItemWindow?: number;
  /** Messages on connections that never were, or were closed by their sender, end the session. */
  readonly isStrict?: boolean;
  readonly onHandlerError?: OnHandlerError;
  /** Something waits for a counterpart that does not read; it is given up after `limits.maxStallMs`. */
  readonly onStalled?: (stall: Stall, session: Session) => void;
  /** Looks on from the first message after the handshake: see `roam/trace`. */
  readonly trace?: { begin(session: Session): void };
  /**
   * Of an acceptor: who is there, by the metadata of its Hello; what it returns is the session's
   * principal. Nothing is served until then, and nothing at all if it throws.
   */
  readonly admit?: (hello: Metadata, signal: AbortSignal) => Promise<unknown>;
  /** @internal Where a server counts the handlers of all its sessions. */
  readonly callPlaces?: CallPlaces | undefined;
  /** @internal And what they hold. */
  readonly heldBytes?: HeldBytes | undefined;
  /** Aborts the handshake. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}
