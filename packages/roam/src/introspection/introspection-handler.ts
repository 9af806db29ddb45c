import type { Handlers } from "../call/call-types.ts";
import { type Handler, implement } from "../call/handler.ts";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../internal/clock.ts";
import { type Docs, documentOf } from "../schema/document-of.ts";
import type { SchemaDocument } from "../schema/schema-document.ts";
import type { Service } from "../schema/service.ts";
import type { ServerUsage } from "../server-usage.ts";
import type { Session } from "../session/session.ts";
import {
  type ConnectionStats,
  type Health,
  Introspection,
  type SessionStats,
  type Stats,
  type Totals,
} from "./introspection-service.ts";

/** What is told of. */
export interface Served {
  /** On the root connection. */
  readonly root: Service;
  /** On virtual connections under their names. */
  readonly virtual: readonly Service[];
  readonly docs?: Docs;
  /** Whose statistics the one who asks may see. */
  readonly sessions: ReadonlySet<Session>;
  readonly startedMs: number;
  /** Of the whole server; undefined where there is none, or it is not to be told. */
  readonly usage: (() => ServerUsage) | undefined;
  readonly isDraining: () => boolean;
}

/** Sessions in one `Stats`: an answer has a limit. */
const MOST_LISTED = 1_000;
/** Shortest time between two `Stats` of a `watch` (ms). */
const SHORTEST_EVERY_MS = 100;

/** Serves `Introspection` on one connection. */
export function introspectionHandler(served: Served, clock: Clock): Handler {
  const { root, virtual } = served;
  const all = [root, ...virtual];
  const health = (): Health => (served.isDraining() ? "Draining" : "Serving");
  const stats = () => statsOf(served, health(), clock);
  const handlers: Handlers<(typeof Introspection)["methods"]> = {
    services: () => all.map(({ name }, index) => ({ name, is_root: index === 0, health: health() })),
    schema: () => JSON.stringify(documentOfThose(all, served.docs)),
    health: ({ service }) =>
      service === "" || all.some(({ name }) => name === service) ? health() : "NotServing",
    stats,
    async watch({ every_ms, out }, { signal }) {
      const everyMs = Math.max(every_ms, SHORTEST_EVERY_MS);
      while (!signal.aborted) {
        await out.send(stats(), { signal });
        await passed(everyMs, clock, signal);
      }
    },
  };
  return { ...implement(Introspection as unknown as Service, handlers), isServedToTheEnd: true };
}

/** One service whose types have no form in a document does not hide the others. */
function documentOfThose(services: readonly Service[], docs: Docs | undefined): SchemaDocument {
  try {
    return documentOf(services, docs);
  } catch {
    return documentOf(services.filter(hasDocument), docs);
  }
}

function hasDocument(service: Service): boolean {
  try {
    documentOf([service]);
    return true;
  } catch {
    return false;
  }
}

function statsOf({ sessions, startedMs, usage }: Served, health: Health, clock: Clock): Stats {
  const listed: SessionStats[] = [];
  for (const session of sessions) {
    if (listed.length === MOST_LISTED) break;
    listed.push(sessionStats(session));
  }
  const uptime_ms = Math.max(0, Math.round(clock.nowMs() - startedMs));
  const totals = usage === undefined ? null : totalsOf(usage());
  return { health, uptime_ms, totals, session_count: sessions.size, sessions: listed };
}

function totalsOf(usage: ServerUsage): Totals {
  return {
    links: usage.links,
    handshakes: usage.handshakes,
    refused_links: usage.refusedLinks,
    detached_sessions: usage.detachedSessions,
    running_calls: usage.runningCalls,
    waiting_calls: usage.waitingCalls,
    held_bytes: usage.heldBytes,
  };
}

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

function sessionStats(session: Session): SessionStats {
  const { replay } = session;
  return {
    id: numberOf(session),
    peer: session.peer,
    state: session.state.kind,
    is_stable: replay !== undefined,
    round_trip_ms: session.roundTripMs ?? null,
    buffered_bytes: session.bufferedBytes,
    replay_items: replay?.frames ?? 0,
    replay_bytes: replay?.bytes ?? 0,
    connections: session.connections.map(connectionStats),
  };
}

function connectionStats({
  connectionId,
  service,
  dispatcher,
  caller,
  channels,
}: Connection): ConnectionStats {
  return {
    id: String(connectionId),
    service: service ?? null,
    received: dispatcher.received,
    failed: dispatcher.failed,
    running: dispatcher.running,
    queued: dispatcher.queued,
    made: caller.made,
    unanswered: caller.inFlight,
    waiting: caller.queued,
    channels: channels.size,
  };
}

/** Resolves after a time, or when the signal aborts. */
function passed(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = clock.after(ms, done);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done);
  });
}
