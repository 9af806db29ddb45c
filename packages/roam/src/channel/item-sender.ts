import type { Codec } from "roam-postcard";
import { abortReason, asError, RoamError } from "../errors.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import type { ChannelItem, Id } from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import type { ChannelStatus } from "./channel-status.ts";
import { SendCredit } from "./credit.ts";
import type { OnEnded } from "./item-receiver.ts";
import type { MessageSink, SendPermit } from "./message-sink.ts";

/** Sends that wait at a time; more means that nobody awaits them. */
const MAX_PENDING_SENDS = 65_536;
const DONE: Promise<void> = Promise.resolve();

interface Waiting<T> {
  readonly value: T;
  resolve(): void;
  reject(error: unknown): void;
}

/** The sending end of one channel on one connection: credit, order, close. */
export class ItemSender<T> {
  readonly id: Id;
  readonly #sink: MessageSink;
  readonly #codec: Codec<T>;
  readonly #credit: SendCredit;
  readonly #onEnded: OnEnded;
  #end: RoamError | undefined;
  /** Sends under way, in order; a Set, for an aborted one leaves from the middle. */
  readonly #waiting = new Set<Waiting<T>>();
  #isPumping = false;
  #closing: Deferred<void> | undefined;
  #sent = 0;

  constructor(options: { id: Id; sink: MessageSink; codec: Codec<T>; credit: number; onEnded: OnEnded }) {
    this.id = options.id;
    this.#sink = options.sink;
    this.#codec = options.codec;
    this.#credit = new SendCredit(options.credit);
    this.#onEnded = options.onEnded;
  }

  get credit(): number {
    return this.#credit.available;
  }

  get status(): ChannelStatus {
    const { id, credit } = this;
    return {
      id,
      direction: "out",
      items: this.#sent,
      credit,
      waiting: this.#waiting.size,
      waitingBytes: 0,
      isWanted: false,
    };
  }

  get hasEnded(): boolean {
    return this.#end !== undefined || this.#closing !== undefined;
  }

  /** Items leave in the order of their `send`s; an aborted one has not been sent. */
  // r[impl rpc.flow-control.credit.exhaustion]
  send(value: T, signal?: AbortSignal): Promise<void> {
    if (this.hasEnded) return Promise.reject(this.#end ?? closedHere());
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.#waiting.size === 0 && this.#credit.available > 0) {
      try {
        if (this.#sink.trySend(this.#message(value))) {
          this.#credit.spend();
          this.#sent++;
          return DONE;
        }
      } catch (error) {
        // The item did not go: its unit of credit is still ours.
        return Promise.reject(error);
      }
    }
    if (this.#waiting.size >= MAX_PENDING_SENDS) {
      return Promise.reject(new RoamError("queue-full", `${this.#waiting.size} sends wait: await each send`));
    }
    const sent = this.#wait(value, signal);
    void this.#pump();
    return sent;
  }

  #wait(value: T, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiting);
        reject(abortReason(signal as AbortSignal));
        this.#closeIfDue();
      };
      const settle = () => signal?.removeEventListener("abort", onAbort);
      const waiting: Waiting<T> = {
        value,
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  /** Sends what waits, as far as credit goes. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#waiting.size > 0 && this.#credit.available > 0) {
        const permit = this.#sink.tryReserve() ?? (await this.#sink.reserve());
        const [first] = this.#waiting;
        // Aborted, reset or lost while the permit was awaited.
        if (first === undefined) {
          permit.release();
          break;
        }
        this.#waiting.delete(first);
        this.#put(permit, first);
      }
    } catch (error) {
      // The connection is dead; the channel hears it from there as well.
      this.fail(
        error instanceof RoamError ? error : new RoamError("io", asError(error).message, { cause: error }),
      );
    } finally {
      this.#isPumping = false;
    }
    this.#closeIfDue();
  }

  // r[impl rpc.channel.item]
  #message(value: T): ChannelItem {
    const { connectionId } = this.#sink;
    return { tag: "ChannelItem", connectionId, id: this.id, item: { value, encode: this.#codec.encode } };
  }

  #put(permit: SendPermit, { value, resolve, reject }: Waiting<T>): void {
    try {
      permit.send(this.#message(value));
    } catch (error) {
      return reject(error);
    }
    this.#credit.spend();
    this.#sent++;
    resolve();
  }

  /** Sends Close behind everything sent so far; resolves when it is on its way. */
  // r[impl rpc.channel.close]
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    if (this.#end !== undefined) return DONE;
    this.#closing = deferred();
    this.#closeIfDue();
    return this.#closing.promise;
  }

  #closeIfDue(): void {
    if (this.#closing === undefined || this.#waiting.size > 0 || this.#end !== undefined) return;
    this.#postClose();
    this.#stop(closedHere(), undefined);
  }

  #postClose(): void {
    const { connectionId } = this.#sink;
    this.#sink.post({ tag: "ChannelClose", connectionId, id: this.id, metadata: Metadata.EMPTY });
  }

  grant(additional: number): void {
    this.#credit.grant(additional);
    if (this.#waiting.size > 0) void this.#pump();
  }

  /** The receiver wants no more. */
  // r[impl rpc.channel.reset]
  reset(): void {
    this.fail(new RoamError("channel-reset", "the receiver reset the channel"));
  }

  /** Nobody is left to send or to ask: what waits is dropped, the receiver sees the end. */
  abandon(cause: RoamError): void {
    if (this.#end !== undefined) return;
    this.#postClose();
    this.#stop(cause, cause);
  }

  /** The connection is gone, or the channel was reset. */
  fail(cause: RoamError): void {
    if (this.#end === undefined) this.#stop(cause, cause);
  }

  /** @param told what went wrong, for those who look on */
  #stop(cause: RoamError, told: RoamError | undefined): void {
    this.#end = cause;
    for (const waiting of this.#waiting) waiting.reject(cause);
    this.#waiting.clear();
    this.#closing?.resolve();
    this.#onEnded(told);
  }
}

function closedHere(): RoamError {
  return new RoamError("closed", "the channel was closed here");
}
