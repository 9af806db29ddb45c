import type { CallPlaces } from "./call/call-places.ts";
import type { InboundConduits } from "./conduit/inbound-conduits.ts";
import type { HeldBytes } from "./internal/held-bytes.ts";
import type { Session } from "./session/session.ts";
import type { Message } from "./wire/message.ts";

/** What a server takes of its limits: see `ListenerLimits`. */
export interface ServerUsage {
  /** Links open; towards `maxLinks`. */
  readonly links: number;
  /** Those of them whose handshake is not over; towards `maxHandshakes`. */
  readonly handshakes: number;
  /** Links hung up on for want of a place, since serving began. */
  readonly refusedLinks: number;
  /** Sessions that wait for their client to come back; towards `retention.maxDetached`. */
  readonly detachedSessions: number;
  /** Handlers that have not settled, towards `maxRunningCalls`; without that limit of live sessions alone. */
  readonly runningCalls: number;
  /** Calls that wait for that; towards `maxWaitingCalls`. */
  readonly waitingCalls: number;
  /** Held for all sessions (bytes); towards `maxHeldBytes`. */
  readonly heldBytes: number;
}

/** @param sessions of one server, as the other parts are */
export function usageOf(
  sessions: ReadonlySet<Session>,
  inbound: InboundConduits<Message>,
  { callPlaces, heldBytes }: { readonly callPlaces: CallPlaces | undefined; readonly heldBytes: HeldBytes },
): ServerUsage {
  const { places, stable } = inbound;
  let runningCalls = callPlaces?.running ?? 0;
  if (callPlaces === undefined) for (const { running } of sessions) runningCalls += running;
  return {
    links: places.links,
    handshakes: places.handshakes,
    refusedLinks: places.refused,
    detachedSessions: stable.detached.sessions,
    runningCalls,
    waitingCalls: callPlaces?.waiting ?? 0,
    heldBytes: heldBytes.bytes,
  };
}
