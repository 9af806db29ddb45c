import type { CallOutcome, TraceEvent } from "roam/trace";

/** Kinds of events by their numbers in a column. */
export const KINDS = [
  "session",
  "end",
  "link",
  "message",
  "call-begin",
  "call-end",
  "stall",
  "permit-wait",
  "round-trip",
  "limit",
  "error",
  "sample",
  "dropped",
] as const satisfies readonly TraceEvent["kind"][];

export const kindNumber = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as Record<
  TraceEvent["kind"],
  number
>;

/** Outcomes by their numbers; those from `FIRST_TROUBLE` on are told from afar. */
export const OUTCOMES = [
  "ok",
  "cancelled",
  "error",
  "unknown-method",
  "invalid-payload",
  "indeterminate",
  "lost",
] as const satisfies readonly CallOutcome[];
export const FIRST_TROUBLE = 2;

/** What a message does to a channel; everything else is 0. */
export const CHANNEL_TAGS = [
  "",
  "ChannelItem",
  "ChannelClose",
  "ChannelReset",
  "ChannelGrantCredit",
] as const;
export const ITEM = 1;
