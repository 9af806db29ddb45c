import type { ChannelStatus } from "../channel/channel-status.ts";
import type { Connection } from "../connection/connection.ts";
import type { Id } from "../wire/message.ts";
import type { Session } from "./session.ts";

/** For whom or what something waits. */
export type WaitCause =
  /** The other side has not sent the next item, and a reader here wants it. */
  | "producer"
  /** No credit: the other side's consumer has not taken what was sent. */
  | "credit"
  /** The consumer here has not taken what is there. */
  | "consumer"
  /** As many calls are in flight as the other side takes. */
  | "in-flight-limit"
  /** The other side's handler has not answered. */
  | "answer"
  /** The handler here has not settled. */
  | "handler"
  /** So much is kept for replay that the other side must acknowledge first. */
  | "replay-bound"
  /** The link takes nothing: the other side, or the way to it, is slow. */
  | "socket"
  /** There is no link. */
  | "link";

/** Something that waits right now. */
export interface SessionWait {
  readonly connection: Id;
  /** One channel, the calls of a connection, or whatever the session has to send. */
  readonly what: "channel" | "call" | "session";
  /** Of the channel. */
  readonly id?: Id;
  readonly cause: WaitCause;
  /** How many wait there: sends, items, readers, calls, messages. */
  readonly count: number;
}

/** Who waits for whom in a session, at this moment; what serves introspection is left out. */
export function waitsOf(session: Session): SessionWait[] {
  const waits: SessionWait[] = [];
  const { waitingToSend } = session;
  const held = waitingToSend > 0 ? heldUpBy(session) : undefined;
  if (held !== undefined) waits.push({ connection: 0, what: "session", cause: held, count: waitingToSend });
  for (const connection of session.connections) {
    if (!connection.isServedToTheEnd) waits.push(...connectionWaits(connection, held));
  }
  return waits;
}

/** Why nothing can be sent, if somebody waits for that. */
function heldUpBy({ state, replay, limits }: Session): WaitCause {
  if (state.kind === "detached") return "link";
  const isFull =
    replay !== undefined &&
    (replay.frames >= limits.maxReplayFrames || replay.bytes >= limits.maxReplayBytes);
  return isFull ? "replay-bound" : "socket";
}

function* connectionWaits(
  { connectionId: connection, caller, dispatcher, channels }: Connection,
  held: WaitCause | undefined,
): Generator<SessionWait> {
  const calls = [
    ["in-flight-limit", caller.queued],
    ["answer", caller.inFlight],
    ["handler", dispatcher.running + dispatcher.queued],
  ] as const;
  for (const [cause, count] of calls) if (count > 0) yield { connection, what: "call", cause, count };
  for (const channel of channels.statuses) {
    const cause = channelWaitsFor(channel, held);
    if (cause !== undefined) {
      yield { connection, what: "channel", id: channel.id, cause, count: Math.max(1, channel.waiting) };
    }
  }
}

function channelWaitsFor(
  { direction, waiting, credit, isWanted }: ChannelStatus,
  held: WaitCause | undefined,
): WaitCause | undefined {
  if (direction === "in") return waiting > 0 ? "consumer" : isWanted ? "producer" : undefined;
  if (waiting === 0) return undefined;
  return credit === 0 ? "credit" : held;
}
