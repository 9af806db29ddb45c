import { DecodeError, type Reader, Writer } from "roam-postcard";
import { asError, RoamError } from "../../errors.ts";
import type { Clock } from "../../internal/clock.ts";
import { Watched } from "../../internal/watched.ts";
import type { StableLimits } from "../../limits.ts";
import type {
  Conduit,
  ConduitRx,
  ConduitTx,
  MessageFamily,
  ReplaceableLinks,
  ReplayStatus,
} from "../conduit.ts";
import type { ConduitState, LostReason } from "../conduit-state.ts";
import type { Attachment } from "./attachment.ts";
import { ChunkClock } from "./chunk-clock.ts";
import {
  encodeFrame,
  type Frame,
  frameInHand,
  type ItemBytes,
  MAX_FRAME_HEADER_BYTES,
  readFrame,
  writeFrameHeader,
} from "./frame.ts";
import { encodeToKeep } from "./item-arena.ts";
import { type PastNumbers, StableCore } from "./stable-core.ts";
import { StableRx } from "./stable-rx.ts";
import { StableTx } from "./stable-tx.ts";

export interface StableConduitOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits: StableLimits;
  readonly clock: Clock;
  /** The link is gone and the session is not: find another one, or wait for it. */
  onDetached(reason: string): void;
  /** The session is over: nothing will be attached any more. */
  onOver(): void;
  /** The first frame came by the current link. */
  onFirstFrame?(): void;
  /** More (or fewer) bytes are kept while no link is there. */
  onDetachedBytes?(delta: number): void;
  /** More or fewer bytes are kept, with a link or without: see `core.replayBytes`. */
  onKept?(): void;
  /** For tests near the wrap. */
  readonly past?: PastNumbers;
}

/** Time in which a peer that follows these rules answers our close with its own (ms). */
export const CLOSE_GRACE_MS = 250;

const NOTHING = new Uint8Array();

const FAULTS = { gap: "a frame is missing", ack: "an ack for what was never sent" } as const;

/**
 * One reliable ordered stream of items over links that come and go: numbers, acks and a replay
 * buffer see to it that nothing is lost and nothing comes twice. `StableCore` decides; this
 * joins it to links, timers and those who wait.
 */
// r[impl stable]
// r[impl conduit.stable]
export class StableConduit<M> implements Conduit<M>, ReplaceableLinks {
  readonly core: StableCore;
  readonly #options: StableConduitOptions<M>;
  readonly #tx: StableTx<M>;
  readonly #rx: StableRx<M>;
  readonly #state = new Watched<ConduitState>({ kind: "connecting" });
  #attachment: Attachment | undefined;
  /** The link takes nothing right now; somebody waits for it. */
  #isBlocked = false;
  /** Our direction of the link has ended, or the peer's. */
  #hasEndedLink = false;
  #hasInboundEnded = false;
  #hasFirstFrame = false;
  #peer: string | undefined;
  #isSplit = false;
  /** What came made no sense: nothing more is taken. */
  #failure: RoamError | undefined;
  #end: RoamError | undefined;
  #onClosed: (() => void) | undefined;
  readonly #frame = frameInHand();
  readonly #chunkClock: ChunkClock;
  /** Where the item stands that was encoded last in a link's buffer. */
  #kept: ItemBytes | undefined;
  #stopAckTimer: (() => void) | undefined;
  #stopSolicitTimer: (() => void) | undefined;
  #stopCloseTimer: (() => void) | undefined;

