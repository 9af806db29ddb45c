import type { RoamError } from "../errors.ts";
import { dispose } from "../internal/dispose.ts";
import { Inbox } from "../internal/inbox.ts";
import type { ConduitRx, Received } from "./conduit.ts";

/** Items waiting to be pulled at which the flow is paused. */
const HIGH_WATER = 16;

/** `recv` on top of a conduit's push form. */
export class PulledItems<M> {
  readonly #rx: Pick<ConduitRx<M>, "start" | "pause" | "resume">;
  readonly #inbox = new Inbox<Received<M>>();

  /** @param onFailed the conduit ended with an error */
  constructor(rx: Pick<ConduitRx<M>, "start" | "pause" | "resume">, onFailed: (cause: RoamError) => void) {
    this.#rx = rx;
    rx.start(
      (value, payload) => {
        this.#inbox.push({ value, backing: payload.whole(), release() {}, [dispose]() {} });
        if (this.#inbox.size >= HIGH_WATER) rx.pause();
      },
      (cause) => {
        this.#inbox.end(cause);
        if (cause !== undefined) onFailed(cause);
      },
    );
  }

  take(signal?: AbortSignal): Promise<Received<M> | null> {
    const taken = this.#inbox.take(signal);
    if (this.#inbox.size < HIGH_WATER) this.#rx.resume();
    return taken;
  }
}
