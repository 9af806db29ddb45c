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

/** From one subscriber's coming to `end`: a store may be opened many times. */
interface Opening<T> {
  readonly aborting: AbortController;
  source?: AsyncIterator<T>;
  isReading: boolean;
  /** It is done or has failed. */
  isOver: boolean;
}

/**
 * A channel as a store. It is opened by the first subscriber and read for as long as there is one; in between
 * nothing is read, so that credit makes the sender wait. `end`, or no subscriber for a turn, gives it up.
 */
export class ChannelStore<T> implements Store<ChannelSnapshot<T>> {
  readonly #open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly #keep: number;
  readonly #cell = new Cell<ChannelSnapshot<T>>({ kind: "open", items: [], count: 0 });
  #opening: Opening<T> | undefined;
  #newest: T[] = [];
  #count = 0;
  #isPaused = false;
  #isTellPending = false;

  /** @param open makes the call whose channel it is; `signal` is to be the call's */
  constructor(open: (signal: AbortSignal) => AsyncIterable<T>, { keep = KEEP }: ChannelOptions = {}) {
    this.#open = open;
    this.#keep = keep;
  }

  readonly getSnapshot = (): ChannelSnapshot<T> => this.#cell.getSnapshot();

  readonly subscribe = (onChange: () => void): (() => void) => {
    const unsubscribe = this.#cell.subscribe(onChange);
    this.#opening ??= this.#begin();
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
    const opening = this.#opening;
    if (opening === undefined) return;
    this.#opening = undefined;
    opening.aborting.abort();
    opening.source?.return?.().catch(() => {});
  };

  get #isFlowing(): boolean {
    return this.#cell.isWatched && !this.#isPaused;
  }

  #begin(): Opening<T> {
    this.#newest = [];
    this.#count = 0;
    this.#tellSoon();
    return { aborting: new AbortController(), isReading: false, isOver: false };
  }

  async #read(): Promise<void> {
    const opening = this.#opening;
    if (opening === undefined || opening.isReading || opening.isOver || !this.#isFlowing) return;
    opening.isReading = true;
    try {
      opening.source ??= this.#open(opening.aborting.signal)[Symbol.asyncIterator]();
      while (this.#isFlowing && this.#opening === opening) {
        const { done, value } = await opening.source.next();
        if (this.#opening !== opening) return;
        if (done) {
          opening.isOver = true;
          return this.#tell("done");
        }
        this.#newest.push(value);
        this.#count++;
        // Seldom, for it moves everything that is kept.
        if (this.#newest.length >= 2 * this.#keep) this.#newest.splice(0, this.#newest.length - this.#keep);
        this.#tellSoon();
      }
    } catch (error) {
      if (this.#opening !== opening) return;
      opening.isOver = true;
      this.#tell("failed", error);
    } finally {
      opening.isReading = false;
    }
  }

  // Many items, one change: a frame at most has all that came since the last.
  #tellSoon(): void {
    if (this.#isTellPending) return;
    this.#isTellPending = true;
    onNextFrame(() => {
      this.#isTellPending = false;
      if (this.#opening?.isOver !== true) this.#tell(this.#isPaused ? "paused" : "open");
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
