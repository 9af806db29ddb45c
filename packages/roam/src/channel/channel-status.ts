import type { Id } from "../wire/message.ts";

/** How one end of a channel stands. */
export interface ChannelStatus {
  readonly id: Id;
  /** Items go out, or come in. */
  readonly direction: "in" | "out";
  /** Items sent, or received, so far. */
  readonly items: number;
  /** Units left to the sender; at its receiver, those that were granted and not used as far as is known there. */
  readonly credit: number;
  /** Sends that wait (out), or items that nobody has taken yet (in). */
  readonly waiting: number;
  /** Bytes of those items. */
  readonly waitingBytes: number;
  /** A reader waits for the next item. */
  readonly isWanted: boolean;
}
