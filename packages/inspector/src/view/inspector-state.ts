import type { Activity } from "../store/activity.ts";
import type { SessionNode } from "../store/session-node.ts";
import type { TraceStore } from "../store/trace-store.ts";
import { isUnder, type Row, rowsOf } from "./rows.ts";

/** Components hear of what is new so often at most (ms); canvases with each frame. */
const TELL_EVERY_MS = 120;
/** While a file is read. */
const READING_EVERY_MS = 400;
const LEAST_SPAN_MS = 0.01;
/** Of a live trace that is followed. */
const FOLLOWED_MS = 30_000;
const LEAST_FOLLOWED_MS = 1_000;

export type Phase =
  | { readonly kind: "reading" }
  | { readonly kind: "over" }
  | { readonly kind: "failed"; readonly reason: string };

/** What is looked at, and all that follows from it. Components subscribe; canvases draw on frames. */
export class InspectorState {
  readonly store: TraceStore;
  readonly isLive: boolean;
  phase: Phase = { kind: "reading" };
  fromMs = 0;
  toMs = 1_000;
  /** The newest stays in sight. */
  isFollowing: boolean;
  /** A row's key: what is shown is what stands under it. Empty for all. */
  scope = "";
  /** The number of the event whose details are shown; -1 for none. */
  selected = -1;
  /** Where the pointer is, as a share of what is seen. */
  #cursor: number | undefined;
  readonly #turned = new Set<string>();
  readonly #onFrame = new Set<() => void>();
  readonly #onChange = new Set<() => void>();
  #frame: number | undefined;
  #isDrawn = true;
  #isTold = true;
  #toldMs = 0;
  #rows: { readonly shape: number; readonly rows: readonly Row[] } | undefined;
  #grewMs = 0;
  /** Somebody has said what is to be seen. */
  #isChosen = false;

  constructor(store: TraceStore, isLive: boolean) {
    this.store = store;
    this.isLive = isLive;
    this.isFollowing = isLive;
  }

  /** All that is open in the tree. */
  get rows(): readonly Row[] {
    const { shape } = this.store;
    if (this.#rows?.shape !== shape) this.#rows = { shape, rows: rowsOf(this.store, this.#turned) };
    return this.#rows.rows;
  }

  /** Those of the timeline. */
  get shownRows(): readonly Row[] {
    return this.rows.filter((row) => isUnder(row, this.scope) && row.kind !== "connection");
  }

  /** The time at which the pointer is. */
  get cursorMs(): number | undefined {
    return this.#cursor === undefined ? undefined : this.fromMs + this.#cursor * this.spanMs;
  }

  get spanMs(): number {
    return this.toMs - this.fromMs;
  }

  /** The session that the scope is in. */
  get session(): SessionNode | undefined {
    const number = /^s(\d+)/.exec(this.scope)?.[1];
    return number === undefined ? undefined : this.store.sessions.get(Number(number));
  }

  /** What plots show. */
  get activity(): Activity {
    return this.session?.activity ?? this.store.activity;
  }

  /** Those of which plots show the worst. */
  get activities(): readonly Activity[] {
    return this.session === undefined
      ? [...this.store.sessions.values()].map(({ activity }) => activity)
      : [this.session.activity];
  }

  /** There are more events. While a file is read, to draw each slice would take longer than to read it. */
  grew(): void {
    const nowMs = performance.now();
    if (!this.isLive && this.phase.kind === "reading" && nowMs - this.#grewMs < READING_EVERY_MS) return;
    this.#grewMs = nowMs;
    if (!this.#isChosen || this.isFollowing) this.#showNewest();
    this.#invalidate(false);
  }

  become(phase: Phase): void {
    this.phase = phase;
    if (!this.#isChosen && !this.isLive) this.#showNewest();
    this.#invalidate(true);
  }

  /** Shows a stretch of time, kept within what there is. */
  show(fromMs: number, toMs: number): void {
    const { firstMs, lastMs } = this.store;
    const least = Math.max(LEAST_SPAN_MS, Math.min(toMs - fromMs, Math.max(lastMs - firstMs, 1)));
    this.fromMs = Math.max(firstMs, Math.min(fromMs, lastMs - least));
    this.toMs = this.fromMs + least;
    this.#isChosen = true;
    this.isFollowing = false;
    this.#invalidate(false);
  }

  /** @param factor below 1 to see more closely */
  zoom(factor: number, atMs = (this.fromMs + this.toMs) / 2): void {
    this.show(atMs - (atMs - this.fromMs) * factor, atMs + (this.toMs - atMs) * factor);
  }

  /** Moves by a share of what is seen. */
  pan(share: number): void {
    const by = this.spanMs * share;
    this.show(this.fromMs + by, this.toMs + by);
  }

  showAll(): void {
    this.show(this.store.firstMs, this.store.lastMs);
  }

  follow(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    if (isFollowing) this.#showNewest();
    this.#invalidate(true);
  }

  turn(key: string): void {
    if (!this.#turned.delete(key)) this.#turned.add(key);
    this.#rows = undefined;
    this.#invalidate(true);
  }

  choose(scope: string): void {
    this.scope = scope;
    this.#invalidate(true);
  }

  /** Shows an event's details, and the time at which it was, if that is out of sight. */
  select(number: number): void {
    this.selected = number;
    const t = this.store.timeOf(number);
    if (number >= 0 && (t < this.fromMs || t > this.toMs)) {
      this.show(t - this.spanMs / 2, t + this.spanMs / 2);
    }
    this.#invalidate(true);
  }

  /** @param share of what is seen that is left of the pointer; undefined where it is elsewhere */
  point(share: number | undefined): void {
    this.#cursor = share;
    this.#invalidate(false);
  }

  /** Something else is to be drawn: a size, a theme. */
  redraw(): void {
    this.#invalidate(false);
  }

  onFrame(draw: () => void): () => void {
    this.#onFrame.add(draw);
    this.redraw();
    return () => this.#onFrame.delete(draw);
  }

  onChange(tell: () => void): () => void {
    this.#onChange.add(tell);
    return () => this.#onChange.delete(tell);
  }

  stop(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#onFrame.clear();
    this.#onChange.clear();
  }

  #showNewest(): void {
    const { firstMs, lastMs } = this.store;
    const spanMs = this.#isChosen ? Math.max(LEAST_FOLLOWED_MS, this.spanMs) : FOLLOWED_MS;
    this.toMs = Math.max(lastMs, firstMs + 1);
    this.fromMs = this.isLive ? Math.max(firstMs, this.toMs - spanMs) : firstMs;
  }

  #invalidate(isUrgent: boolean): void {
    if (isUrgent) this.#toldMs = 0;
    this.#isDrawn = false;
    this.#isTold = false;
    this.#frame ??= requestAnimationFrame(() => this.#onAnimationFrame());
  }

  #onAnimationFrame(): void {
    this.#frame = undefined;
    if (!this.#isDrawn) {
      this.#isDrawn = true;
      for (const draw of this.#onFrame) draw();
    }
    if (!this.#isTold && performance.now() - this.#toldMs >= TELL_EVERY_MS) {
      this.#toldMs = performance.now();
      this.#isTold = true;
      for (const tell of this.#onChange) tell();
    }
    if (!this.#isTold || !this.#isDrawn) {
      this.#frame ??= requestAnimationFrame(() => this.#onAnimationFrame());
    }
  }
}
