import type { CallContext } from "../call/call-context.ts";
import type { Tx } from "../channel/tx.ts";
import { deferred } from "../internal/deferred.ts";
import type { Session } from "../session/session.ts";
import { type Trace, trace, traceHead } from "../trace/trace.ts";
import type { TraceEvent } from "../trace/trace-event.ts";

/** Characters of one item. */
const MOST_IN_ITEM = 64 * 1024;
/** Characters that wait for a reader; what comes then is left out, and that is told. */
const MOST_WAITING = 4 * 1024 * 1024;

export interface TraceStreamOptions {
  readonly sample: number;
  readonly sampleMs: number;
  readonly payloadBytes: number;
  readonly schema: unknown;
  /** Tells the sessions that are there, then each new one. @returns what ends it */
  eachSession(onSession: (session: Session, isNew: boolean) => void): () => void;
}

/** A trace on its way to a reader, as lines; a reader that is slow misses some. */
export class TraceStream {
  readonly trace: Trace;
  readonly #stopSessions: () => void;
  #lines: string[] = [];
  #waiting = 0;
  #dropped = 0;
  #wake = deferred<void>();

  constructor({ sample, sampleMs, payloadBytes, schema, eachSession }: TraceStreamOptions) {
    this.#lines.push(JSON.stringify(traceHead({ madeBy: "roam", schema })));
    this.trace = trace({ sample, sampleMs, payloadBytes, onEvent: (event) => this.#push(event) });
    this.#stopSessions = eachSession((session, isNew) => {
      if (isNew) this.trace.begin(session);
      else this.trace.attach(session);
    });
  }

  /** Sends until the reader wants no more, or the call is over. */
  async sendTo(out: Tx<string>, { signal, channels }: CallContext): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
      this.#wake.resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    for (const channel of channels) channel.watch(end);
    try {
      while (!isOver) {
        if (this.#lines.length === 0) {
          this.#wake = deferred();
          await this.#wake.promise;
        } else await out.send(this.#item(), { signal });
      }
    } finally {
      signal.removeEventListener("abort", end);
      this.stop();
    }
  }

  stop(): void {
    this.#stopSessions();
    this.trace.stop();
    this.#wake.resolve();
  }

  #push(event: TraceEvent): void {
    if (this.#waiting > MOST_WAITING) {
      this.#dropped++;
      return;
    }
    if (this.#dropped > 0) {
      const { t, session } = event;
      this.#add(JSON.stringify({ t, session, kind: "dropped", count: this.#dropped }));
      this.#dropped = 0;
    }
    this.#add(JSON.stringify(event));
    this.#wake.resolve();
  }

  #add(line: string): void {
    this.#lines.push(line);
    this.#waiting += line.length;
  }

  /** The next lines. */
  #item(): string {
    let length = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || length < MOST_IN_ITEM)) {
      length += (this.#lines[count] as string).length;
      count++;
    }
    const taken = this.#lines.slice(0, count);
    this.#lines = this.#lines.slice(count);
    this.#waiting -= length;
    return taken.join("\n");
  }
}