  constructor(options: StableConduitOptions<M>) {
    const { family, limits, past } = options;
    this.#options = options;
    this.#chunkClock = new ChunkClock(options.clock);
    const fillers = family.fillers && {
      ack: encoded(family, family.fillers.ack),
      close: encoded(family, family.fillers.close),
    };
    this.core = new StableCore(limits, fillers, past);
    this.#tx = new StableTx(family, this.core, {
      isBlocked: () => this.#isBlocked,
      enqueue: (item) => this.#enqueue(item),
      tryWrite: (item) => this.#tryWrite(item),
      exhausted: () => this.lose("sequence-exhausted"),
      close: () => this.#close(),
    });
    this.#rx = new StableRx(family, {
      pause: () => this.#attachment?.link.rx.pause(),
      resume: () => this.#attachment?.link.rx.resume(),
      limit: () => this.#limitPayloads(),
    });
  }

  /** That of the first link. */
  get peer(): string {
    return this.#peer ?? "nobody yet";
  }

  get state(): ConduitState {
    return this.#state.value;
  }

  get replay(): ReplayStatus {
    return this.core.status;
  }

  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get links(): this {
    return this;
  }

  watch(onState: (state: ConduitState) => void): () => void {
    return this.#state.watch(onState);
  }

  /** @internal By who finds links. */
  setState(state: ConduitState): void {
    this.#state.set(state);
  }

  split(): { tx: ConduitTx<M>; rx: ConduitRx<M> } {
    if (this.#isSplit) throw new TypeError("the conduit was split already");
    this.#isSplit = true;
    return { tx: this.#tx, rx: this.#rx };
  }

  // ---- writing

  #enqueue(item: ItemBytes): void {
    this.core.enqueue(item);
    this.#options.onKept?.();
    this.#noticeExhaustion();
    if (this.#attachment === undefined) this.#options.onDetachedBytes?.(item.end - item.start);
    else this.#write();
    this.#solicitIfWanted();
  }

  // r[impl zerocopy.scatter.replay]
  #tryWrite(item: M): boolean {
    const tx = this.#attachment?.link.tx;
    if (tx?.leavesBytes !== true || this.#isBlocked || this.#hasEndedLink || !this.core.isUpToDate)
      return false;
    if (!tx.tryWrite(item, this.#encodeKept)) return false;
    this.core.written(this.#kept as ItemBytes);
    // An idle session must not keep a buffer alive.
    this.#kept = undefined;
    this.#options.onKept?.();
    this.#noticeExhaustion();
    this.#solicitIfWanted();
    return true;
  }

  readonly #encodeKept = (writer: Writer, item: M): void => {
    writeFrameHeader(writer, this.core.nextSeq, this.core.lastReceived);
    this.#kept = this.#tx.checked(encodeToKeep(writer, item, this.#options.family.encode));
  };

  #noticeExhaustion(): void {
    const framesLeft = this.core.exhaustionNotice;
    if (framesLeft !== undefined) this.setState({ kind: "exhausting", framesLeft });
  }

  /**
   * Sends everything, then the close frame; resolves when it is on a link, or all is over. Until
   * the peer has closed too, a link that dies is replaced and gets what it lacks.
   */
  // r[impl stable.x.close]
  #close(): Promise<void> {
    this.core.close();
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#write();
    });
  }

  /** Writes what there is to write, as far as the link takes it. */
  #write(isLate = false): void {
    const attachment = this.#attachment;
    if (attachment === undefined || this.#isBlocked || this.#hasEndedLink) return;
    const { tx } = attachment.link;
    while (this.core.hasFrame(isLate)) {
      const permit = tx.tryReserve();
      if (permit === undefined) return void this.#writeLater(attachment);
      permit.write(this.core.takeFrame(), encodeFrame);
    }
    if (this.core.isOutboundDone) this.#onOutboundDone(attachment);
    this.#armAckTimer();
  }

  async #writeLater(attachment: Attachment): Promise<void> {
    this.#isBlocked = true;
    try {
      (await attachment.link.tx.reserve()).release();
    } catch (error) {
      // The link has died. Its end leads to the next link, unless that was the peer's close.
      if (this.#attachment === attachment && this.#hasInboundEnded)
        this.#detach(asError(error).message, false);
      return;
    }
    if (this.#attachment !== attachment) return;
    this.#isBlocked = false;
    // The link takes bytes: it is slow, not dead.
    if (this.#stopSolicitTimer !== undefined) this.#armSolicitTimer();
    this.#write();
    this.#tx.serve();
  }

  #onOutboundDone(attachment: Attachment, isLate = false): void {
    if (!this.core.endsLink(isLate)) {
      this.#onClosed?.();
      this.#stopCloseTimer ??= this.#options.clock.after(CLOSE_GRACE_MS, () => {
        if (this.#attachment === attachment) this.#onOutboundDone(attachment, true);
      });
      return;
    }
    this.#hasEndedLink = true;
    void attachment.link.tx.close().then(() => {
      this.#onClosed?.();
      this.#overIfDone(attachment);
    });
  }

  /** Both sides are done, and what was written has left. */
  #overIfDone(attachment: Attachment): void {
    if (this.#attachment !== attachment || !this.#hasEndedLink || !this.core.isOver) return;
    void attachment.link.tx.close().then(() => this.#over(undefined));
  }

  // r[impl stable.x.ack-frame]
  #armAckTimer(): void {
    if (this.#stopAckTimer !== undefined || this.#hasEndedLink) return;
    const dueMs = this.core.ackDueMs;
    if (dueMs === undefined) return;
    const { clock } = this.#options;
    this.#stopAckTimer = clock.after(dueMs - clock.nowMs(), () => {
      this.#stopAckTimer = undefined;
      const { ackDueMs } = this.core;
      // What it was set for may have been acknowledged, and something newer not yet.
      this.#write(ackDueMs !== undefined && ackDueMs <= clock.nowMs());
    });
  }

  // r[impl stable.x.ack-solicit]
  #solicitIfWanted(): void {
    if (!this.core.wantsAck || this.#stopSolicitTimer !== undefined) return;
    const solicit = this.#options.family.fillers?.solicit;
    if (solicit === undefined || this.#attachment === undefined || this.#end !== undefined) return;
    if (!this.core.tryTakeHeadroom()) return;
    this.#armSolicitTimer();
    this.core.enqueue(this.#tx.encode(solicit));
    this.core.solicited();
    this.#write();
  }

  #armSolicitTimer(): void {
    const { clock, limits } = this.#options;
    this.#stopSolicitTimer?.();
    this.#stopSolicitTimer = clock.after(limits.solicitTimeoutMs, () => {
      this.#stopSolicitTimer = undefined;
      this.drop("a solicitation brought no ack");
    });
  }

  // ---- receiving

  #receive(reader: Reader): void {
    if (this.#end !== undefined || this.#failure !== undefined) return;
    this.#chunkClock.onPayload(reader);
    const frame = this.#frame;
    try {
      readFrame(reader, frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#failed(new RoamError("decode", error.message, { cause: error }));
    }
    this.#onFrame(frame, reader);
  }

  #onFrame(frame: Frame, reader: Reader): void {
    if (!this.#hasFirstFrame) {
      this.#hasFirstFrame = true;
      this.#options.onFirstFrame?.();
    }
    // Whatever comes is progress: only a link that is silent is taken for dead.
    if (this.#stopSolicitTimer !== undefined) this.#armSolicitTimer();
    const { replayFrames } = this.core;
    const verdict = this.core.onFrame(frame, this.#chunkClock);
    this.#frame.item.bytes = NOTHING;
    if (this.core.replayFrames < replayFrames) this.#onAcked();
    switch (verdict.kind) {
      case "deliver":
        return this.#deliver(reader);
      case "ignore":
        return;
      case "closed":
        return this.#onPeerClosed();
      case "fault":
        return this.#detach(FAULTS[verdict.reason], false);
      case "lost":
        this.lose(verdict.reason);
    }
  }

  #onAcked(): void {
    this.#options.onKept?.();
    if (!this.core.isSoliciting) {
      this.#stopSolicitTimer?.();
      this.#stopSolicitTimer = undefined;
    }
    if (this.#attachment !== undefined) this.#overIfDone(this.#attachment);
    this.#tx.serve();
    this.#solicitIfWanted();
  }

  #deliver(item: Reader): void {
    try {
      this.#rx.deliver(item);
    } catch (error) {
      if (!(error instanceof RoamError) || error.code !== "decode") throw error;
      return this.#failed(error);
    }
    if (this.core.hasFrame()) this.#write();
    else this.#armAckTimer();
  }

  // The same bytes would fail again. The sending half lives on: the layer above has a last word to say.
  // r[impl stable.x.malformed]
  #failed(error: RoamError): void {
    this.#failure = error;
    this.#rx.end(error);
  }

  #onPeerClosed(): void {
    this.#rx.end();
    // Everything we had to say may be on the link already, and it open for acks alone.
    this.#write();
    if (this.#attachment !== undefined) this.#overIfDone(this.#attachment);
  }

  // ---- links

  /**
   * Takes a link whose handshake is done, in place of the one before, which is fenced already.
   *
   * @param peerLastReceived what the peer says to have received: consistent
   */
  attach(attachment: Attachment, peerLastReceived: number | undefined): void {
    const replayed = this.core.attach(peerLastReceived);
    this.#options.onKept?.();
    this.#attachment = attachment;
    this.#hasFirstFrame = false;
    this.#hasEndedLink = false;
    this.#hasInboundEnded = false;
    this.#isBlocked = false;
    attachment.link.tx.maxPayloadBytes = 0xffff_ffff;
    this.#limitPayloads();
    const wasAttached = this.#peer !== undefined;
    this.#peer ??= attachment.link.peer;
    this.setState(wasAttached ? { kind: "resumed", replayed } : { kind: "connected", conduit: "stable" });
    this.#receiveFrom(attachment);
    this.#write();
    this.#tx.serve();
    this.#solicitIfWanted();
  }

  #limitPayloads(): void {
    if (this.#attachment === undefined) return;
    const most = this.#rx.maxPayloadBytes + MAX_FRAME_HEADER_BYTES;
    this.#attachment.link.rx.maxPayloadBytes = Math.min(most, 0xffff_ffff);
  }

  #receiveFrom(attachment: Attachment): void {
    attachment.receive(
      (payload) => {
        if (this.#attachment === attachment) this.#receive(payload);
      },
      (cause) => {
        if (this.#attachment === attachment) this.#onLinkEnd(cause);
      },
    );
    if (this.#rx.isPaused) attachment.link.rx.pause();
  }

  #onLinkEnd(cause?: RoamError): void {
    // It would be as large on the next link.
    if (cause?.code === "too-large") return this.#over(cause);
    // After the close frame nothing more is missed; our own direction goes on.
    if (cause === undefined && this.core.hasPeerClosed && !this.core.isOutboundDone) {
      this.#hasInboundEnded = true;
      return;
    }
    this.#detach(cause?.reason ?? "the peer hung up", cause === undefined);
  }

  /** Gives the current link up without telling anybody: another one is at hand. */
  fence(): void {
    this.#takeOff()?.fence();
  }

  #takeOff(): Attachment | undefined {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    this.#isBlocked = false;
    this.#stopAckTimer?.();
    this.#stopAckTimer = undefined;
    this.#stopSolicitTimer?.();
    this.#stopSolicitTimer = undefined;
    this.#stopCloseTimer?.();
    this.#stopCloseTimer = undefined;
    return attachment;
  }

  /** Gives the current link up; the session goes on with the next one. */
  drop(reason: string): boolean {
    const wasAttached = this.#attachment !== undefined;
    this.#detach(reason, false);
    return wasAttached;
  }

  // r[impl stable.reconnect]
  #detach(reason: string, isGraceful: boolean): void {
    if (this.#attachment === undefined || this.#end !== undefined) return;
    if (this.core.detach(isGraceful)) return this.#over(undefined);
    if (this.#failure !== undefined) return this.#over(this.#failure);
    this.fence();
    // Those who waited for the link have the replay buffer's room now.
    this.#tx.serve();
    this.#options.onDetached(reason);
  }

  /**
   * The session cannot go on.
   *
   * @returns the error that everybody gets
   */
  // r[impl stable.reconnect.failure]
  lose(reason: LostReason): RoamError {
    const error = new RoamError("session-lost", `the session is lost: ${reason}`);
    // A peer that has heard our close has no reason to remember the session.
    if (reason === "rejected" && this.core.isForgettable) this.#over(undefined);
    else this.#over(error, reason);
    return error;
  }

  destroy(cause: RoamError = new RoamError("closed", "the conduit was destroyed here")): void {
    this.#over(cause);
  }

  /** @param cause none for an orderly end */
  #over(cause: RoamError | undefined, reason?: LostReason): void {
    if (this.#end !== undefined) return;
    const error = cause ?? new RoamError("closed", "both sides closed");
    this.#end = error;
    this.#tx.fail(error);
    if (cause === undefined) this.#takeOff()?.leave(this.#options.clock);
    else this.fence();
    this.#options.onOver();
    this.core.clear();
    this.#onClosed?.();
    this.#rx.end(cause);
    this.setState(
      error.code === "closed" ? { kind: "closed" } : { kind: "lost", reason: reason ?? error.code },
    );
  }
}

function encoded<M>({ encode }: MessageFamily<M>, item: M): Uint8Array {
  const writer = new Writer();
  encode(writer, item);
  return writer.finish();
}
