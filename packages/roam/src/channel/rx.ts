import { RoamError } from "../errors.ts";
import { asyncDispose } from "../internal/dispose.ts";
import type { ChannelCore } from "./channel-core.ts";
import type { ItemReceiver } from "./item-receiver.ts";

/**
 * Receiving handle of a channel. `for await` ends when the sender closed and throws when the
 * channel failed; leaving the loop early, or by an item that does not decode, resets the
 * channel. One reader at a time.
 */
export class Rx<T> implements AsyncIterableIterator<T, undefined, undefined>, AsyncDisposable {
  readonly #core: ChannelCore<T>;
  #receiver: ItemReceiver<T> | undefined;

  constructor(core: ChannelCore<T>) {
    this.#core = core;
  }

  // An IteratorResult, not `T | null`: `Option<T>` decodes to null, so null cannot mean the end.
  next(): Promise<IteratorResult<T, undefined>> {
    const receiver = this.#receiver ?? this.#take();
    if (receiver === undefined) return this.#core.whenBound().then(() => this.next());
    return receiver.take(true);
  }

  /**
   * Like `next`, for those who read on after an item that does not decode.
   *
   * @throws RoamError `decode`, `channel-reset`, or what the connection died of
   */
  async recv(): Promise<IteratorResult<T, undefined>> {
    const receiver = this.#receiver ?? this.#take();
    if (receiver !== undefined) return receiver.take();
    await this.#core.whenBound();
    return this.recv();
  }

  /** `break` out of `for await` lands here. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.reset();
    return { done: true, value: undefined };
  }

  /** Tells the sender to stop and drops what waits. */
  reset(): void {
    const receiver = this.#receiver ?? this.#take();
    if (receiver !== undefined) receiver.reset();
    // Not bound yet: as soon as it is.
    else if (this.#core.isFree)
      this.#core.whenBound().then(
        () => this.reset(),
        () => {},
      );
  }

  /** Allows `additional` items beyond what reading grants: a channel with credit 0 starts so. */
  grant(additional: number): void {
    const receiver = this.#receiver ?? this.#take();
    if (receiver !== undefined) receiver.grant(additional);
    else
      this.#core.whenBound().then(
        () => this.grant(additional),
        () => {},
      );
  }

  /** Keeps a handler's channel open after the handler is done; whoever holds it reads on. */
  keep(): this {
    this.#core.isKept = true;
    return this;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [asyncDispose](): Promise<void> {
    this.reset();
  }

  // r[impl rpc.channel.pair.rx-take]
  #take(): ItemReceiver<T> | undefined {
    const { end } = this.#core;
    if (end === undefined) return undefined;
    if (end.kind === "sender") {
      throw new RoamError("closed", "this handle was given to a call: the counterpart receives");
    }
    this.#receiver = end.receiver;
    return end.receiver;
  }

  /** @internal The call behind the channel failed. */
  static abandon(rx: Rx<unknown>, cause: RoamError): void {
    const { end } = rx.#core;
    if (end?.kind === "receiver") end.receiver.abandon(cause);
    else rx.#core.fail(cause);
  }

  /** @internal */
  static coreOf<T>(rx: Rx<T>): ChannelCore<T> {
    return rx.#core;
  }
}
