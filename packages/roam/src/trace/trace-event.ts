import type { WaitCause } from "../session/session-waits.ts";

/** Version of the form of events, and of the lines of a trace. */
export const TRACE_VERSION = 1;

/** An id as JSON has it: digits where a number would not be exact. */
export type TraceId = number | string;

/** What is known of every event. */
interface Traced {
  /** Since the trace began (ms, with fractions). */
  readonly t: number;
  /** Which session, counted from 1. */
  readonly session: number;
}

/** A session is there: its handshake is over, or the trace joined it later. */
export interface SessionEvent extends Traced {
  readonly kind: "session";
  readonly role: "initiator" | "acceptor";
  readonly peer: string;
  readonly conduit: "bare" | "stable";
  /** True if it was there before the trace. */
  readonly isJoined: boolean;
  /** What is served here on the root; missing for nothing. */
  readonly service?: string;
  /** Calls that each side takes in flight on the root. */
  readonly maxConcurrentRequests: { readonly here: number; readonly there: number };
  readonly metadata: readonly TraceMetadata[];
}

/** The session is over; in order, unless there is a code. */
export interface EndEvent extends Traced {
  readonly kind: "end";
  readonly code?: string;
  readonly reason?: string;
  /** The protocol rule that was broken. */
  readonly rule?: string;
}

/** What is with the session's link, as `ConduitState` has it. */
export interface LinkEvent extends Traced {
  readonly kind: "link";
  readonly state: "connecting" | "connected" | "detached" | "resumed" | "exhausting" | "lost" | "closed";
  readonly reason?: string;
  /** Of a detached one: attempts so far, and until the next (ms). */
  readonly attempt?: number;
  readonly nextDelayMs?: number;
  /** Of a resumed one: items that were sent again. */
  readonly replayed?: number;
  /** Of an exhausting one: items until the numbers run out. */
  readonly framesLeft?: number;
}

/** An entry of metadata; a value marked SENSITIVE is not there. */
export interface TraceMetadata {
  readonly key: string;
  /** Text as it is, numbers as digits, bytes as base64. */
  readonly value?: string;
  readonly isRedacted?: true;
}

/** A message passed, at the time at which it was sent or came. */
export interface MessageEvent extends Traced {
  readonly kind: "message";
  readonly direction: "in" | "out";
  /** Name of the message, as the protocol has it: `RequestCall`, `ChannelItem`, … */
  readonly tag: string;
  readonly connection: TraceId;
  /** Of the request, or of the channel. */
  readonly id?: TraceId;
  /** Of a `RequestCall`: `Service.method` where it is known here, else 16 hexadecimal digits. */
  readonly method?: string;
  /** Of the channels in the arguments. */
  readonly channels?: readonly TraceId[];
  /** Of the payload: arguments, answer or item (bytes). */
  readonly bytes?: number;
  /** The payload, as base64: only where the trace asks for payloads, and up to their limit. */
  readonly payload?: string;
  /** Of a `ChannelGrantCredit`: items. */
  readonly additional?: number;
  /** Of an item sent: units of credit left. */
  readonly credit?: number;
  /** Of the frame it came in, on a stable conduit: its number, and what it acknowledged. */
  readonly seq?: number;
  readonly ack?: number;
  readonly metadata?: readonly TraceMetadata[];
}

/** A call was sent (caller), or came (handler). */
export interface CallBeginEvent extends Traced {
  readonly kind: "call-begin";
  readonly side: "caller" | "handler";
  readonly connection: TraceId;
  readonly id: TraceId;
  readonly method: string;
  readonly channels?: readonly TraceId[];
}

/** How a call ended: its answer, or what stood in its place. */
export type CallOutcome =
  | "ok"
  /** The method's own error. */
  | "error"
  | "unknown-method"
  | "invalid-payload"
  | "cancelled"
  | "indeterminate"
  /** The connection was over first. */
  | "lost";

