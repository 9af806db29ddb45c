import { inMicroseconds } from "./in-microseconds.ts";
import type { TraceId, Wait } from "./trace-event.ts";

/** A wait as one look finds it. */
export type SeenWait = Omit<Wait, "ms">;

export interface WaitReport {
  /** All that wait, longest first. */
  readonly waits: readonly Wait[];
  /** Those of them that have now waited for `stallMs`. */
  readonly stalled: readonly Wait[];
  /** Those told as stalled before that wait no more. */
  readonly over: readonly Wait[];
}

interface Known {
  readonly sinceMs: number;
  wait: Wait;
  isTold: boolean;
}

/**
 * Adds up how long things wait, from looks at regular times: what waits for the same in two looks
 * in turn is taken to have waited between them.
 */
export class WaitWatch {
  readonly #stallMs: number;
  #known = new Map<string, Known>();

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** @param seen what waits at `nowMs` */
  look(seen: Iterable<SeenWait>, nowMs: number): WaitReport {
    const before = this.#known;
    const stalled: Wait[] = [];
    this.#known = new Map();
    for (const one of seen) {
      const key = keyOf(one);
      const known = before.get(key) ?? { sinceMs: nowMs, wait: { ...one, ms: 0 }, isTold: false };
      before.delete(key);
      known.wait = { ...one, ms: inMicroseconds(nowMs - known.sinceMs) };
      this.#known.set(key, known);
      if (!known.isTold && known.wait.ms >= this.#stallMs) {
        known.isTold = true;
        stalled.push(known.wait);
      }
    }
    const over = [...before.values()]
      .filter(({ isTold }) => isTold)
      .map(({ wait, sinceMs }) => ({ ...wait, ms: inMicroseconds(nowMs - sinceMs) }));
    const waits = Array.from(this.#known.values(), ({ wait }) => wait).sort((a, b) => b.ms - a.ms);
    return { waits, stalled, over };
  }
}

function keyOf({
  connection,
  what,
  id,
  cause,
}: {
  connection: TraceId;
  what: string;
  id?: TraceId;
  cause: string;
}) {
  return `${connection} ${what} ${id ?? ""} ${cause}`;
}
