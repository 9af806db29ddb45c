/** How often and how long a session was without a link. */
export class DetachedTime {
  #times = 0;
  #totalMs = 0;
  #sinceMs: number | undefined;

  get isDetached(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** @returns false if that was known */
  set(isDetached: boolean, nowMs: number): boolean {
    if (isDetached === this.isDetached) return false;
    if (isDetached) {
      this.#times++;
      this.#sinceMs = nowMs;
    } else {
      this.#totalMs = this.ms(nowMs);
      this.#sinceMs = undefined;
    }
    return true;
  }

  /** How often. */
  get times(): number {
    return this.#times;
  }

  /** How long in all (ms), the time under way included. */
  ms(nowMs: number): number {
    return this.#totalMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs);
  }
}
