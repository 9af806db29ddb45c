import type { Clock } from "../internal/clock.ts";
import type { Limits } from "../limits.ts";

/** Something waits here for the counterpart to read what it is sent. */
export interface Stall {
  /** Since when nothing could be sent, times without a link left out (ms). */
  readonly forMs: number;
  /** Answers and control messages that wait. */
  readonly waitingControls: number;
  /** Calls and items whose senders wait. */
  readonly waitingSenders: number;
}

/** Notices a counterpart that does not read: tells of it first, and gives it up in the end. */
// r[impl session.x.limits]
export class StallWatch {
  readonly #clock: Clock;
  readonly #limits: Pick<Limits, "stallNoticeMs" | "maxStallMs">;
  readonly #onStalled: (forMs: number) => void;
  readonly #giveUp: (forMs: number) => void;
  #isBlocked = false;
  #hasLink = true;
  /** Of the stall under way, up to `#sinceMs`. */
  #stalledMs = 0;
  #sinceMs = 0;
  #stopTimer: (() => void) | undefined;

  constructor(
    clock: Clock,
    limits: Pick<Limits, "stallNoticeMs" | "maxStallMs">,
    acts: { onStalled(forMs: number): void; giveUp(forMs: number): void },
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onStalled = acts.onStalled;
    this.#giveUp = acts.giveUp;
  }

  /** Somebody waits to send, or what was waited for has come: any progress ends a stall. */
  set isBlocked(isBlocked: boolean) {
    this.#pause();
    this.#stalledMs = 0;
    this.#isBlocked = isBlocked;
    this.#resume();
  }

  /** Without a link nobody could read. */
  set hasLink(hasLink: boolean) {
    this.#pause();
    this.#hasLink = hasLink;
    this.#resume();
  }

  stop(): void {
    this.isBlocked = false;
  }

  #pause(): void {
    if (this.#stopTimer === undefined) return;
    this.#stopTimer();
    this.#stopTimer = undefined;
    this.#stalledMs += this.#clock.nowMs() - this.#sinceMs;
  }

  #resume(): void {
    if (!this.#isBlocked || !this.#hasLink) return;
    this.#sinceMs = this.#clock.nowMs();
    const { stallNoticeMs, maxStallMs } = this.#limits;
    const isNoticed = this.#stalledMs >= stallNoticeMs;
    const next = isNoticed ? maxStallMs : Math.min(stallNoticeMs, maxStallMs);
    this.#stopTimer = this.#clock.after(next - this.#stalledMs, () => {
      this.#pause();
      if (this.#stalledMs >= maxStallMs) return this.#giveUp(this.#stalledMs);
      this.#onStalled(this.#stalledMs);
      // Whoever was told may have ended it.
      if (this.#stopTimer === undefined) this.#resume();
    });
  }
}
