import type { Clock } from "../../internal/clock.ts";
import type { StableLimits } from "../../limits.ts";
import type { ReplayStatus } from "../conduit.ts";
import type { Frame, ItemBytes } from "./frame.ts";
import { ReplayBuffer } from "./replay-buffer.ts";
import { seqAfter, seqDistance, seqNext } from "./serial.ts";

/** Charged for a permit until its item's size is known (bytes). */
const PERMIT_BYTES = 1024;
/** Frames past the bound for solicitations and their answers. */
const HEADROOM_FRAMES = 64;
const LAST_SEQ = 0xffff_ffff;
/** Frames left at which the end of the numbers is announced. */
const EXHAUSTION_NOTICE = 2 ** 20;
/** Frames from before what was announced that give a wrong peer away. */
const MAX_STALE_FRAMES = 8;

/** What becomes of a received frame. */
export type FrameVerdict =
  | { readonly kind: "deliver" }
  /** A duplicate, or a filler: nothing for the layer above. */
  | { readonly kind: "ignore" }
  /** The close frame: the peer sends nothing more. */
  | { readonly kind: "closed" }
  /** The link is dropped; the peer's replay fills what is missing. */
  | { readonly kind: "fault"; readonly reason: "gap" | "ack" }
  /** No new link can help. */
  | { readonly kind: "lost"; readonly reason: "gap" | "ack" | "peer-state" };

const DELIVER: FrameVerdict = { kind: "deliver" };
const IGNORE: FrameVerdict = { kind: "ignore" };

/** Encoded items that fill frames which repeat a number. */
export interface Fillers {
  readonly ack: Uint8Array;
  readonly close: Uint8Array;
}

export interface PastNumbers {
  readonly sent?: number;
  readonly received?: number;
}

/**
 * One end of a stable session without its links, clock and bytes: what was sent, received and
 * acknowledged, what is to be written next, and when all is over. Times are handed in (ms).
 */
export class StableCore {
  readonly #limits: StableLimits;
  readonly #fillers: Fillers | undefined;
  readonly #buffer = new ReplayBuffer();
  #permits = 0;
  /** Frames admitted past the bound since it was last kept. */
  #pastBound = 0;
  #lastSent: number | undefined;
  #lastAcked: number | undefined;
  #lastReceived: number | undefined;
  #nextSeq: number;
  /** Next number to be written on the current link; behind `#nextSeq` while replaying. */
  #cursor: number;

  /** Received and not acknowledged. */
  #unackedItems = 0;
  #unackedBytes = 0;
  #oldestUnackedMs: number | undefined;
  #receivedFrames = 0;
  /** Number of the solicitation that is out on this link. */
  #solicitation: number | undefined;
  #hasSentAckFrame = false;
  #peerSendsAckFrames = false;

  #isClosing = false;
  /** On the current link. */
  #hasWrittenClose = false;
  #hasEverWrittenClose = false;
  #hasPeerClosed = false;

  // The current link.
  #hasProgress = false;
  /** What we announced to have received, if older frames give a wrong peer away. */
  #staleBefore: number | undefined;
  #staleFrames = 0;
  /** Where an earlier link showed a gap. */
  #gapAt: number | undefined;
  /** The peer acknowledged what was never sent, on this link and on the one before. */
  #isInsane = false;
  #lastLinkWasInsane = false;

  /** @param past numbers sent, acknowledged and received already: tests begin near the wrap */
  constructor(limits: StableLimits, fillers: Fillers | undefined, past: PastNumbers = {}) {
    this.#limits = limits;
    this.#fillers = fillers;
    this.#lastSent = this.#lastAcked = past.sent;
    this.#lastReceived = past.received;
    this.#nextSeq = this.#cursor = past.sent === undefined ? 0 : seqNext(past.sent);
  }

  get lastReceived(): number | undefined {
    return this.#lastReceived;
  }

