import type { Reader } from "roam-postcard";
import type { RoamError } from "../errors.ts";
import type { LinkRx } from "./link.ts";

/** How a transport is told to read; `start` is called once. */
interface Flow {
  start(): void;
  pause(): void;
  resume(): void;
  /** For transports that hold a payload whole before it comes here. */
  limit?(maxPayloadBytes: number): void;
}

/** Receiving half of a link: hands payloads up until the end, which is told once. */
export class LinkRxBase implements LinkRx {
  #maxPayloadBytes = 0xffff_ffff;
  #onPayload: ((payload: Reader) => void) | undefined;
  #onEnd: ((cause?: RoamError) => void) | undefined;
  #isStarted = false;
  // What came before `start`: not every transport can be told to wait.
  #early: Reader[] | undefined = [];
  #ended: { readonly cause: RoamError | undefined } | undefined;
  readonly #flow: Flow;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  get maxPayloadBytes(): number {
    return this.#maxPayloadBytes;
  }

  set maxPayloadBytes(maxBytes: number) {
    this.#maxPayloadBytes = maxBytes;
    this.#flow.limit?.(maxBytes);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  start(onPayload: (payload: Reader) => void, onEnd: (cause?: RoamError) => void): void {
    if (this.#isStarted) throw new TypeError("the receiving half was started already");
    this.#isStarted = true;
    this.#onPayload = onPayload;
    this.#onEnd = onEnd;
    if (this.#early?.length === 0 && this.#ended === undefined) this.#early = undefined;
    else queueMicrotask(() => this.#catchUp());
    if (this.#ended === undefined) this.#flow.start();
  }

  #catchUp(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const payload of early) this.#onPayload?.(payload);
    if (this.#ended !== undefined) this.#tellEnd(this.#ended.cause);
  }

  pause(): void {
    if (this.#ended === undefined) this.#flow.pause();
  }

  resume(): void {
    if (this.#ended === undefined) this.#flow.resume();
  }

  // r[impl link.message]
  // r[impl link.order]
  deliver(payload: Reader): void {
    if (this.#early === undefined) this.#onPayload?.(payload);
    else this.#early.push(payload);
  }

  // r[impl link.rx.eof]
  // r[impl link.rx.error]
  end(cause?: RoamError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { cause };
    if (this.#early === undefined) this.#tellEnd(cause);
  }

  #tellEnd(cause: RoamError | undefined): void {
    const onEnd = this.#onEnd;
    this.#onPayload = undefined;
    this.#onEnd = undefined;
    onEnd?.(cause);
  }
}
