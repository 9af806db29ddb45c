import type { ConduitState } from "roam";

/** What a client was told of its links: how often and how fast it got a new one. */
export class LinkLog {
  /** From the loss of a link to the next one (ms), one for each. */
  readonly resumeMs: number[] = [];
  /** Those for which the first attempt was enough. */
  readonly firstAttemptMs: number[] = [];
  /** Items that were sent again. */
  replayed = 0;
  failedAttempts = 0;
  /** A session that ended before it was to, and why. */
  lost: string | undefined;
  #lostAtMs: number | undefined;
  #attempt = 0;

  get isAttached(): boolean {
    return this.#lostAtMs === undefined;
  }

  get resumes(): number {
    return this.resumeMs.length;
  }

  readonly onState = (state: ConduitState): void => {
    const nowMs = performance.now();
    if (state.kind === "detached") {
      this.#lostAtMs ??= nowMs;
      this.#attempt = state.attempt;
      if (state.attempt > 0) this.failedAttempts++;
    } else if (state.kind === "resumed") {
      const ms = nowMs - (this.#lostAtMs ?? nowMs);
      this.#lostAtMs = undefined;
      this.resumeMs.push(ms);
      if (this.#attempt === 0) this.firstAttemptMs.push(ms);
      this.replayed += state.replayed;
    } else if (state.kind === "lost") this.lost = state.reason;
  };
}
