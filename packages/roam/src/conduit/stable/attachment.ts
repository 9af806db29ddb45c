import type { Reader } from "roam-postcard";
import type { RoamError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import type { Link } from "../../link/link.ts";

/** Time that the peer may take to end a link on which all was said (ms). */
const LEAVE_MS = 1000;

type OnPayload = (payload: Reader) => void;
type OnEnd = (cause?: RoamError) => void;

/** A link that passes from hand to hand: its handshake is read by one, its frames by another. */
export class Attachment {
  readonly link: Link;
  #onPayload: OnPayload | undefined;
  #onEnd: OnEnd | undefined;
  #ended: { readonly cause: RoamError | undefined } | undefined;
  #isFenced = false;
  /** Payloads that came while nobody took them: what one chunk of the transport brings, at most. */
  #held: Reader[] = [];

  /** @param onGone the link brings no more, whoever has it then */
  constructor(link: Link, onGone: () => void = () => {}) {
    this.link = link;
    link.rx.start(
      (payload) => {
        if (this.#isFenced) return;
        if (this.#onPayload === undefined) this.#held.push(payload);
        else this.#onPayload(payload);
      },
      (cause) => {
        this.#ended = { cause };
        onGone();
        if (!this.#isFenced) this.#onEnd?.(cause);
      },
    );
  }

  /**
   * Nobody takes payloads until the next `receive`: the link is paused, what comes is held.
   *
   * @param unread a payload to be received again
   */
  hold(unread?: Reader): void {
    this.#onPayload = undefined;
    this.#onEnd = undefined;
    if (unread !== undefined) this.#held.unshift(unread);
    this.link.rx.pause();
  }

  /** Payloads and the end go here from now on, those first that came before. */
  receive(onPayload: OnPayload, onEnd: OnEnd): void {
    this.#onPayload = onPayload;
    this.#onEnd = onEnd;
    this.link.rx.resume();
    // One of them may hold the rest back again.
    while (this.#held.length > 0 && this.#onPayload === onPayload && !this.#isFenced) {
      onPayload(this.#held.shift() as Reader);
    }
    if (this.#ended !== undefined && this.#onEnd === onEnd && !this.#isFenced) onEnd(this.#ended.cause);
  }

  /** @returns false if the link takes nothing: it has died, for a handshake is the first to write */
  send(payload: Uint8Array): boolean {
    const permit = this.link.tx.tryReserve();
    permit?.write(payload, (writer, bytes) => writer.raw(bytes));
    return permit !== undefined;
  }

  /** The link for somebody who knows nothing of this: as if nobody had read from it. */
  handOn(): Link {
    const { link } = this;
    return {
      tx: link.tx,
      peer: link.peer,
      destroy: (cause) => link.destroy(cause),
      rx: {
        get maxPayloadBytes() {
          return link.rx.maxPayloadBytes;
        },
        set maxPayloadBytes(bytes) {
          link.rx.maxPayloadBytes = bytes;
        },
        start: (onPayload, onEnd) => this.receive(onPayload, onEnd),
        pause: () => link.rx.pause(),
        resume: () => link.rx.resume(),
      },
    };
  }

  /** All was said on both sides: what is on its way arrives, and then the link ends. */
  leave(clock: Clock): void {
    const ended = new Promise<void>((resolve) => {
      this.receive(
        () => {},
        () => resolve(),
      );
    });
    this.#fenceAfter(Promise.all([this.link.tx.close(), ended]), clock);
  }

  /** Nothing that comes is of interest: the peer gets what it was told, if it listens, and the link ends. */
  hangUp(clock: Clock): void {
    this.hold();
    this.#fenceAfter(this.link.tx.close(), clock);
  }

  #fenceAfter(done: Promise<unknown>, clock: Clock): void {
    const stop = clock.after(LEAVE_MS, () => this.fence());
    void done.then(() => {
      stop();
      this.fence();
    });
  }

  /** Nothing is taken from or written to the link any more; it is closed without waiting. */
  // r[impl stable.x.fence]
  fence(cause?: RoamError): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    this.#held = [];
    this.link.destroy(cause);
  }
}
