import { DecodeError, EncodeError, Reader, Writer } from "roam-postcard";
import { RoamError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import { dispose } from "../../internal/dispose.ts";
import { own } from "../../internal/own.ts";
import { WaitLine } from "../../internal/wait-line.ts";
import type { Conduit, ConduitPermit, ConduitRx, ConduitTx, MessageFamily, Received } from "../conduit.ts";
import { PulledItems } from "../pulled-items.ts";
import type { Attachment } from "./attachment.ts";
import { decodeFrame, type Frame, MAX_FRAME_HEADER_BYTES, writeFrameHeader } from "./frame.ts";
import { StableCore } from "./stable-core.ts";
import type { StableLimits } from "./stable-limits.ts";
import type { LostReason, StableState } from "./stable-state.ts";

export interface StableConduitOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits: StableLimits;
  readonly clock: Clock;
  readonly peer: string;
  onState?(state: StableState): void;
  /** The link is gone and the session is not: find another one, or wait for it. */
  onDetached(reason: string): void;
  /** The session is over: nothing will be attached any more. */
  onOver(): void;
  /** For tests near the wrap. */
  readonly firstSeq?: number;
}

/**
 * One reliable ordered stream of items over links that come and go: numbers, acks and a replay
 * buffer see to it that nothing is lost and nothing comes twice.
 */
// r[impl stable]
// r[impl conduit.stable]
export class StableConduit<M> implements Conduit<M>, ConduitTx<M>, ConduitRx<M> {
  maxPayloadBytes = 0xffff_ffff;
  readonly core: StableCore;
  readonly #options: StableConduitOptions<M>;
  readonly #line: WaitLine;
  readonly #closeFiller: Uint8Array | undefined;
  readonly #ackFiller: Uint8Array | undefined;
  #attachment: Attachment | undefined;
  #isPumping = false;
  #isPaused = false;
  #isSplit = false;
  #onItem: ((item: M, backing: Uint8Array) => void) | undefined;
  #onEnd: ((cause?: RoamError) => void) | undefined;
  #pulled: PulledItems<M> | undefined;
  /** Frames that came before anybody listened. */
  #early: { readonly item: M; readonly backing: Uint8Array }[] = [];
  #end: RoamError | undefined;
  #isClosing = false;
  #hasSentClose = false;
  #hasPeerClosed = false;
  #onClosed: (() => void) | undefined;
  #stopAckTimer: (() => void) | undefined;
  #stopSolicitTimer: (() => void) | undefined;
  #wasAttached = false;
  /** A frame came on the current link: it is worth something. */
  #hasProgress = false;

  constructor(options: StableConduitOptions<M>) {
    const { family } = options;
    this.#options = options;
    this.core = new StableCore(
      options.limits,
      options.firstSeq === undefined ? {} : { seq: options.firstSeq },
    );
    this.#line = new WaitLine(() => this.#end === undefined && !this.#isClosing && this.core.tryTakePermit());
    this.#ackFiller = family.fillers && this.#encode(family.fillers.ack);
    this.#closeFiller = family.fillers && this.#encode(family.fillers.close);
  }

