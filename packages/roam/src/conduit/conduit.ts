import type { Reader, Schema, Writer } from "roam-postcard";
import type { RoamError } from "../errors.ts";
import type { ConduitState } from "./conduit-state.ts";

/** Who speaks first in a session. Decided when a session is set up, not by the conduit. */
// r[impl conduit.x.role]
// r[impl session.role]
export type Role = "initiator" | "acceptor";

/** The one type of values that a conduit carries, with its codec. */
// r[impl conduit.typeplan]
// r[impl conduit.x.msg-family]
export interface MessageFamily<M> {
  readonly schema: Schema<unknown>;
  /** Appends the bytes of one message; what it refers to may be the caller's own memory. */
  readonly encode: (writer: Writer, message: M) => void;
  /** One message from its payload; it may refer to the payload, and to the reader itself. */
  readonly decode: (reader: Reader) => M;
  /**
   * Items of a stable conduit's own: `ack` and `close` fill frames that repeat a number, `solicit`
   * makes a peer answer. A family without them sends no such frames.
   */
  readonly fillers?: { readonly ack: M; readonly close: M; readonly solicit?: M };
}

/** A transport of values of one type: a link with an encoding. Split it once, then use the halves. */
// r[impl zerocopy.framing]
// r[impl zerocopy.framing.conduit]
// r[impl conduit]
export interface Conduit<M> {
  readonly peer: string;
  /** @throws TypeError the second time */
  split(): { readonly tx: ConduitTx<M>; readonly rx: ConduitRx<M> };
  /** Ends both directions at once. */
  destroy(cause?: RoamError): void;
  /** Where links are replaced. */
  readonly links?: ReplaceableLinks;
}

/** The links of a conduit that outlives them. */
export interface ReplaceableLinks {
  readonly state: ConduitState;
  /** @returns what stops it */
  watch(onState: (state: ConduitState) => void): () => void;
  readonly replay: ReplayStatus;
  /**
   * Gives the current link up; the conduit goes on with the next one.
   *
   * @returns false if there is none
   */
  drop(reason: string): boolean;
}

/** What a conduit keeps for replay, by the numbers of its frames. */
export interface ReplayStatus {
  /** Last number sent; undefined before the first. */
  readonly sent: number | undefined;
  /** Last of them that the peer has acknowledged. */
  readonly acked: number | undefined;
  /** Last number received. */
  readonly received: number | undefined;
  /** Items kept. */
  readonly frames: number;
  /** Their bytes. */
  readonly bytes: number;
}

/** Sending half. `reserve` is the only place that waits. */
export interface ConduitTx<M> {
  /** Largest item taken (bytes). */
  maxPayloadBytes: number;
  /**
   * Resolves with the right to send one item. Waiters are served in call order; aborting
   * leaves the line.
   *
   * @throws RoamError what the conduit died of, or `closed`
   */
  reserve(options?: { signal?: AbortSignal }): Promise<ConduitPermit<M>>;
  /** `reserve` without the wait: undefined where it would wait. */
  tryReserve(): ConduitPermit<M> | undefined;
  /**
   * `tryReserve` and `send` in one step, for items that are many and small.
   *
   * @returns false where `reserve` would wait: nothing was sent
   * @throws what a permit's `send` throws
   */
  trySend(item: M): boolean;
  /** For answers that let the peer acknowledge: admitted past the bound, where there is one. */
  tryReservePastBound?(): ConduitPermit<M> | undefined;
  /** Delivers everything sent, then ends the outbound direction. The inbound one goes on. */
  close(): Promise<void>;
}

/** The right to send exactly one item. Disposing it unused gives it back. */
export interface ConduitPermit<M> extends Disposable {
  /**
   * Encodes and hands over in this turn, so that no wait can lose the item.
   *
   * @throws RoamError `encode` or `too-large`: nothing was sent, the conduit stays usable
   * @throws TypeError if the permit is spent
   */
  send(item: M): void;
  release(): void;
}

/** A received value, together with the bytes that it may refer to. */
// r[impl zerocopy.backing]
export interface Received<M> extends Disposable {
  readonly value: M;
  readonly backing: Uint8Array;
  /** Gives the backing up, where it is not the garbage collector's (shared memory). */
  release(): void;
}

/** Receiving half: pushed by `start`, or pulled by `recv`; not both. */
export interface ConduitRx<M> {
  maxPayloadBytes: number;
  /**
   * Starts the flow of items, each with the payload that it may refer to. `onEnd` is called once: bare after a graceful close, else with
   * the cause (`decode`, `io`, `too-large`, …).
   */
  start(onItem: (item: M, payload: Reader) => void, onEnd: (cause?: RoamError) => void): void;
  pause(): void;
  resume(): void;
  /**
   * The next item, or null once the peer has closed, and null ever after. One at a time.
   * Aborting loses nothing.
   *
   * @throws RoamError the cause, again and again, when the conduit failed
   */
  recv(options?: { signal?: AbortSignal }): Promise<Received<M> | null>;
}

/** Yields inbound conduits, one at a time. */
export interface ConduitAcceptor<M> {
  /** @throws RoamError `closed` when the listener is gone */
  accept(options?: { signal?: AbortSignal }): Promise<Conduit<M>>;
  close(): Promise<void>;
}
