/**
 * Turns without work after which a side sleeps, while it is patient: 100 µs in Node. A sleeper is awake
 * 20 to 40 µs after it was rung, so that less would send both sides to sleep for good. A turn is
 * cheap only where there is `setImmediate`.
 */
const PATIENT_TURNS = "setImmediate" in globalThis ? 40 : 0;
/** What a wait in vain costs, in waits that paid. */
const VAIN = 4;
/** So many waits that paid are remembered. */
const MOST_CREDIT = 32;
/** Of the impatient waits one in so many is long, to find out whether that would pay again. */
const TRY_EVERY = 128;

/**
 * How long to look for work before going to sleep. Where each of two threads has a processor, the
 * answer is there after a few turns of the event loop, and to wake a sleeper costs dozens of them
 * (64 in flight: 4.9 million payloads a second against 0.9). Where they share one, to look is to keep
 * the other from answering (2.3 million against 0.5). Which of the two it is can only be tried.
 */
export class Patience {
  #credit = MOST_CREDIT;
  #impatientWaits = 0;

  /** Idle turns after which to sleep. */
  get turns(): number {
    return this.#credit > 0 || this.#impatientWaits === TRY_EVERY ? PATIENT_TURNS : 0;
  }

  /** Work came in idle turns. */
  paid(): void {
    this.#credit = this.#credit > 0 ? Math.min(MOST_CREDIT, this.#credit + 1) : 2 * VAIN;
    this.#impatientWaits = 0;
  }

  /** None came, and the side sleeps. */
  failed(): void {
    if (this.#credit > 0) this.#credit -= VAIN;
    else this.#impatientWaits = this.#impatientWaits === TRY_EVERY ? 0 : this.#impatientWaits + 1;
  }
}