  get peer(): string {
    return this.#options.peer;
  }

  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  /** True if the last link brought a frame: one that only shakes hands and dies is no success. */
  get hasProgress(): boolean {
    return this.#hasProgress;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  split(): { tx: ConduitTx<M>; rx: ConduitRx<M> } {
    if (this.#isSplit) throw new TypeError("the conduit was split already");
    this.#isSplit = true;
    return { tx: this, rx: this };
  }

  // ---- sending

  async reserve(options?: { signal?: AbortSignal }): Promise<ConduitPermit<M>> {
    this.#throwIfOver();
    await this.#line.take(options?.signal);
    return new StablePermit(this);
  }

  tryReserve(): ConduitPermit<M> | undefined {
    return this.#line.tryTake() ? new StablePermit(this) : undefined;
  }

  /** For answers that let the peer acknowledge: admitted past the bound. */
  tryReservePastBound(): ConduitPermit<M> | undefined {
    if (this.#end !== undefined || this.#isClosing || !this.core.tryTakeHeadroom()) return undefined;
    return new StablePermit(this);
  }

  /** @internal A permit came back unused. */
  released(): void {
    this.core.returnPermit();
    this.#line.serve();
  }

  /** @internal Encodes first, then numbers: a failed encode leaves no hole. */
  // r[impl stable.x.permit]
  sent(item: M): void {
    let bytes: Uint8Array;
    try {
      this.#throwIfOver();
      bytes = this.#encode(item);
      if (bytes.length > this.maxPayloadBytes) {
        throw new RoamError(
          "too-large",
          `an item of ${bytes.length} bytes is above the limit of ${this.maxPayloadBytes}`,
        );
      }
      if (this.core.isExhausted) throw this.#lost("sequence-exhausted");
    } catch (error) {
      this.released();
      throw error;
    }
    this.core.enqueue(bytes);
    this.#write();
    this.#solicitIfNeeded();
  }

  #encode(item: M): Uint8Array {
    const writer = new Writer();
    try {
      this.#options.family.encode(writer, item);
    } catch (error) {
      if (error instanceof EncodeError) throw new RoamError("encode", error.message, { cause: error });
      throw error;
    }
    return writer.finish();
  }

  /** Sends everything, then the close frame; resolves when it is on a link, or all is over. */
  // r[impl stable.x.close]
  close(): Promise<void> {
    if (this.#end !== undefined || this.#isClosing) return Promise.resolve();
    this.#isClosing = true;
    this.#line.fail(new RoamError("closed", "the conduit was closed here"));
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#write();
    });
  }

