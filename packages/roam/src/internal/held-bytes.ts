import { RoamError } from "../errors.ts";

/**
 * Bytes that a server holds for its peers, all together. When there are too many, whoever holds most
 * has to give its own up, and again, until there are few enough.
 */
// r[impl session.x.limits]
export class HeldBytes {
  readonly #maxBytes: number;
  readonly #holders = new Set<Holder>();
  #bytes = 0;
  #isCalling = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @internal */
  onOpened(holder: Holder): void {
    this.#holders.add(holder);
  }

  /** @internal */
  onHeld(deltaBytes: number): void {
    this.#bytes += deltaBytes;
    if (this.#bytes <= this.#maxBytes || this.#isCalling) return;
    this.#isCalling = true;
    // Whoever holds more is in the midst of taking it. A turn brings no more than was read at once.
    queueMicrotask(() => this.#call());
  }

  /** @internal */
  onClosed(holder: Holder): void {
    this.#holders.delete(holder);
  }

  #call(): void {
    this.#isCalling = false;
    while (this.#bytes > this.#maxBytes) {
      const largest = this.#largest();
      if (largest === undefined) return;
      const held = `${this.#bytes} bytes are held in all, above ${this.#maxBytes}`;
      largest.giveUp(new RoamError("too-large", `${held}, and ${largest.bytes} of them here`));
      // Whatever it does: nobody is asked twice.
      largest.close();
    }
  }

  #largest(): Holder | undefined {
    let largest: Holder | undefined;
    for (const holder of this.#holders) {
      if (largest === undefined || holder.bytes > largest.bytes) largest = holder;
    }
    return largest;
  }
}

/** What one session, or its conduit, holds of them. */
export class Holder {
  readonly #all: HeldBytes | undefined;
  readonly giveUp: (cause: RoamError) => void;
  #isOpen = true;
  bytes = 0;

  /**
   * @param all undefined: nobody counts it but the holder
   * @param giveUp lets go of everything and ends in a `close`; never called from within `add`
   */
  constructor(all: HeldBytes | undefined, giveUp: (cause: RoamError) => void) {
    this.#all = all;
    this.giveUp = giveUp;
    all?.onOpened(this);
  }

  add(deltaBytes: number): void {
    if (!this.#isOpen) return;
    this.bytes += deltaBytes;
    this.#all?.onHeld(deltaBytes);
  }

  /** Holds nothing any more, and will not again. */
  close(): void {
    if (!this.#isOpen) return;
    this.add(-this.bytes);
    this.#isOpen = false;
    this.#all?.onClosed(this);
  }
}
