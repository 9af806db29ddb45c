import { dispose } from "../internal/dispose.ts";
import type { Session } from "../session/session.ts";
import { SessionTrace } from "./session-trace.ts";
import { TRACE_VERSION, type TraceEvent, type TraceHead } from "./trace-event.ts";

export interface TraceOptions {
  /**
   * Told each event, in the turn in which it happens: to be quick is its duty. One that throws ends
   * the trace.
   */
  readonly onEvent: (event: TraceEvent) => void;
  /** Share of the calls that are told, from 0 to 1, with their items and answers (default 1: all). */
  readonly sample?: number;
  /** Time between two looks at what is queued and what waits (ms; default 250; 0: none, and no stalls). */
  readonly sampleMs?: number;
  /** What waits for so long is told as a stall (ms; default 1,000; as exact as `sampleMs`). */
  readonly stallMs?: number;
  /** Payloads of up to so many bytes are told as they are (default 0: none; they may be confidential). */
  readonly payloadBytes?: number;
  /** The trace is over because `onEvent` threw (default: to the console). */
  readonly onError?: (error: unknown) => void;
}

/**
 * Tells what goes on in sessions, as events. It is given to `connect` or `serve`, or attached to
 * sessions that are there; what is not traced costs nothing.
 *
 * @example await serve(url, Billing, handlers, { trace: trace({ onEvent: (event) => file.write(`${JSON.stringify(event)}\n`) }) });
 */
export function trace(options: TraceOptions): Trace {
  return new Trace(options);
}

export class Trace implements Disposable {
  readonly #options: Required<Omit<TraceOptions, "onEvent" | "onError">>;
  readonly #onEvent: TraceOptions["onEvent"];
  readonly #onError: NonNullable<TraceOptions["onError"]>;
  readonly #sessions = new Map<Session, { readonly number: number; readonly trace: SessionTrace }>();
  #originMs: number | undefined;
  #count = 0;
  #isOver = false;

  /** Use `trace`. */
  constructor({ onEvent, onError = complain, ...options }: TraceOptions) {
    const { sample = 1, sampleMs = 250, stallMs = 1_000, payloadBytes = 0 } = options;
    if (!(sample >= 0 && sample <= 1)) throw new RangeError(`sample: ${sample} is no share from 0 to 1`);
    for (const [name, value] of Object.entries({ sampleMs, stallMs, payloadBytes })) {
      if (!(value >= 0)) throw new RangeError(`${name}: ${value} is below 0`);
    }
    this.#onEvent = onEvent;
    this.#onError = onError;
    this.#options = { sample, sampleMs, stallMs, payloadBytes };
  }

  /** Joins a session that is there; one that is traced already stays as it is. */
  attach(session: Session): void {
    this.#add(session, true);
  }

  /** @internal A session that was set up just now. */
  begin(session: Session): void {
    this.#add(session, false);
  }

  /** The session that its events call by this number; undefined when it has ended. */
  sessionOf(number: number): Session | undefined {
    for (const [session, known] of this.#sessions) if (known.number === number) return session;
    return undefined;
  }

  /** Tells no more, and lets go of all sessions. */
  stop(): void {
    this.#isOver = true;
    for (const { trace } of this.#sessions.values()) trace.stop();
    this.#sessions.clear();
  }

  [dispose](): void {
    this.stop();
  }

  #add(session: Session, isJoined: boolean): void {
    if (this.#isOver || session.hasEnded || this.#sessions.has(session)) return;
    const number = ++this.#count;
    this.#originMs ??= session.clock.nowMs();
    const one = new SessionTrace(session, isJoined, {
      ...this.#options,
      number,
      originMs: this.#originMs,
      emit: this.#emit,
    });
    // Whoever is told may have ended it.
    if (this.#isOver) return one.stop();
    this.#sessions.set(session, { number, trace: one });
    void session.ended.then(() => this.#sessions.delete(session));
  }

  readonly #emit = (event: TraceEvent): void => {
    if (this.#isOver) return;
    try {
      this.#onEvent(event);
    } catch (error) {
      this.stop();
      this.#onError(error);
    }
  };
}

function complain(error: unknown): void {
  console.error("roam: a trace is over, for its onEvent failed:", error);
}

/**
 * The first line of a trace that is written down.
 *
 * @param options.schema of the services in it, as `documentOf` makes it, for payloads
 */
export function traceHead(options: { readonly madeBy: string; readonly schema?: unknown }): TraceHead {
  return { roamTrace: TRACE_VERSION, at: new Date().toISOString(), ...options };
}
