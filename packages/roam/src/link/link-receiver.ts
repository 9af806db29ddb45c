import type { RoamError } from "../errors.ts";
import { Inbox } from "../internal/inbox.ts";
import type { LinkRx } from "./link.ts";

/** Payloads waiting to be pulled at which the link is paused. */
const HIGH_WATER = 16;

/** Pulls from a link: the contract's `recv` on top of the push form. */
// r[impl link.rx.recv]
export class LinkReceiver {
  readonly #rx: LinkRx;
  readonly #inbox = new Inbox<Uint8Array>();

  constructor(rx: LinkRx) {
    this.#rx = rx;
    rx.start(
      (payload) => {
        this.#inbox.push(payload.whole());
        if (this.#inbox.size >= HIGH_WATER) rx.pause();
      },
      (cause?: RoamError) => this.#inbox.end(cause),
    );
  }

  /**
   * The next payload, or null once the peer has closed, and null ever after.
   * Aborting leaves the payload for the next `recv`.
   *
   * @throws RoamError the cause, again and again, when the link has died
   */
  recv(options?: { signal?: AbortSignal }): Promise<Uint8Array | null> {
    const taken = this.#inbox.take(options?.signal);
    if (this.#inbox.size < HIGH_WATER) this.#rx.resume();
    return taken;
  }
}
