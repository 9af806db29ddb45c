import type { Codec } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { WaitLine } from "../internal/wait-line.ts";
import type { Id } from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import { SendCredit } from "./credit.ts";
import type { MessageSink, SendPermit } from "./message-sink.ts";

/** Sends that wait at a time; more means that nobody awaits them. */
const MAX_PENDING_SENDS = 65_536;
const DONE: Promise<void> = Promise.resolve();

/** The sending end of one channel on one connection: credit, order, close. */
export class ItemSender<T> {
  readonly id: Id;
  readonly #sink: MessageSink;
  readonly #codec: Codec<T>;
  readonly #credit: SendCredit;
  readonly #line: WaitLine;
  readonly #onEnded: () => void;
  #end: RoamError | undefined;
  /** Sends under way, one behind the other: items leave in the order of their `send`s. */
  #tail: Promise<void> = DONE;
  #pending = 0;
  #isClosing = false;
  /** Told when the channel was reset or lost: whoever produces items can stop. */
  onStopped: ((cause: RoamError) => void) | undefined;

  constructor(options: { id: Id; sink: MessageSink; codec: Codec<T>; credit: number; onEnded: () => void }) {
    this.id = options.id;
    this.#sink = options.sink;
    this.#codec = options.codec;
    this.#credit = new SendCredit(options.credit);
    this.#line = new WaitLine(() => this.#credit.spend());
    this.#onEnded = options.onEnded;
  }

  get credit(): number {
    return this.#credit.available;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined || this.#isClosing;
  }

  send(value: T, signal?: AbortSignal): Promise<void> {
    if (this.#end !== undefined || this.#isClosing) return Promise.reject(this.#end ?? closedHere());
    if (this.#pending === 0 && this.#credit.available > 0 && !signal?.aborted) {
      const permit = this.#sink.tryReserve();
      if (permit !== undefined) {
        this.#credit.spend();
        return this.#put(permit, value);
      }
    }
    if (this.#pending >= MAX_PENDING_SENDS) {
      return Promise.reject(new RoamError("queue-full", `${this.#pending} sends wait: await each send`));
    }
    this.#pending++;
    const sent = this.#tail.then(() => this.#wait(value, signal)).finally(() => this.#pending--);
    this.#tail = sent.catch(() => {});
    return sent;
  }

  // r[impl rpc.flow-control.credit.exhaustion]
  async #wait(value: T, signal?: AbortSignal): Promise<void> {
    const permit = await this.#afterCredit(signal);
    if (this.#end !== undefined) {
      permit.release();
      throw this.#end;
    }
    await this.#put(permit, value);
  }

  async #afterCredit(signal?: AbortSignal): Promise<SendPermit> {
    await this.#line.take(signal);
    try {
      return this.#sink.tryReserve() ?? (await this.#sink.reserve(signal));
    } catch (error) {
      // The item did not go: its unit of credit is still ours.
      this.grant(1);
      throw error;
    }
  }

  #put(permit: SendPermit, value: T): Promise<void> {
    try {
      permit.send({
        tag: "ChannelItem",
        connectionId: this.#sink.connectionId,
        id: this.id,
        item: { value, encode: this.#codec.encode },
      });
      return DONE;
    } catch (error) {
      this.grant(1);
      return Promise.reject(error);
    }
  }

  /** Sends Close behind everything sent so far; resolves when it is on its way. */
  // r[impl rpc.channel.close]
  close(): Promise<void> {
    if (this.#end !== undefined || this.#isClosing) return DONE;
    this.#isClosing = true;
    if (this.#pending === 0) {
      this.#finish();
      return DONE;
    }
    this.#tail = this.#tail.then(() => this.#finish());
    return this.#tail;
  }

  #finish(): void {
    if (this.#end !== undefined) return;
    const { connectionId } = this.#sink;
    this.#sink.post({ tag: "ChannelClose", connectionId, id: this.id, metadata: Metadata.EMPTY });
    this.#stop(closedHere());
  }

  grant(additional: number): void {
    this.#credit.grant(additional);
    this.#line.serve();
  }

  /** The receiver wants no more. */
  // r[impl rpc.channel.reset]
  reset(): void {
    this.fail(new RoamError("channel-reset", "the receiver reset the channel"));
  }

  /** The connection is gone, or the channel was reset. */
  fail(cause: RoamError): void {
    if (this.#end !== undefined) return;
    this.#stop(cause);
    this.onStopped?.(cause);
  }

  #stop(cause: RoamError): void {
    this.#end = cause;
    this.#line.fail(cause);
    this.#onEnded();
  }
}

function closedHere(): RoamError {
  return new RoamError("closed", "the channel was closed here");
}
