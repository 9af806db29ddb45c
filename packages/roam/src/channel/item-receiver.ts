import { type Codec, DecodeError, Reader } from "roam-postcard";
import { ProtocolError, RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import { ownRest } from "../internal/own.ts";
import type { Id } from "../wire/message.ts";
import { Metadata } from "../wire/metadata.ts";
import type { ChannelStatus } from "./channel-status.ts";
import { isCompact } from "./compact-item.ts";
import { type CreditBudget, ReceiveCredit } from "./credit.ts";
import type { MessageSink } from "./message-sink.ts";

interface Waiting<T> {
  readonly isIterating: boolean;
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** An item that came and did not decode: its reader gets the error when its turn comes. */
class Undecodable {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Told how many bytes of items wait, so that a session can keep its sum. */
export type OnBuffered = (deltaBytes: number) => void;

/** Told once, with what went wrong if something did. */
export type OnEnded = (cause: RoamError | undefined) => void;

/** The receiving end of one channel on one connection: buffer, credit, end. */
export class ItemReceiver<T> {
  readonly id: Id;
  readonly #sink: MessageSink;
  readonly #codec: Codec<T>;
  readonly #credit: ReceiveCredit;
  readonly #onEnded: OnEnded;
  readonly #onBuffered: OnBuffered;
  /** True: items wait as values; false: as bytes. */
  readonly #decodesEarly: boolean;
  readonly #items = new Deque<T | Undecodable | Uint8Array>();
  /** The length of each item that waits (bytes). */
  readonly #lengths = new Deque<number>();
  #waiting: Waiting<T> | undefined;
  /** Set when nothing more will come: bare after Close, with the cause otherwise. */
  #end: { readonly cause?: RoamError } | undefined;

  constructor(options: {
    id: Id;
    sink: MessageSink;
    codec: Codec<T>;
    credit: number;
    budget?: CreditBudget;
    onEnded: OnEnded;
    onBuffered: OnBuffered;
  }) {
    this.id = options.id;
    this.#sink = options.sink;
    this.#codec = options.codec;
    this.#credit = new ReceiveCredit(options.credit, options.budget);
    this.#onEnded = options.onEnded;
    this.#onBuffered = options.onBuffered;
    this.#decodesEarly = isCompact(options.codec.schema);
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** @throws ProtocolError if the sender had no credit */
  push(item: Reader): void {
    if (this.#end !== undefined) return;
    const length = item.remaining;
    if (!this.#credit.received(length)) {
      throw new ProtocolError(
        "rpc.flow-control.credit.exhaustion",
        `an item without credit on channel ${this.id}`,
      );
    }
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#onBuffered(length);
      this.#items.push(this.#decodesEarly ? this.#decode(item) : ownRest(item));
      this.#lengths.push(length);
      return;
    }
    this.#waiting = undefined;
    this.#taken(length);
    const value = this.#decode(item);
    if (value instanceof Undecodable) waiting.reject(this.#refused(value, waiting.isIterating));
    else waiting.resolve({ done: false, value });
  }

  get status(): ChannelStatus {
    const { receivedItems, outstanding, buffered, bufferedBytes } = this.#credit;
    return {
      id: this.id,
      direction: "in",
      items: receivedItems,
      credit: outstanding,
      waiting: buffered,
      waitingBytes: bufferedBytes,
      isWanted: this.#waiting !== undefined,
    };
  }

  /**
   * The next item. One reader at a time.
   *
   * @param isIterating an item that does not decode ends the channel, for its reader will not
   *   come back; else the next ones can still be taken
   * @throws RoamError `decode`, `channel-reset`, or what the connection died of
   */
  // r[impl rpc.x.channel-errors]
  take(isIterating = false): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== undefined) return Promise.reject(new TypeError("only one reader at a time"));
    const length = this.#lengths.shift();
    if (length !== undefined) {
      const item = this.#items.shift();
      this.#onBuffered(-length);
      this.#taken(length);
      const value = this.#decodesEarly
        ? (item as T | Undecodable)
        : this.#decode(new Reader(item as Uint8Array));
      if (value instanceof Undecodable) return Promise.reject(this.#refused(value, isIterating));
      return Promise.resolve({ done: false, value });
    }
    if (this.#end !== undefined) {
      return this.#end.cause === undefined ? Promise.resolve(DONE) : Promise.reject(this.#end.cause);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, isIterating };
    });
  }

  // An item that does not decode is taken as well.
  #taken(length: number): void {
    const grant = this.#credit.taken(length);
    if (grant > 0 && this.#end === undefined) this.#post(grant);
  }

  #decode(item: Reader): T | Undecodable {
    try {
      return this.#codec.decode(item);
    } catch (error) {
      return new Undecodable(error);
    }
  }

  /** What the reader of an item that does not decode gets. */
  #refused({ error }: Undecodable, isIterating: boolean): unknown {
    if (!(error instanceof DecodeError)) return error;
    if (isIterating) this.reset();
    return new RoamError("decode", `an item of channel ${this.id}: ${error.message}`, { cause: error });
  }

  /** Lets the sender send `additional` items more than consumption would. */
  grant(additional: number): void {
    if (!Number.isInteger(additional) || additional < 1 || additional > 0xffff_ffff) {
      throw new RangeError(`a grant of ${additional} is not a positive u32`);
    }
    if (this.#end !== undefined) return;
    this.#credit.granted(additional);
    this.#post(additional);
  }

  #post(additional: number): void {
    const { connectionId } = this.#sink;
    this.#sink.post({ tag: "ChannelGrantCredit", connectionId, id: this.id, additional });
  }

  /** The sender closed: what waits can still be taken. */
  finish(): void {
    this.#finish({});
  }

  /** The sender gave up, or the connection is gone: what waits can still be taken. */
  fail(cause: RoamError): void {
    this.#finish({ cause });
  }

  /** The application wants no more: the sender is told, what waits is dropped. */
  // r[impl rpc.channel.reset]
  reset(): void {
    this.#stopSender({});
    this.#items.drain();
    for (const length of this.#lengths.drain()) this.#onBuffered(-length);
  }

  /** The call behind the channel failed: the sender is told, what waits can still be taken. */
  abandon(cause: RoamError): void {
    this.#stopSender({ cause });
  }

  #stopSender(end: { readonly cause?: RoamError }): void {
    if (this.#end !== undefined) return;
    const { connectionId } = this.#sink;
    this.#sink.post({ tag: "ChannelReset", connectionId, id: this.id, metadata: Metadata.EMPTY });
    this.#finish(end);
  }

  #finish(end: { readonly cause?: RoamError }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (end.cause === undefined) waiting?.resolve(DONE);
    else waiting?.reject(end.cause);
    this.#onEnded(end.cause);
  }
}