  /** Number of the next item. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  get status(): ReplayStatus {
    const { frames, bytes } = this.#buffer;
    return {
      sent: this.#lastSent,
      acked: this.#lastAcked,
      received: this.#lastReceived,
      frames,
      bytes,
    };
  }

  get replayFrames(): number {
    return this.#buffer.frames;
  }

  get replayBytes(): number {
    return this.#buffer.bytes;
  }

  // ---- permits

  // r[impl stable.x.bounded]
  tryTakePermit(): boolean {
    if (this.#permits >= this.#limits.maxPermits || this.#isFull) return false;
    // There was room: whatever was past the bound is not any more.
    this.#pastBound = 0;
    this.#permits++;
    return true;
  }

  /** For what makes the peer acknowledge: a brimful buffer could never be drained otherwise. */
  tryTakeHeadroom(): boolean {
    if (!this.#isFull) this.#pastBound = 0;
    else if (this.#pastBound >= HEADROOM_FRAMES) return false;
    else this.#pastBound++;
    this.#permits++;
    return true;
  }

  get #isFull(): boolean {
    const { maxReplayFrames, maxReplayBytes } = this.#limits;
    return (
      this.#buffer.frames + this.#permits >= maxReplayFrames ||
      this.#buffer.bytes + PERMIT_BYTES * this.#permits >= maxReplayBytes
    );
  }

  returnPermit(): void {
    this.#permits--;
  }

  // ---- sending

  /** True if the next item must not be sent: a peer of 7.3 would take number 0 for a duplicate. */
  // r[impl stable.x.wrap]
  get isExhausted(): boolean {
    return this.#lastSent === LAST_SEQ && !this.#peerSendsAckFrames;
  }

  /** Items left, when that is worth a word: once, 2^20 before the end. */
  get exhaustionNotice(): number | undefined {
    if (this.#lastSent !== LAST_SEQ - EXHAUSTION_NOTICE || this.#peerSendsAckFrames) return undefined;
    return EXHAUSTION_NOTICE;
  }

  /** Numbers an encoded item and keeps it. The permit for it is spent. */
  // r[impl stable.seq]
  // r[impl stable.x.permit]
  enqueue(item: ItemBytes): void {
    this.#permits--;
    this.#buffer.push(this.#nextSeq, item);
    this.#lastSent = this.#nextSeq;
    this.#nextSeq = seqNext(this.#nextSeq);
  }

  /** False while items wait to be written, to which a new one belongs behind. */
  get isUpToDate(): boolean {
    return this.#cursor === this.#nextSeq && !this.#isClosing;
  }

  /** `enqueue` for an item that is on the link already, behind a header of `nextSeq` and `lastReceived`. */
  written(item: ItemBytes): void {
    this.enqueue(item);
    this.#cursor = this.#nextSeq;
    this.#onAckWritten();
  }

  /** No more items; the close frame goes out behind them. */
  // r[impl stable.x.close]
  close(): void {
    this.#isClosing = true;
  }

  /**
   * True if a frame is to be written: an item, the close frame, or an ack frame that is due.
   *
   * @param isLate the time for an ack has come (`ackDueMs`)
   */
  hasFrame(isLate = false): boolean {
    if (this.#cursor !== this.#nextSeq) return true;
    if (this.#fillers === undefined || this.#lastSent === undefined) return false;
    return (this.#isClosing && !this.#hasWrittenClose) || this.#isAckDue(isLate);
  }

  /**
   * The next frame to write, with the ack of this moment. Items in order, replayed ones first;
   * fillers repeat the last number, and only when the peer is sure to have it before them.
   *
   * Only after `hasFrame`.
   */
  // r[impl stable.replay-buffer.order]
  // r[impl stable.ack]
  // r[impl stable.x.ack-frame]
  takeFrame(): Frame {
    this.#onAckWritten();
    const ack = this.#lastReceived;
    if (this.#cursor !== this.#nextSeq) {
      const seq = this.#cursor;
      this.#cursor = seqNext(seq);
      return { seq, ack, item: this.#buffer.get(seq) as ItemBytes };
    }
    const fillers = this.#fillers as Fillers;
    const seq = this.#lastSent as number;
    if (this.#isClosing && !this.#hasWrittenClose) {
      this.#hasWrittenClose = true;
      this.#hasEverWrittenClose = true;
      return { seq, ack, item: whole(fillers.close) };
    }
    this.#hasSentAckFrame = true;
    return { seq, ack, item: whole(fillers.ack) };
  }

  #onAckWritten(): void {
    this.#unackedItems = 0;
    this.#unackedBytes = 0;
    this.#oldestUnackedMs = undefined;
  }

  #isAckDue(isLate: boolean): boolean {
    const { ackAfterItems, ackAfterBytes } = this.#limits;
    // One is sent even if data carry the acks: the peer need not solicit from one that sends them.
    if (!this.#hasSentAckFrame && this.#receivedFrames >= ackAfterItems) return true;
    const isMuch = this.#unackedItems >= ackAfterItems || this.#unackedBytes >= ackAfterBytes;
    // A peer that has closed keeps its direction open for acks only for one that is known to send some.
    if (this.#hasPeerClosed && !this.#hasSentAckFrame) return true;
    const isLast = this.#isClosing && this.#hasPeerClosed;
    return isMuch || ((isLate || isLast) && this.#unackedItems > 0);
  }

  /** When an ack frame falls due if nothing else happens; undefined if none will. */
  get ackDueMs(): number | undefined {
    const canAck = this.#fillers !== undefined && this.#lastSent !== undefined;
    if (this.#oldestUnackedMs === undefined || !canAck) return undefined;
    return this.#oldestUnackedMs + this.#limits.ackAfterMs;
  }

  /** True if the peer is to be asked for an ack: it has shown no ack frame, and the buffer fills up. */
  // r[impl stable.x.ack-solicit]
  get wantsAck(): boolean {
    if (this.#peerSendsAckFrames || this.#isClosing || this.isSoliciting) return false;
    const { maxReplayFrames, maxReplayBytes } = this.#limits;
    return this.#buffer.frames > maxReplayFrames / 2 || this.#buffer.bytes > maxReplayBytes / 2;
  }

  /** The item sent last asks for an ack. */
  solicited(): void {
    this.#solicitation = this.#lastSent;
  }

  /** True until the solicitation itself has its ack: any earlier ack would bring the next one, and a storm. */
  get isSoliciting(): boolean {
    return this.#solicitation !== undefined;
  }

  /** Everything is on the current link, the close frame too. */
  get isOutboundDone(): boolean {
    const canClose = this.#fillers !== undefined && this.#lastSent !== undefined;
    return this.#isClosing && this.#cursor === this.#nextSeq && (this.#hasWrittenClose || !canClose);
  }

  /**
   * Our direction of the link is to be ended: all was said, and all that the peer said has its ack.
   *
   * @param isLate the peer had time to close, too, and has not: one of 7.3 learns that we are done
   *   from the end of our direction alone
   */
  endsLink(isLate: boolean): boolean {
    if (!this.isOutboundDone) return false;
    if (this.#hasPeerClosed) return this.#unackedItems === 0;
    // One that follows these rules goes on getting acks for what it still sends.
    return (
      this.#fillers === undefined || this.#lastSent === undefined || (isLate && !this.#peerSendsAckFrames)
    );
  }

  get hasPeerClosed(): boolean {
    return this.#hasPeerClosed;
  }

  /** Both sides have said that they are done, and each has the other's word that all arrived. */
  get isOver(): boolean {
    return this.endsLink(false) && this.#hasPeerClosed && this.#buffer.frames === 0;
  }

  // ---- receiving

  /** A frame came: its ack is applied, and its number decides what becomes of it. */
  // r[impl stable.seq.monotonic]
  onFrame({ seq, ack, item }: Frame, clock: Pick<Clock, "nowMs">): FrameVerdict {
    if (ack !== undefined && !this.#onAck(ack)) {
      // r[impl stable.x.ack-sane]
      if (this.#lastLinkWasInsane) return { kind: "lost", reason: "ack" };
      this.#isInsane = true;
      return { kind: "fault", reason: "ack" };
    }
    const last = this.#lastReceived;
    if (seq === (last === undefined ? 0 : seqNext(last))) {
      this.#lastReceived = seq;
      this.#receivedFrames++;
      this.#unackedItems++;
      this.#unackedBytes += item.end - item.start;
      this.#oldestUnackedMs ??= clock.nowMs();
      this.#gapAt = undefined;
      this.#hasProgress = true;
      return DELIVER;
    }
    if (seq === last) return this.#onRepeat(item);
    if (last !== undefined && seqAfter(last, seq)) return this.#onOld(seq);
    return this.#onGap(last);
  }

  /** The last number again: a filler, or an item replayed. */
  #onRepeat(item: ItemBytes): FrameVerdict {
    if (this.#fillers === undefined) return IGNORE;
    if (isEqual(item, this.#fillers.ack)) this.#peerSendsAckFrames = true;
    else if (isEqual(item, this.#fillers.close) && !this.#hasPeerClosed) {
      this.#hasPeerClosed = true;
      return { kind: "closed" };
    }
    return IGNORE;
  }

  // r[impl stable.x.resume-consistency]
  #onOld(seq: number): FrameVerdict {
    if (this.#staleBefore === undefined || !seqAfter(this.#staleBefore, seq)) return IGNORE;
    return ++this.#staleFrames < MAX_STALE_FRAMES ? IGNORE : { kind: "lost", reason: "peer-state" };
  }

  // r[impl stable.x.gap]
  #onGap(last: number | undefined): FrameVerdict {
    const missing = last === undefined ? 0 : seqNext(last);
    if (this.#gapAt === missing) return { kind: "lost", reason: "gap" };
    this.#gapAt = missing;
    return { kind: "fault", reason: "gap" };
  }

  /** @returns false for what was not written on this link: a peer cannot have received it */
  // r[impl stable.ack.trim]
  #onAck(ack: number): boolean {
    const oldest = this.#oldestKept;
    if (seqDistance(ack, oldest) >= seqDistance(this.#cursor, oldest))
      return this.#lastAcked !== undefined && !seqAfter(ack, this.#lastAcked);
    this.#lastAcked = ack;
    if (this.#solicitation !== undefined && !seqAfter(this.#solicitation, ack))
      this.#solicitation = undefined;
    this.#hasProgress = true;
    this.#buffer.trim(ack);
    return true;
  }

  /** The number after the last one acknowledged; of the next item while all is. */
  get #oldestKept(): number {
    return (this.#nextSeq - this.#buffer.frames) >>> 0;
  }

  // ---- links

  /** False if a peer that says to have received this is not the one that held the session. */
  // r[impl stable.x.resume-consistency]
  isConsistent(peerLastReceived: number | undefined): boolean {
    if (peerLastReceived === this.#lastAcked) return true;
    // Any other number must be that of an item kept: what comes after it is to be replayed.
    if (peerLastReceived === undefined) return false;
    return seqDistance(peerLastReceived, this.#oldestKept) < this.#buffer.frames;
  }

  /**
   * A new link, whose peer has received so much (and is consistent). What it lacks is written
   * again before anything new.
   *
   * @returns items to be replayed
   */
  // r[impl stable.reconnect.server-replay]
  // r[impl stable.reconnect.client-replay]
  attach(peerLastReceived: number | undefined): number {
    // With nothing acknowledged the hello proves nothing: the peer's frames have to.
    this.#staleBefore = this.#lastAcked === undefined ? this.#lastReceived : undefined;
    this.#staleFrames = 0;
    this.#cursor = peerLastReceived === undefined ? 0 : seqNext(peerLastReceived);
    // An ack in the hello is progress: the link before had brought the session on.
    this.#hasProgress = false;
    if (peerLastReceived !== undefined) this.#onAck(peerLastReceived);
    this.#hasWrittenClose = false;
    this.#solicitation = undefined;
    this.#lastLinkWasInsane = this.#isInsane;
    this.#isInsane = false;
    return seqDistance(this.#nextSeq, this.#cursor);
  }

  /** True if the link brought the session on: one that only shakes hands and dies is no success. */
  get hasProgress(): boolean {
    return this.#hasProgress;
  }

  /**
   * The link is gone.
   *
   * @param isGraceful the peer ended its direction of it
   * @returns true if no other one is missed: all was said, or a peer that knows no close frame
   *   has hung up after our last word
   */
  detach(isGraceful: boolean): boolean {
    if (!this.#isClosing) return false;
    const isHeard = this.#buffer.frames === 0;
    if (this.#hasPeerClosed && this.#hasWrittenClose && isHeard) return true;
    const isPublished = !this.#peerSendsAckFrames && !this.#hasPeerClosed;
    return isGraceful && this.isOutboundDone && (isHeard || isPublished);
  }

  /** The peer knows the session no more: no loss if it has heard that we are done. */
  get isForgettable(): boolean {
    return this.#hasEverWrittenClose;
  }

  clear(): void {
    this.#buffer.clear();
  }

  /** The whole state as data, for checks that compare states; ages instead of times. */
  snapshot(nowMs: number): object {
    return {
      ...this.status,
      permits: [this.#permits, this.#pastBound],
      cursor: this.#cursor,
      unacked: [this.#unackedItems, this.#unackedBytes],
      unackedForMs: this.#oldestUnackedMs === undefined ? undefined : nowMs - this.#oldestUnackedMs,
      ackFrames: [this.#hasSentAckFrame, this.#peerSendsAckFrames],
      close: [this.#isClosing, this.#hasWrittenClose, this.#hasEverWrittenClose, this.#hasPeerClosed],
      link: [this.#hasProgress, this.#staleBefore, this.#staleFrames],
      solicitation: this.#solicitation,
      faults: [this.#gapAt, this.#isInsane, this.#lastLinkWasInsane],
    };
  }
}

function whole(bytes: Uint8Array): ItemBytes {
  return { bytes, start: 0, end: bytes.length };
}

function isEqual({ bytes, start, end }: ItemBytes, filler: Uint8Array): boolean {
  return end - start === filler.length && filler.every((byte, index) => byte === bytes[start + index]);
}