  /** Writes what the link takes: frames in order, then the close frame, or an ack frame if one is due. */
  #write(): void {
    const attachment = this.#attachment;
    if (attachment === undefined || this.#isPumping) return;
    const { tx } = attachment.link;
    while (this.core.hasToWrite) {
      const permit = tx.tryReserve();
      if (permit === undefined) return void this.#writeLater(attachment);
      permit.write(this.core.takeFrame() as Frame, encodeFrame);
    }
    if (this.#isClosing) this.#writeClose(attachment);
    else this.#armAckTimer();
  }

  async #writeLater(attachment: Attachment): Promise<void> {
    this.#isPumping = true;
    let isAlive = true;
    try {
      const permit = await attachment.link.tx.reserve();
      permit.release();
    } catch {
      // The link has died: its end, which is on the way, leads to the next link.
      isAlive = false;
    } finally {
      this.#isPumping = false;
    }
    if (isAlive || this.#attachment !== attachment) this.#write();
  }

  #writeClose(attachment: Attachment): void {
    const { tx } = attachment.link;
    if (!this.#hasSentClose) {
      const repeat = this.#closeFiller === undefined ? undefined : this.core.takeRepeat(false);
      const permit = repeat === undefined ? undefined : tx.tryReserve();
      if (repeat !== undefined && permit === undefined) return void this.#writeLater(attachment);
      if (repeat !== undefined)
        permit?.write({ ...repeat, item: this.#closeFiller as Uint8Array }, encodeFrame);
      this.#hasSentClose = true;
    }
    // A peer without close frames sees the end of our direction, as it does when we hang up.
    void tx.close().then(() => {
      this.#onClosed?.();
      if (this.#hasPeerClosed) this.#over(new RoamError("closed", "both sides closed"));
    });
  }

  // r[impl stable.x.ack-frame]
  #armAckTimer(): void {
    const { clock } = this.#options;
    if (this.#ackFiller === undefined) return;
    if (this.core.isAckDue(clock.nowMs())) return this.#writeAck(this.#ackFiller);
    if (this.#stopAckTimer !== undefined) return;
    const dueMs = this.core.ackDueMs;
    if (dueMs === undefined) return;
    this.#stopAckTimer = clock.after(dueMs - clock.nowMs(), () => {
      this.#stopAckTimer = undefined;
      this.#write();
    });
  }

  // Only if the link takes it now: the next one will say more.
  #writeAck(item: Uint8Array): void {
    const permit = this.#attachment?.link.tx.tryReserve();
    if (permit === undefined) return;
    const repeat = this.core.takeRepeat(true);
    if (repeat === undefined) permit.release();
    else permit.write({ ...repeat, item }, encodeFrame);
  }

  // r[impl stable.x.ack-solicit]
  #solicitIfNeeded(): void {
    const solicit = this.#options.family.fillers?.solicit;
    if (this.#stopSolicitTimer !== undefined || solicit === undefined || !this.#attachment) return;
    if (!this.core.isHalfFull || this.core.peerSendsAckFrames || !this.core.tryTakeHeadroom()) return;
    this.#armSolicitTimer();
    this.core.enqueue(this.#encode(solicit));
    this.#write();
  }

  #armSolicitTimer(): void {
    const { clock, limits } = this.#options;
    this.#stopSolicitTimer?.();
    this.#stopSolicitTimer = clock.after(limits.solicitTimeoutMs, () => {
      this.#stopSolicitTimer = undefined;
      this.#drop("a solicitation brought no ack");
    });
  }

  // ---- receiving

  start(onItem: (item: M, backing: Uint8Array) => void, onEnd: (cause?: RoamError) => void): void {
    if (this.#onItem !== undefined) throw new TypeError("the receiving half was started already");
    this.#onItem = onItem;
    this.#onEnd = onEnd;
    const early = this.#early;
    this.#early = [];
    for (const { item, backing } of early) onItem(item, backing);
    if (this.#end !== undefined || this.#hasPeerClosed) this.#tellEnd();
  }

  pause(): void {
    this.#isPaused = true;
    this.#attachment?.link.rx.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#attachment?.link.rx.resume();
  }

  recv(options?: { signal?: AbortSignal }): Promise<Received<M> | null> {
    this.#pulled ??= new PulledItems(this, () => {});
    return this.#pulled.take(options?.signal);
  }

  #receive(payload: Uint8Array): void {
    if (this.#end !== undefined) return;
    let frame: Frame;
    try {
      frame = decodeFrame(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#fail(new RoamError("decode", error.message, { cause: error }));
    }
    // Whatever comes is progress: only a link that is silent is taken for dead.
    if (this.#stopSolicitTimer !== undefined) this.#armSolicitTimer();
    this.#hasProgress = true;
    const framesBefore = this.core.replayFrames;
    const verdict = this.core.onFrame(frame.seq, frame.ack, payload.length, this.#options.clock.nowMs());
    if (this.core.replayFrames < framesBefore) this.#acked();
    switch (verdict.kind) {
      case "deliver":
        this.#deliver(frame.item);
        return this.#armAckTimer();
      case "repeat":
        return this.#onRepeat(frame.item);
      case "duplicate":
        return;
      case "fault":
        return this.#drop(verdict.reason === "gap" ? "a frame is missing" : "an ack for what was never sent");
      case "lost":
        this.#lost(verdict.reason);
    }
  }

  #acked(): void {
    this.#stopSolicitTimer?.();
    this.#stopSolicitTimer = undefined;
    this.#line.serve();
    this.#solicitIfNeeded();
  }

  #onRepeat(item: Uint8Array): void {
    if (this.#closeFiller !== undefined && isEqual(item, this.#closeFiller)) {
      if (this.#hasPeerClosed) return;
      this.#hasPeerClosed = true;
      this.#tellEnd();
      if (this.#hasSentClose) this.#over(new RoamError("closed", "both sides closed"));
    } else if (this.#ackFiller !== undefined && isEqual(item, this.#ackFiller)) this.core.onPeerAckFrame();
  }

  // r[impl stable.x.malformed]
  #deliver(bytes: Uint8Array): void {
    let item: M;
    try {
      item = this.#options.family.decode(new Reader(bytes));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#fail(new RoamError("decode", error.message, { cause: error }));
    }
    if (this.#onItem === undefined) this.#early.push({ item, backing: own(bytes) });
    else this.#onItem(item, bytes);
  }

  #tellEnd(): void {
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    const cause = this.#hasPeerClosed || this.#end?.code === "closed" ? undefined : this.#end;
    onEnd?.(cause);
  }

  // ---- links

  /**
   * Takes a link whose handshake is done, in place of the one before, which is fenced already.
   *
   * @param replayed items that the peer lacks and gets again
   */
  attach(attachment: Attachment): void {
    const replayed = this.core.unwritten;
    this.#attachment = attachment;
    const { rx, tx } = attachment.link;
    rx.maxPayloadBytes = Math.min(this.maxPayloadBytes + MAX_FRAME_HEADER_BYTES, 0xffff_ffff);
    tx.maxPayloadBytes = 0xffff_ffff;
    this.#hasSentClose = false;
    this.#hasProgress = false;
    if (this.#isPaused) rx.pause();
    this.#options.onState?.(this.#wasAttached ? { kind: "resumed", replayed } : { kind: "connected" });
    this.#wasAttached = true;
    attachment.receive(
      (payload) => this.#receive(payload),
      (cause) => this.#drop(cause?.reason ?? "the link ended"),
    );
    this.#write();
    this.#solicitIfNeeded();
  }

  /** Gives the current link up; the session goes on with the next one. */
  fence(): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    this.#stopAckTimer?.();
    this.#stopAckTimer = undefined;
    this.#stopSolicitTimer?.();
    this.#stopSolicitTimer = undefined;
    attachment?.fence();
  }

  // r[impl stable.reconnect]
  #drop(reason: string): void {
    if (this.#attachment === undefined || this.#end !== undefined) return;
    this.fence();
    // Closed on both sides, or here and everything has arrived: no link is missed.
    const isDone = this.#hasPeerClosed || this.core.replayFrames === 0;
    if (this.#isClosing && isDone) return this.#over(new RoamError("closed", reason));
    this.#options.onDetached(reason);
  }

  /** The session cannot go on. @returns the error that everybody gets */
  lose(reason: LostReason): RoamError {
    return this.#lost(reason);
  }

  // r[impl stable.reconnect.failure]
  #lost(reason: LostReason): RoamError {
    const error = new RoamError("session-lost", `the session is lost: ${reason}`);
    if (this.#end === undefined) {
      this.#options.onState?.({ kind: "lost", reason });
      this.#over(error);
    }
    return error;
  }

  #fail(error: RoamError): void {
    this.#options.onState?.({ kind: "lost", reason: "decode" });
    this.#over(error);
  }

  destroy(cause: RoamError = new RoamError("closed", "the conduit was destroyed here")): void {
    this.#over(cause);
  }

  #over(error: RoamError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#line.fail(error);
    this.fence();
    this.core.clear();
    this.#onClosed?.();
    if (error.code === "closed") this.#options.onState?.({ kind: "closed" });
    this.#tellEnd();
    this.#options.onOver();
  }

  #throwIfOver(): void {
    if (this.#end !== undefined) throw this.#end;
    if (this.#isClosing) throw new RoamError("closed", "the conduit was closed here");
  }
}

/** Bound to the session, not to a link: it survives the link's replacement. */
class StablePermit<M> implements ConduitPermit<M> {
  #conduit: StableConduit<M> | undefined;

  constructor(conduit: StableConduit<M>) {
    this.#conduit = conduit;
  }

  send(item: M): void {
    const conduit = this.#conduit;
    if (conduit === undefined) throw new TypeError("permit already used");
    this.#conduit = undefined;
    conduit.sent(item);
  }

  release(): void {
    this.#conduit?.released();
    this.#conduit = undefined;
  }

  [dispose](): void {
    this.release();
  }
}

function encodeFrame(
  writer: Writer,
  frame: { readonly seq: number; readonly ack: number | undefined; readonly item: Uint8Array },
): void {
  writeFrameHeader(writer, frame.seq, frame.ack);
  writer.raw(frame.item);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
