import { RoamError } from "../errors.ts";
import { asyncDispose } from "../internal/dispose.ts";
import { orAborted } from "../internal/or-aborted.ts";
import type { ChannelCore } from "./channel-core.ts";
import type { ItemSender } from "./item-sender.ts";

/**
 * Sending handle of a channel. `send` waits for credit, which is the receiver's pace.
 * A handler's `Tx` is closed by the runtime when the handler is done, unless kept.
 */
export class Tx<T> implements AsyncDisposable {
  readonly #core: ChannelCore<T>;
  /** Sends that wait for the channel to be bound; later ones must stay behind them. */
  #early = 0;

  constructor(core: ChannelCore<T>) {
    this.#core = core;
  }

  /**
   * Sends one item. The value is encoded before the returned promise settles and may be
   * changed afterwards.
   *
   * @throws RoamError `channel-reset` when the receiver wants no more; `encode`, `too-large`;
   *   `closed` after `close`; what the connection died of
   */
  // r[impl rpc.channel.pair.tx-read]
  send(value: T, options?: { signal?: AbortSignal }): Promise<void> {
    const sender = this.#bound();
    if (sender !== undefined && this.#early === 0) return sender.send(value, options?.signal);
    return this.#sendEarly(value, options?.signal);
  }

  async #sendEarly(value: T, signal: AbortSignal | undefined): Promise<void> {
    this.#early++;
    try {
      await orAborted(this.#core.whenBound(), signal);
    } finally {
      this.#early--;
    }
    return this.#bound()?.send(value, signal);
  }

  /** Ends the channel behind everything sent. Closing twice is fine. */
  async close(): Promise<void> {
    const sender = this.#bound();
    if (sender !== undefined && this.#early === 0) return sender.close();
    if (this.#core.failure === undefined) await orAborted(this.#core.whenBound(), undefined);
    return this.#bound()?.close();
  }

  /** Keeps a handler's channel open after the handler is done; whoever holds it must close it. */
  keep(): this {
    this.#core.isKept = true;
    return this;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  #bound(): ItemSender<T> | undefined {
    const { end } = this.#core;
    if (end === undefined) return undefined;
    if (end.kind === "receiver") {
      throw new RoamError("closed", "this handle was given to a call: the counterpart sends");
    }
    return end.sender;
  }

  /** @internal The call behind the channel failed. */
  static abandon(tx: Tx<unknown>, cause: RoamError): void {
    const { end } = tx.#core;
    if (end?.kind === "sender") end.sender.abandon(cause);
    else tx.#core.fail(cause);
  }

  /** @internal */
  static coreOf<T>(tx: Tx<T>): ChannelCore<T> {
    return tx.#core;
  }
}
