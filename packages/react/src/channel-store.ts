import { Cell, type Store } from "./store.ts";

/** What came by a channel: the newest items, the oldest of them first. */
export interface ChannelSnapshot<T> {
  readonly kind: "open" | "paused" | "done" | "failed";
  readonly items: readonly T[];
  /** In all, those included that are not kept any more. */
  readonly count: number;
  /** Of one that failed. */
  readonly error?: unknown;
}

export interface ChannelOptions {
  /** Items to keep (default 100): memory has a bound, however much comes. */
  readonly keep?: number;
}

const KEEP = 100;

/**
 * A channel as a store. It is opened by the first subscriber and read for as long as there is one; in between
 * nothing is read, so that credit makes the sender wait. `end`, or no subscriber for a turn, gives it up.
 */
export class ChannelStore<T> implements Store<ChannelSnapshot<T>> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly #keep: number;
  readonly #cell = new Cell<ChannelSnapshot<T>>({ kind: "open", items: [], count: 0 });
  #source: AsyncIterator<T> | undefined;
  #aborting = new AbortController();
  #newest: T[] = [];
  #count = 0;
  #isPaused = false;
  #isReading = false;
  #isTellPending = false;

  /** @param open makes the call whose channel it is; `signal` is to be the call's */
  constructor(open: (signal: AbortSignal) => AsyncIterable<T>, { keep = KEEP }: ChannelOptions = {}) {
    this.#open = open;
    this.#keep = keep;
  }

  readonly getSnapshot = (): ChannelSnapshot<T> => this.#cell.getSnapshot();

  readonly subscribe = (onChange: () => void): (() => void) => {
    const unsubscribe = this.#cell.subscribe(onChange);
    void this.#read();
    return () => {
      unsubscribe();
      // Strict mode leaves and comes back in one turn, and shall find the same channel.
      if (!this.#cell.isWatched) setTimeout(() => this.#cell.isWatched || this.end(), 0);
    };
  };

  /** Nothing is read until `resume`; the sender stops when its credit is used up. */
  readonly pause = (): void => {
    this.#isPaused = true;
    this.#tellSoon();
  };

  readonly resume = (): void => {
    this.#isPaused = false;
    this.#tellSoon();
    void this.#read();
  };

  /** Resets the channel and cancels its call; whoever subscribes then opens another. */
  readonly end = (): void => {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    this.#aborting.abort();
    source.return?.().catch(() => {});
    this.#newest = [];
    this.#count = 0;
  };

  get #isFlowing(): boolean {
    return this.#cell.isWatched && !this.#isPaused;
  }

  async #read(): Promise<void> {
    if (this.#isReading || !this.#isFlowing) return;
    const { kind } = this.getSnapshot();
    if (this.#source !== undefined && (kind === "done" || kind === "failed")) return;
    this.#isReading = true;
    try {
      const source = this.#source ?? this.#begin();
      while (this.#isFlowing && this.#source === source) {
        const { done, value } = await source.next();
        if (this.#source !== source) break;
        if (done) return this.#tell("done");
        this.#newest.push(value);
        this.#count++;
        // Seldom, for it moves everything that is kept.
        if (this.#newest.length >= 2 * this.#keep) this.#newest.splice(0, this.#newest.length - this.#keep);
        this.#tellSoon();
      }
    } catch (error) {
      if (this.#source !== undefined) this.#tell("failed", error);
    } finally {
      this.#isReading = false;
    }
    // Ended and subscribed to anew while the last item was waited for.
    if (this.#isFlowing && this.#source === undefined) void this.#read();
  }

  #begin(): AsyncIterator<T> {
    this.#aborting = new AbortController();
    const source = this.#open(this.#aborting.signal)[Symbol.asyncIterator]();
    this.#source = source;
    return source;
  }

  // Many items, one change: a frame at most has all that came since the last.
  #tellSoon(): void {
    if (this.#isTellPending) return;
    this.#isTellPending = true;
    onNextFrame(() => {
      this.#isTellPending = false;
      const { kind } = this.getSnapshot();
      if (this.#source === undefined || kind === "open" || kind === "paused")
        this.#tell(this.#isPaused ? "paused" : "open");
    });
  }

  #tell(kind: ChannelSnapshot<T>["kind"], error?: unknown): void {
    const items = this.#newest.slice(-this.#keep);
    this.#cell.set({ kind, items, count: this.#count, ...(kind === "failed" && { error }) });
  }
}

function onNextFrame(run: () => void): void {
  // A page that nobody sees has no frames, and nothing to show.
  if (typeof requestAnimationFrame === "function") requestAnimationFrame(run);
  else setTimeout(run, 0);
}
