import type { RoamError } from "../../errors.ts";
import type { Link } from "../../link/link.ts";

/** One link in use by a stable conduit: whoever holds it decides who gets its payloads. */
export class Attachment {
  readonly link: Link;
  #onPayload: ((payload: Uint8Array) => void) | undefined;
  #onEnd: ((cause?: RoamError) => void) | undefined;
  #ended: { readonly cause: RoamError | undefined } | undefined;
  #isFenced = false;
  /** Payloads that came while nobody was told to take them; what one chunk brings, at most. */
  #held: Uint8Array[] = [];

  constructor(link: Link) {
    this.link = link;
    link.rx.start(
      (payload) => {
        if (this.#isFenced) return;
        if (this.#onPayload === undefined) this.#held.push(payload);
        else this.#onPayload(payload);
      },
      (cause) => {
        this.#ended = { cause };
        if (!this.#isFenced) this.#onEnd?.(cause);
      },
    );
  }

  /** Nobody takes payloads until the next `receive`: the link is paused, what comes is held. */
  hold(): void {
    this.#onPayload = undefined;
    this.#onEnd = undefined;
    this.link.rx.pause();
  }

  /** Payloads and the end go here from now on, those first that came before. */
  receive(onPayload: (payload: Uint8Array) => void, onEnd: (cause?: RoamError) => void): void {
    this.#onPayload = onPayload;
    this.#onEnd = onEnd;
    this.link.rx.resume();
    const held = this.#held;
    this.#held = [];
    for (const payload of held) if (!this.#isFenced) onPayload(payload);
    if (this.#ended !== undefined && !this.#isFenced) onEnd(this.#ended.cause);
  }

  /** Sends one payload of a handshake. */
  async send(payload: Uint8Array): Promise<void> {
    const permit = this.link.tx.tryReserve() ?? (await this.link.tx.reserve());
    permit.write(payload, (writer, bytes) => writer.raw(bytes));
  }

  /** Nothing is taken from or written to the link any more; it is closed without waiting. */
  // r[impl stable.x.fence]
  fence(cause?: RoamError): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    this.link.destroy(cause);
  }
}
