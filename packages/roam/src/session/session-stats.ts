import type { ChannelStatus } from "../channel/channel-status.ts";
import type { ReplayStatus } from "../conduit/conduit.ts";
import type { ConduitState } from "../conduit/conduit-state.ts";
import type { Connection } from "../connection/connection.ts";
import type { Id } from "../wire/message.ts";
import type { Session } from "./session.ts";
import { type SessionWait, waitsOf } from "./session-waits.ts";

/** What became of the calls of one method, on one side of a connection, since they are counted. */
export interface MethodStats {
  /** `Service.method`, or its id as 16 hexadecimal digits. */
  readonly method: string;
  readonly side: "caller" | "handler";
  /** Calls that have begun. */
  readonly calls: number;
  /** Those of them under way. */
  readonly inFlight: number;
  /** Those of them that ended with an error of any kind, or not at all. */
  readonly failed: number;
  /** Of arguments, answers and items (bytes). */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Times from call to answer (ms); undefined before the first answer. */
  readonly latency: Latency | undefined;
}

/** Times of many calls (ms); each within 13 % of the true one. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface ConnectionStats {
  readonly connectionId: Id;
  /** What is served there. */
  readonly service: string | undefined;
  /** Calls that came, and those of them that failed, run and wait for their turn. */
  readonly received: number;
  readonly failed: number;
  readonly running: number;
  readonly queued: number;
  /** Calls that were made, and those of them without an answer. */
  readonly made: number;
  readonly unanswered: number;
  /** Calls that wait for the counterpart's limit. */
  readonly waiting: number;
  readonly channels: readonly ChannelStatus[];
  /** Empty unless they are counted: see `countMethods` of `roam/trace`. */
  readonly methods: readonly MethodStats[];
}

/** How a session stands, and what has passed through it. */
export interface SessionStats {
  readonly state: ConduitState;
  /** Undefined on a bare conduit. */
  readonly replay: ReplayStatus | undefined;
  /** Of the last keepalive Ping (ms). */
  readonly roundTripMs: number | undefined;
  /** Received and not taken: items, calls in line (bytes). */
  readonly bufferedBytes: number;
  /** How often the link was lost, and how long there was none in all (ms). */
  readonly detached: { readonly times: number; readonly ms: number };
  /** Who waits for whom. */
  readonly waits: readonly SessionWait[];
  readonly connections: readonly ConnectionStats[];
}

/** Counts the calls of a session by their methods. */
export interface MethodCounter {
  of(connectionId: Id): MethodStats[];
}

/** @param detached how often and how long there was no link */
export function sessionStats(
  session: Session,
  detached: SessionStats["detached"],
  counter: MethodCounter | undefined,
): SessionStats {
  const { state, replay, roundTripMs, bufferedBytes, connections } = session;
  return {
    state,
    replay,
    roundTripMs,
    bufferedBytes,
    detached,
    waits: waitsOf(session),
    connections: connections.map((one) => connectionStats(one, counter)),
  };
}

function connectionStats(
  { connectionId, service, dispatcher, caller, channels }: Connection,
  counter: MethodCounter | undefined,
): ConnectionStats {
  return {
    connectionId,
    service,
    received: dispatcher.received,
    failed: dispatcher.failed,
    running: dispatcher.running,
    queued: dispatcher.queued,
    made: caller.made,
    unanswered: caller.inFlight,
    waiting: caller.queued,
    channels: channels.statuses,
    methods: counter?.of(connectionId) ?? [],
  };
}