export interface CallEndEvent extends Traced {
  readonly kind: "call-end";
  readonly side: "caller" | "handler";
  readonly connection: TraceId;
  readonly id: TraceId;
  readonly method: string;
  readonly outcome: CallOutcome;
  /** Since its `call-begin` (ms). */
  readonly ms: number;
}

/** Something that waits. */
export interface Wait {
  readonly connection: TraceId;
  /** A channel, a call, or all that a session has to send. */
  readonly what: "channel" | "call" | "session";
  /** Of the channel or the call; missing where several wait in one line. */
  readonly id?: TraceId;
  /** Where it is known. */
  readonly method?: string;
  readonly cause: WaitCause;
  /** So far (ms); of samples, so exact as they are frequent. */
  readonly ms: number;
  /** How many wait there: sends, items, calls. */
  readonly count: number;
}

/** Something has waited for longer than `stallMs`; told again when that is over. */
export interface StallEvent extends Traced, Wait {
  readonly kind: "stall";
  readonly isOver: boolean;
}

/** Somebody waited for a permit to send (ms). */
export interface PermitWaitEvent extends Traced {
  readonly kind: "permit-wait";
  readonly ms: number;
}

/** A keepalive Ping was answered. */
export interface RoundTripEvent extends Traced {
  readonly kind: "round-trip";
  readonly ms: number;
}

/** A limit was reached, and what it says was done. */
export interface LimitEvent extends Traced {
  readonly kind: "limit";
  /** Its name in `Limits`: `maxQueuedCalls`, `maxQueuedControls`, … */
  readonly limit: string;
  readonly connection?: TraceId;
}

/** Something failed that is nobody's answer: a rule was broken, a handler threw, a message could not be sent. */
export interface ErrorEvent extends Traced {
  readonly kind: "error";
  readonly code: string;
  readonly reason: string;
  readonly rule?: string;
  readonly connection?: TraceId;
  readonly method?: string;
}

/** One channel in a sample. */
export interface ChannelSample {
  readonly connection: TraceId;
  readonly id: TraceId;
  /** Items go out, or come in. */
  readonly direction: "in" | "out";
  /** Items so far. */
  readonly items: number;
  /** Units left to the sender, as known here. */
  readonly credit: number;
  /** Sends that wait (out), items not taken (in), and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
}

/** How it stands, every `sampleMs`. */
export interface SampleEvent extends Traced {
  readonly kind: "sample";
  /** Calls sent and not answered, and those that wait to be sent. */
  readonly inFlight: number;
  readonly queued: number;
  /** Calls being served, and those that wait for their turn. */
  readonly running: number;
  readonly waiting: number;
  /** Received and not taken: items, calls in line (bytes). */
  readonly bufferedBytes: number;
  /** Kept until it is acknowledged. */
  readonly replayItems: number;
  readonly replayBytes: number;
  /** Last number sent and last one acknowledged, on a stable conduit. */
  readonly sent?: number;
  readonly acked?: number;
  /** Of the last keepalive Ping (ms). */
  readonly roundTripMs?: number;
  readonly channels: readonly ChannelSample[];
  readonly waits: readonly Wait[];
}

/** Events that were not told, for whoever reads them was too slow. */
export interface DroppedEvent extends Traced {
  readonly kind: "dropped";
  readonly count: number;
}

export type TraceEvent =
  | SessionEvent
  | EndEvent
  | LinkEvent
  | MessageEvent
  | CallBeginEvent
  | CallEndEvent
  | StallEvent
  | PermitWaitEvent
  | RoundTripEvent
  | LimitEvent
  | ErrorEvent
  | SampleEvent
  | DroppedEvent;

/** The first line of a trace as JSON lines; each further line is a `TraceEvent`. */
export interface TraceHead {
  readonly roamTrace: typeof TRACE_VERSION;
  /** Program and its version. */
  readonly madeBy: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  /** A schema document of the services in it, for payloads. */
  readonly schema?: unknown;
}
