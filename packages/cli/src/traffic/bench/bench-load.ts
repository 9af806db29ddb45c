import { setMaxListeners } from "node:events";
import type { Client } from "roam";
import type { Methods } from "roam/schema";
import type { BenchCall } from "./bench-call.ts";
import { Latencies } from "./latencies.ts";

/** What a load has come to so far. */
export interface LoadResult {
  readonly latencies: Latencies;
  /** Failed calls by code. */
  readonly failures: ReadonlyMap<string, number>;
  /** Items of channels, both ways. */
  readonly items: number;
  readonly tookMs: number;
}

/** Calls that are made at a time, each followed by the next, until there are enough. */
export class BenchLoad {
  readonly latencies = new Latencies();
  readonly failures = new Map<string, number>();
  items = 0;
  /** Calls begun. */
  started = 0;
  readonly #call: BenchCall;
  readonly #stop = new AbortController();
  #isOver = false;
  #failed = 0;

  constructor(call: BenchCall) {
    this.#call = call;
    setMaxListeners(0, this.#stop.signal);
  }

  /** Calls that ended, well or not. */
  get done(): number {
    return this.latencies.count + this.#failed;
  }

  /**
   * @param options.signal gives up what is in flight; the result has what there was
   * @throws what ended a session, if that is what calls failed with
   */
  async run(
    clients: readonly Client<Methods>[],
    options: {
      readonly concurrency: number;
      readonly count: number;
      readonly durationMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<LoadResult> {
    const { concurrency, count, durationMs, signal } = options;
    const startedMs = performance.now();
    const timer = Number.isFinite(durationMs)
      ? setTimeout(() => {
          this.#isOver = true;
        }, durationMs)
      : undefined;
    const onAbort = () => {
      this.#isOver = true;
      this.#stop.abort(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const workers = Array.from({ length: Math.min(concurrency, count) }, (_, index) =>
      this.#work(clients[index % clients.length] as Client<Methods>, count),
    );
    try {
      await Promise.all(workers);
    } finally {
      this.#isOver = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
    const { latencies, failures, items } = this;
    return { latencies, failures, items, tookMs: performance.now() - startedMs };
  }

  async #work(client: Client<Methods>, count: number): Promise<void> {
    // One for each: a signal with a listener for every call in flight would be slow, and warned of.
    const own = new AbortController();
    const { signal } = this.#stop;
    const onAbort = () => own.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!this.#isOver && this.started < count) {
        this.started++;
        await this.#one(client, own.signal);
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #one(client: Client<Methods>, signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    try {
      const items = await this.#call(client, signal);
      this.latencies.add(performance.now() - startedMs);
      this.items += items;
    } catch (error) {
      if (signal.aborted) return;
      const { code } = error as { code?: unknown };
      // Anything else is no answer of the peer's, but a mistake here.
      if (typeof code !== "string") throw error;
      // An error of the method's own is an answer like any other.
      if (code === "user") this.latencies.add(performance.now() - startedMs);
      else this.#failed++;
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
      if (client.$.session.hasEnded) {
        this.#isOver = true;
        throw error;
      }
    }
  }
}
