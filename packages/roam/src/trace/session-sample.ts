import type { Session } from "../session/session.ts";
import type { SampleEvent, Wait } from "./trace-event.ts";
import { traceId } from "./trace-message.ts";

/** How a session stands; what serves introspection is left out. */
export function sampleOf(session: Session, waits: readonly Wait[]): Omit<SampleEvent, "t" | "session"> {
  const { replay, roundTripMs, bufferedBytes } = session;
  const connections = session.connections.filter((one) => !one.isServedToTheEnd);
  const sum = (count: (connection: (typeof connections)[number]) => number) =>
    connections.reduce((total, one) => total + count(one), 0);
  return {
    kind: "sample",
    inFlight: sum(({ caller }) => caller.inFlight),
    queued: sum(({ caller }) => caller.queued),
    running: sum(({ dispatcher }) => dispatcher.running),
    waiting: sum(({ dispatcher }) => dispatcher.queued),
    bufferedBytes,
    replayItems: replay?.frames ?? 0,
    replayBytes: replay?.bytes ?? 0,
    ...(replay?.sent !== undefined && { sent: replay.sent }),
    ...(replay?.acked !== undefined && { acked: replay.acked }),
    ...(roundTripMs !== undefined && { roundTripMs }),
    channels: connections.flatMap(({ connectionId, channels }) =>
      channels.statuses.map(({ id, isWanted: _, ...status }) => ({
        connection: traceId(connectionId),
        id: traceId(id),
        ...status,
      })),
    ),
    waits,
  };
}
