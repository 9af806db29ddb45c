import type { Handlers } from "../call/call-types.ts";
import { type Handler, implement } from "../call/handler.ts";
import type { Clock } from "../internal/clock.ts";
import { type Docs, documentOf } from "../schema/document-of.ts";
import type { SchemaDocument } from "../schema/schema-document.ts";
import type { Service } from "../schema/service.ts";
import type { ServerUsage } from "../server-usage.ts";
import type { Session } from "../session/session.ts";
import { countMethods } from "../trace/count-methods.ts";
import {
  type Health,
  Introspection,
  type SessionStats,
  type Stats,
  type Totals,
} from "./introspection-service.ts";
import { toldStats } from "./told-stats.ts";
import { TraceStream } from "./trace-stream.ts";

/** What is told of. */
export interface Served {
  /** On the root connection. */
  readonly root: Service;
  /** On virtual connections under their names. */
  readonly virtual: readonly Service[];
  readonly docs?: Docs;
  /** The one who asks. */
  readonly asker: Session;
  /** Whose statistics it may see. */
  readonly sessions: ReadonlySet<Session>;
  /** Told each session that comes. @returns what ends it */
  readonly onNewSession: (onSession: (session: Session) => void) => () => void;
  /** Payloads may be seen, links cut and readers stopped. */
  readonly isDevelopment: boolean;
  readonly startedMs: number;
  /** Of the whole server; undefined where there is none, or it is not to be told. */
  readonly usage: (() => ServerUsage) | undefined;
  readonly isDraining: () => boolean;
}

/** Sessions in one `Stats`: an answer has a limit. */
const MOST_LISTED = 1_000;
/** Traces that one asks for at a time. */
const MOST_TRACES = 4;
/** Shortest time between two `Stats` of a `watch` (ms). */
const SHORTEST_EVERY_MS = 100;
/** Longest time between two looks of a trace (ms). */
const LONGEST_EVERY_MS = 10_000;

/** Serves `Introspection` on one connection. */
export function introspectionHandler(served: Served, clock: Clock): Handler {
  const { root, virtual } = served;
  const all = [root, ...virtual];
  const health = (): Health => (served.isDraining() ? "Draining" : "Serving");
  const stats = () => statsOf(served, health(), clock);
  const traces = new Set<TraceStream>();
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
    async trace({ sample, sample_ms, payload_bytes, out }, call) {
      if (traces.size === MOST_TRACES) return;
      const stream = new TraceStream({
        sample: Math.min(Math.max(0, sample), 1) || 0,
        sampleMs: Math.min(Math.max(sample_ms, SHORTEST_EVERY_MS), LONGEST_EVERY_MS),
        payloadBytes: served.isDevelopment ? payload_bytes : 0,
        schema: documentOfThose(all, served.docs),
        eachSession: (onSession) => {
          for (const session of served.sessions) onSession(session, false);
          return served.onNewSession((session) => onSession(session, true));
        },
      });
      traces.add(stream);
      try {
        await stream.sendTo(out, call);
      } finally {
        traces.delete(stream);
      }
    },
    act({ session: number, act }) {
      if (!served.isDevelopment) return false;
      for (const { trace } of traces) {
        const session = trace.sessionOf(number);
        if (session !== undefined) return actOn(session, act, served.asker);
      }
      return false;
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
    countMethods(session);
    if (listed.length === MOST_LISTED) break;
    listed.push(toldStats(session));
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

const paused = new WeakSet<Session>();

/** What one may do to a session while one develops. @returns false if it cannot be done */
function actOn(session: Session, act: string, asker: Session): boolean {
  if (act === "cut") return session.dropLink("cut by whoever looks on");
  const isPaused = paused.has(session);
  // Whoever stopped its own reading could not take that back.
  if (act === "pause" && !isPaused && session !== asker) {
    paused.add(session);
    session.pauseReading(true);
    return true;
  }
  if (act !== "resume" || !isPaused) return false;
  paused.delete(session);
  session.pauseReading(false);
  return true;
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
