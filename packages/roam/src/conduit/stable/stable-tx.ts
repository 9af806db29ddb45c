import { EncodeError } from "roam-postcard";
import { RoamError } from "../../errors.ts";
import { WaitLine } from "../../internal/wait-line.ts";
import type { ConduitPermit, ConduitTx, MessageFamily } from "../conduit.ts";
import type { ItemBytes } from "./frame.ts";
import { ItemArena } from "./item-arena.ts";
import type { StableCore } from "./stable-core.ts";
import { type PermitOwner, StablePermit } from "./stable-permit.ts";

/** What the sending half asks of its conduit. */
export interface OutboundFlow<M> {
  /** The current link takes nothing more right now. */
  isBlocked(): boolean;
  /** Numbers an item and writes it, on this link or the next. */
  enqueue(item: ItemBytes): void;
  /**
   * Encodes an item into the current link's buffer, where it is kept for replay, and numbers it.
   *
   * @returns false if the link takes nothing now, or keeps nothing
   * @throws what encoding throws; nothing was written then
   */
  tryWrite(item: M): boolean;
  /** The numbers are used up. @returns the error that everybody gets */
  exhausted(): RoamError;
  /** Nothing more is sent; resolves when that is said. */
  close(): Promise<void>;
}

/** Sending half of a stable conduit: permits within the bound of the replay buffer, and encoding. */
export class StableTx<M> implements ConduitTx<M>, PermitOwner<M> {
  maxPayloadBytes = 0xffff_ffff;
  readonly #core: StableCore;
  readonly #flow: OutboundFlow<M>;
  readonly #arena: ItemArena<M>;
  readonly #line: WaitLine;
  #failure: RoamError | undefined;

  constructor(family: MessageFamily<M>, core: StableCore, flow: OutboundFlow<M>) {
    this.#core = core;
    this.#flow = flow;
    this.#arena = new ItemArena(family.encode);
    // While a link is there and full, its own backpressure counts: what is behind in the replay
    // buffer would hold up what is urgent.
    this.#line = new WaitLine(() => !flow.isBlocked() && core.tryTakePermit());
  }

  // r[impl conduit.x.reserve]
  async reserve(options?: { signal?: AbortSignal }): Promise<ConduitPermit<M>> {
    await this.#line.take(options?.signal);
    return new StablePermit(this);
  }

  tryReserve(): ConduitPermit<M> | undefined {
    return this.#line.tryTake() ? new StablePermit(this) : undefined;
  }

  trySend(item: M): boolean {
    if (!this.#line.tryTake()) return false;
    this.sent(item);
    return true;
  }

  // r[impl stable.x.ack-solicit]
  tryReservePastBound(): ConduitPermit<M> | undefined {
    const isAdmitted = this.#failure === undefined && this.#core.tryTakeHeadroom();
    return isAdmitted ? new StablePermit(this) : undefined;
  }

  released(): void {
    this.#core.returnPermit();
    this.#line.serve();
  }

  /** Encodes first, then numbers: a failed encode leaves no hole. */
  // r[impl stable.x.permit]
  sent(item: M): void {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#core.isExhausted) throw this.#flow.exhausted();
      if (!this.#flow.tryWrite(item)) this.#flow.enqueue(this.checked(this.encode(item)));
    } catch (error) {
      this.released();
      if (error instanceof EncodeError) throw new RoamError("encode", error.message, { cause: error });
      throw error;
    }
    this.#line.serve();
  }

  encode(item: M): ItemBytes {
    if (this.#core.replayFrames === 0) this.#arena.reuse();
    return this.#arena.add(item);
  }

  /** @throws RoamError `too-large` */
  checked(item: ItemBytes): ItemBytes {
    const length = item.end - item.start;
    if (length <= this.maxPayloadBytes) return item;
    throw new RoamError(
      "too-large",
      `an item of ${length} bytes is above the limit of ${this.maxPayloadBytes}`,
    );
  }

  /** There may be room again. */
  serve(): void {
    this.#line.serve();
  }

  /** From now on nothing can be sent; waiters are turned away and permits are void. */
  fail(error: RoamError): void {
    this.#failure ??= error;
    this.#line.fail(error);
  }

  // r[impl conduit.x.close]
  close(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve();
    this.fail(new RoamError("closed", "the conduit was closed here"));
    return this.#flow.close();
  }
}
