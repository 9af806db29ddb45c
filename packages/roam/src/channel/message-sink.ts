import type { Limits } from "../limits.ts";
import type { ConnectionMessage, Id } from "../wire/message.ts";

/** The right to send one message. */
export interface SendPermit {
  send(message: ConnectionMessage): void;
  release(): void;
}

/** Where calls and channels of one connection put their messages. */
export interface MessageSink {
  readonly connectionId: Id;
  /**
   * For answers and control messages: goes out now, or ahead of all data as soon as the
   * conduit takes it. Never waits; on a dead connection it does nothing.
   *
   * @param onDone the message has left; with the error if it could not be encoded or is too
   *   large. Not called when the connection dies before.
   */
  post(message: ConnectionMessage, onDone?: (error?: unknown) => void): void;
  /**
   * `post` without the queue.
   *
   * @returns false where it would queue; nothing was sent then
   * @throws RoamError `encode` or `too-large`
   */
  tryPost(message: ConnectionMessage): boolean;
  /**
   * For calls and items: sends now if nobody waits.
   *
   * @returns false where `reserve` would wait
   * @throws RoamError `encode` or `too-large`
   */
  trySend(message: ConnectionMessage): boolean;
  /** A permit where `trySend` would send. */
  tryReserve(): SendPermit | undefined;
  /** @throws RoamError what the session died of */
  reserve(signal?: AbortSignal): Promise<SendPermit>;
  /** A limit was reached: for those who look on. */
  onLimit(limit: keyof Limits): void;
}
