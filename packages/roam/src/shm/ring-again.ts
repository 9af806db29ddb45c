import { type Clock, systemClock } from "../internal/clock.ts";

const FIRST_MS = 5;
const MOST_MS = 100;
/** Without traffic for so long (ms), nobody can be waiting for a lost ring any more. */
const SILENCE_MS = 2_000;

/**
 * Rings again after traffic, without need: a published peer waits for entries and for room by one doorbell, and the
 * one can take the ring that was meant for the other.
 */
// r[impl shm.bipbuf.backpressure]
export class RingAgain {
  readonly #ring: () => void;
  readonly #clock: Clock;
  #stop: (() => void) | undefined;
  #hasTraffic = false;
  #delayMs = FIRST_MS;
  #silentMs = 0;

  constructor(ring: () => void, clock: Clock = systemClock) {
    this.#ring = ring;
    this.#clock = clock;
  }

  /** Something was committed or taken. */
  traffic(): void {
    this.#hasTraffic = true;
    if (this.#stop !== undefined) return;
    this.#delayMs = FIRST_MS;
    this.#start();
  }

  #start(): void {
    this.#stop = this.#clock.after(this.#delayMs, this.#again);
  }

  readonly #again = (): void => {
    this.#stop = undefined;
    this.#ring();
    if (this.#hasTraffic) {
      this.#hasTraffic = false;
      this.#delayMs = FIRST_MS;
      this.#silentMs = 0;
    } else {
      this.#silentMs += this.#delayMs;
      this.#delayMs = Math.min(2 * this.#delayMs, MOST_MS);
    }
    if (this.#silentMs < SILENCE_MS) this.#start();
  };

  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
