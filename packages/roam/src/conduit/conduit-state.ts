import type { RoamErrorCode } from "../errors.ts";

/** What an application can be told of a conduit's links. */
export type ConduitState =
  | { readonly kind: "connecting" }
  /** The first link is there. On "bare" there will be no other one. */
  | { readonly kind: "connected"; readonly conduit: "stable" | "bare" }
  | {
      readonly kind: "detached";
      readonly reason: string;
      /** Attempts made since the link was lost. */
      readonly attempt: number;
      /** Until the next attempt (ms); undefined where the peer is the one to come back. */
      readonly nextDelayMs: number | undefined;
    }
  /** `replayed` items had to be sent again. */
  | { readonly kind: "resumed"; readonly replayed: number }
  /** The numbers run out: after `framesLeft` more items the session ends. */
  | { readonly kind: "exhausting"; readonly framesLeft: number }
  | { readonly kind: "lost"; readonly reason: LostReason | RoamErrorCode }
  | { readonly kind: "closed" };

/** Why a stable session cannot go on. */
export type LostReason =
  | "rejected" // the server does not know the resume key
  | "peer-state" // the peer is not the one that held the session
  | "gap" // the peer cannot send what is missing
  | "ack" // the peer acknowledges what was never sent
  | "timeout" // no link within the total time
  | "expired" // the server kept the session long enough
  | "evicted" // the server had no room for it
  | "sequence-exhausted"; // the numbers are used up and the peer cannot wrap
