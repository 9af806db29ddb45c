import type { ChannelStatus } from "../channel/channel-status.ts";
import type { Session } from "../session/session.ts";
import type {
  ConnectionStats as ConnectionFacts,
  MethodStats as MethodFacts,
} from "../session/session-stats.ts";
import type { SessionWait } from "../session/session-waits.ts";
import type {
  ChannelStats,
  ConnectionStats,
  MethodStats,
  SessionStats,
  WaitStats,
} from "./introspection-service.ts";

/** Channels, methods and waits of one session that are listed: an answer has a limit. */
const MOST_LISTED = 256;

// Numbers of sessions, given when they are first told of: nothing is kept for those that nobody asks about.
const numbers = new WeakMap<Session, number>();
let lastNumber = 0;

function numberOf(session: Session): number {
  let number = numbers.get(session);
  if (number === undefined) {
    number = ++lastNumber;
    numbers.set(session, number);
  }
  return number;
}

/** What one session is told to have passed, as the wire has it. */
export function toldStats(session: Session): SessionStats {
  const { state, replay, roundTripMs, bufferedBytes, detached, waits, connections } = session.stats();
  return {
    id: numberOf(session),
    peer: session.peer,
    state: state.kind,
    is_stable: replay !== undefined,
    round_trip_ms: roundTripMs ?? null,
    buffered_bytes: bufferedBytes,
    replay_items: replay?.frames ?? 0,
    replay_bytes: replay?.bytes ?? 0,
    detached_times: detached.times,
    detached_ms: detached.ms,
    waits: waits.slice(0, MOST_LISTED).map(waitStats),
    connections: connections.map(connectionStats),
  };
}

function connectionStats({
  connectionId,
  service,
  channels,
  methods,
  ...counts
}: ConnectionFacts): ConnectionStats {
  return {
    id: String(connectionId),
    service: service ?? null,
    ...counts,
    channel_count: channels.length,
    channels: channels.slice(0, MOST_LISTED).map(channelStats),
    methods: methods.slice(0, MOST_LISTED).map(methodStats),
  };
}

function channelStats({ id, direction, items, credit, waiting, waitingBytes }: ChannelStatus): ChannelStats {
  return {
    id: String(id),
    is_outgoing: direction === "out",
    items,
    credit,
    waiting,
    waiting_bytes: waitingBytes,
  };
}

function methodStats({
  method,
  side,
  calls,
  inFlight,
  failed,
  bytesIn,
  bytesOut,
  latency,
}: MethodFacts): MethodStats {
  return {
    method,
    is_caller: side === "caller",
    calls,
    in_flight: inFlight,
    failed,
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    p50_ms: latency?.p50 ?? 0,
    p90_ms: latency?.p90 ?? 0,
    p99_ms: latency?.p99 ?? 0,
    max_ms: latency?.max ?? 0,
  };
}

function waitStats({ connection, what, id, cause, count }: SessionWait): WaitStats {
  return {
    connection: String(connection),
    what,
    channel: id === undefined ? null : String(id),
    cause,
    count,
  };
}
