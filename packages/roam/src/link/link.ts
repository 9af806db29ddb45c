import type { Reader, Writer } from "roam-postcard";
import type { RoamError } from "../errors.ts";
import type { PeerFacts } from "./peer-facts.ts";

/** A reliable, ordered, message-oriented pair of ends. Knows bytes, not meaning. */
// r[impl zerocopy.framing.link]
// r[impl link]
// r[impl link.split]
export interface Link {
  readonly tx: LinkTx;
  readonly rx: LinkRx;
  /** What is known of the far side, for people and logs: `tcp://10.0.0.7:4411`. */
  readonly peer: string;
  /** What is known of it for certain; nothing where a transport cannot tell. */
  readonly facts?: PeerFacts;
  /** Ends both directions at once; what was committed may be lost. `cause` reaches both halves. */
  destroy(cause?: RoamError): void;
}

/** Sending half. `reserve` is the only place that waits. */
export interface LinkTx {
  /** Largest payload taken (bytes). */
  maxPayloadBytes: number;
  /**
   * Resolves once the link can take one more payload. Waiters are served in call order;
   * aborting `signal` gives up the place and leaks nothing.
   *
   * @throws RoamError `closed` after `close()`, `io` when the link has died
   */
  reserve(options?: { signal?: AbortSignal }): Promise<LinkPermit>;
  /** `reserve` without the wait: undefined where it would wait, or the link has ended. */
  tryReserve(): LinkPermit | undefined;
  /**
   * `tryReserve` and `write` in one step, without a permit in between.
   *
   * @returns false where `reserve` would wait, or the link has ended: nothing was written
   * @throws what `write` throws
   */
  tryWrite<T>(value: T, encode: (writer: Writer, value: T) => void): boolean;
  /**
   * True: what `encode` has written stays as it is in the writer's buffer for as long as somebody
   * refers to it, so that a copy for replay is not needed. Other links may hand the buffer over.
   */
  readonly leavesBytes?: boolean;
  /** Resolves when every committed payload has been handed to the transport. */
  close(): Promise<void>;
}

/**
 * The right to send exactly one payload, spent by the first `alloc` or `write`.
 * Disposing it unused gives it back.
 */
export interface LinkPermit extends Disposable {
  /**
   * A slot of `length` writable bytes.
   *
   * @throws RoamError `too-large`; the permit is released and the link stays usable
   * @throws TypeError if the permit is spent
   */
  alloc(length: number): WriteSlot;
  /**
   * The slot whose size is not known before: `encode` writes the payload straight into the
   * outgoing buffer, and it is committed when `encode` returns. If it throws, nothing is sent.
   *
   * @throws RoamError `too-large`; the link stays usable
   */
  write<T>(value: T, encode: (writer: Writer, value: T) => void): void;
  release(): void;
}

/** Disposing a slot before `commit` discards it: nothing becomes visible. */
export interface WriteSlot extends Disposable {
  readonly bytes: Uint8Array;
  /** Publishes the bytes as they are now; later writes to them do not reach the peer. */
  commit(): void;
}

/** Receiving half: pushes whole payloads, in order, by a plain call. */
// r[impl zerocopy.backing.boxed]
export interface LinkRx {
  /** Largest payload taken (bytes); a larger one ends the link with `too-large`. */
  maxPayloadBytes: number;
  /**
   * Starts the flow. A payload comes as a reader that stands at its start, for it may lie in the
   * midst of a larger chunk; it is the receiver's to keep, nobody writes to it again.
   * `onEnd` is called once: bare after a graceful close, with the cause if the link died.
   *
   * @throws TypeError if called twice
   */
  start(onPayload: (payload: Reader) => void, onEnd: (cause?: RoamError) => void): void;
  /** Stop reading from the transport. Payloads already read may still arrive. */
  pause(): void;
  resume(): void;
}

/** Gives links that others opened to us. */
export interface Listener {
  /** The address in full, as one would dial it. */
  readonly address: string;
  /** Stops listening; links that exist live on. */
  close(): Promise<void>;
}
