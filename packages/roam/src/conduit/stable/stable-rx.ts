import { DecodeError, type Reader } from "roam-postcard";
import { RoamError } from "../../errors.ts";
import type { ConduitRx, MessageFamily, Received } from "../conduit.ts";
import { PulledItems } from "../pulled-items.ts";

/** Items that wait for a listener at which the flow is paused: acks are taken without one. */
const HIGH_WATER = 16;

/** What the receiving half asks of its conduit: that the current link follows. */
export interface InboundFlow {
  pause(): void;
  resume(): void;
  limit(maxPayloadBytes: number): void;
}

/** Receiving half of a stable conduit: decodes items and hands them up, whatever link they came by. */
export class StableRx<M> implements ConduitRx<M> {
  readonly #decode: MessageFamily<M>["decode"];
  readonly #flow: InboundFlow;
  #maxPayloadBytes = 0xffff_ffff;
  #onItem: ((item: M, payload: Reader) => void) | undefined;
  #onEnd: ((cause?: RoamError) => void) | undefined;
  #pulled: PulledItems<M> | undefined;
  /** Items that came before anybody listened. */
  #early: { readonly value: M; readonly payload: Reader }[] = [];
  #ended: { readonly cause: RoamError | undefined } | undefined;
  isPaused = false;

  constructor(family: MessageFamily<M>, flow: InboundFlow) {
    this.#decode = family.decode;
    this.#flow = flow;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  get maxPayloadBytes(): number {
    return this.#maxPayloadBytes;
  }

  set maxPayloadBytes(bytes: number) {
    this.#maxPayloadBytes = bytes;
    this.#flow.limit(bytes);
  }

  start(onItem: (item: M, payload: Reader) => void, onEnd: (cause?: RoamError) => void): void {
    if (this.#onItem !== undefined) throw new TypeError("the receiving half was started already");
    this.#onItem = onItem;
    const early = this.#early;
    this.#early = [];
    if (early.length >= HIGH_WATER) this.resume();
    for (const { value, payload } of early) onItem(value, payload);
    if (this.#ended === undefined) this.#onEnd = onEnd;
    else onEnd(this.#ended.cause);
  }

  pause(): void {
    this.isPaused = true;
    this.#flow.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#flow.resume();
  }

  // r[impl conduit.x.recv]
  recv(options?: { signal?: AbortSignal }): Promise<Received<M> | null> {
    // Who pulls cannot send a last word: the conduit ends as it will.
    this.#pulled ??= new PulledItems(this, () => {});
    return this.#pulled.take(options?.signal);
  }

  /**
   * The item that a reader stands before.
   *
   * @throws RoamError `decode`: no replay of the same bytes can help
   */
  // r[impl stable.x.malformed]
  deliver(reader: Reader): void {
    let item: M;
    try {
      item = this.#decode(reader);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new RoamError("decode", error.message, { cause: error });
    }
    if (this.#ended !== undefined) return;
    if (this.#onItem === undefined) this.#keep(item, reader);
    else this.#onItem(item, reader);
  }

  #keep(value: M, payload: Reader): void {
    this.#early.push({ value, payload });
    if (this.#early.length >= HIGH_WATER) this.pause();
  }

  /** Nothing comes any more: bare after the peer's close. Told once. */
  end(cause?: RoamError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { cause };
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(cause);
  }
}
