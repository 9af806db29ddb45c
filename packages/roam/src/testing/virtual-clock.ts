import type { Clock } from "../internal/clock.ts";
import { settled } from "./settled.ts";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  // A Set keeps the order of setting, which decides between timers due at the same time.
  readonly #timers = new Set<Timer>();
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** Timers set, and neither run nor cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, counted from now (ms); undefined without timers. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueMs - this.#nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(ms, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves on by `ms` in one turn; timers run in the order in which they are due, new ones too. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#step(untilMs));
    this.#nowMs = untilMs;
  }

  /** The same, but after each timer everything it set off comes to rest. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    while (this.#step(untilMs)) await settled();
    this.#nowMs = untilMs;
    await settled();
  }

  /** Moves on to the next timer and runs it. @returns false if there is none */
  runNext(): boolean {
    return this.#step(Number.POSITIVE_INFINITY);
  }

  #step(untilMs: number): boolean {
    const timer = this.#next();
    if (timer === undefined || timer.dueMs > untilMs) return false;
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    timer.run();
    return true;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}
