import type { RoamError } from "../errors.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import type { ItemReceiver } from "./item-receiver.ts";
import type { ItemSender } from "./item-sender.ts";

export type ChannelEnd<T> =
  | { readonly kind: "sender"; readonly sender: ItemSender<T> }
  | { readonly kind: "receiver"; readonly receiver: ItemReceiver<T> };

/** The end of a channel, at one side of it. */
export interface ChannelOver {
  /** Sent, or received. */
  readonly items: number;
  /** Undefined where it was closed, or reset here. */
  readonly cause: RoamError | undefined;
}

/**
 * What the two handles of a pair share. One of them goes into a call's arguments; binding it
 * gives the other one its end of the channel: a sender or a receiver, never both.
 */
// r[impl rpc.channel.pair]
export class ChannelCore<T> {
  #end: ChannelEnd<T> | undefined;
  #failure: RoamError | undefined;
  #bound: Deferred<ChannelEnd<T>> | undefined;
  /** Set by `keep`: the runtime does not end the channel when the handler is done. */
  isKept = false;
  #over: { readonly cause: RoamError | undefined } | undefined;
  /** Of those who look on; made for the first. */
  #watchers: ((over: ChannelOver) => void)[] | undefined;

  get end(): ChannelEnd<T> | undefined {
    return this.#end;
  }

  get failure(): RoamError | undefined {
    return this.#failure;
  }

  get isFree(): boolean {
    return this.#end === undefined && this.#failure === undefined;
  }

  // r[impl rpc.channel.pair.binding-propagation]
  bind(end: ChannelEnd<T>): void {
    this.#end = end;
    this.#bound?.resolve(end);
  }

  /** The call that was to carry the channel did not go out. */
  fail(cause: RoamError): void {
    if (!this.isFree) return;
    this.#failure = cause;
    this.#bound?.reject(cause);
    this.endedWith(cause);
  }

  /** The channel has ended here, or will never be; undefined if nothing went wrong. */
  endedWith(cause: RoamError | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = { cause };
    for (const onOver of this.#watchers ?? []) {
      try {
        onOver({ items: this.#items, cause });
      } catch (error) {
        // The watcher's own fault: what ended goes on to end.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Tells once that the channel has ended here: at once if it has. */
  watch(onOver: (over: ChannelOver) => void): void {
    if (this.#over !== undefined) return onOver({ items: this.#items, cause: this.#over.cause });
    this.#watchers ??= [];
    this.#watchers.push(onOver);
  }

  get #items(): number {
    const end = this.#end;
    if (end === undefined) return 0;
    return (end.kind === "sender" ? end.sender : end.receiver).status.items;
  }

  /** Resolves when the channel is bound; rejects if it never will be. */
  whenBound(): Promise<ChannelEnd<T>> {
    if (this.#end !== undefined) return Promise.resolve(this.#end);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#bound ??= deferred();
    // Each user of the promise sees the failure; the promise itself must not go unhandled.
    this.#bound.promise.catch(() => {});
    return this.#bound.promise;
  }
}
