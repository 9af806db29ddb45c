import { ReplayBuffer } from "./replay-buffer.ts";
import { seqAfter, seqDistance, seqNext } from "./serial.ts";
import type { StableLimits } from "./stable-limits.ts";

/** Charged for a permit until its item's size is known (bytes). */
const PERMIT_BYTES = 1024;
/** Frames past the bound for solicitations and their answers. */
const HEADROOM_FRAMES = 64;
/** At the latest after so many frames a session sends one ack frame, to show that it can. */
const SHOW_ACK_FRAME_AFTER = 65_536;
const LAST_SEQ = 0xffff_ffff;
/** Frames from before what was announced that give a wrong peer away. */
const MAX_STALE_FRAMES = 8;

/** What becomes of a received frame. */
export type FrameVerdict =
  | { readonly kind: "deliver" }
  | { readonly kind: "duplicate" }
  /** The last number again: a filler, or an item replayed. */
  | { readonly kind: "repeat" }
  /** The link is dropped; the peer's replay fills what is missing. */
  | { readonly kind: "fault"; readonly reason: "gap" | "ack" }
  /** No new link can help. */
  | { readonly kind: "lost"; readonly reason: "gap" | "ack" | "peer-state" };

/**
 * The numbers of one stable session: what was sent, received, acknowledged, and what follows
 * from it. Pure: no clock, no link; times are handed in (ms).
 */
export class StableCore {
  readonly #limits: StableLimits;
  readonly #buffer = new ReplayBuffer();
  #permits = 0;
  #lastSent: number | undefined;
  #lastAcked: number | undefined;
  #lastReceived: number | undefined;
  /** Next number to be written on the current link; behind `#nextSeq` while replaying. */
  #cursor = 0;
  #nextSeq = 0;
  /** Received and not acknowledged. */
  #unackedItems = 0;
  #unackedBytes = 0;
  #oldestUnackedMs: number | undefined;
  #receivedFrames = 0;
  #hasSentAckFrame = false;
  #peerSendsAckFrames = false;
  /** On this link: what we announced to have received, and older frames that came all the same. */
  #announced: number | undefined;
  #staleFrames = 0;
  /** Where the last link showed a gap, and whether its peer acknowledged what was never sent. */
  #gapAt: number | undefined;
  #hadInsaneAck = false;
  #isNewLink = false;

  constructor(limits: StableLimits, start: { readonly seq?: number } = {}) {
    this.#limits = limits;
    // Tests begin near the wrap.
    const seq = start.seq ?? 0;
    this.#nextSeq = seq;
    this.#cursor = seq;
    if (seq > 0) {
      this.#lastSent = seq - 1;
      this.#lastAcked = seq - 1;
    }
  }

  get lastReceived(): number | undefined {
    return this.#lastReceived;
  }

  get lastSent(): number | undefined {
    return this.#lastSent;
  }

  get replayFrames(): number {
    return this.#buffer.frames;
  }

  get replayBytes(): number {
    return this.#buffer.bytes;
  }

  get peerSendsAckFrames(): boolean {
    return this.#peerSendsAckFrames;
  }

  // r[impl stable.x.bounded]
  tryTakePermit(): boolean {
    const { maxReplayFrames, maxReplayBytes, maxPermits } = this.#limits;
    const isFull =
      this.#permits >= maxPermits ||
      this.#buffer.frames + this.#permits >= maxReplayFrames ||
      this.#buffer.bytes + PERMIT_BYTES * this.#permits >= maxReplayBytes;
    if (isFull) return false;
    this.#permits++;
    return true;
  }

  /** For what makes the peer acknowledge: a brimful buffer could never be drained otherwise. */
  tryTakeHeadroom(): boolean {
    if (this.#buffer.frames >= this.#limits.maxReplayFrames + HEADROOM_FRAMES) return false;
    this.#permits++;
    return true;
  }

  returnPermit(): void {
    this.#permits--;
  }

  /** True if the next item must not be sent: the numbers are used up. */
  // r[impl stable.x.wrap]
  get isExhausted(): boolean {
    return this.#lastSent === LAST_SEQ && !this.#peerSendsAckFrames;
  }

  /** Numbers an encoded item and keeps it. The permit for it is spent. */
  // r[impl stable.seq]
  // r[impl stable.x.permit]
  enqueue(item: Uint8Array): void {
    this.#permits--;
    this.#buffer.push(this.#nextSeq, item);
    this.#lastSent = this.#nextSeq;
    this.#nextSeq = seqNext(this.#nextSeq);
  }

  /** The next item to write on the current link: replayed ones first, in order. */
  // r[impl stable.replay-buffer.order]
  get hasToWrite(): boolean {
    return this.#cursor !== this.#nextSeq;
  }

  /** Takes the next frame to write; it carries the ack of this moment. */
  // r[impl stable.ack]
  takeFrame():
    | { readonly seq: number; readonly ack: number | undefined; readonly item: Uint8Array }
    | undefined {
    if (this.#cursor === this.#nextSeq) return undefined;
    const seq = this.#cursor;
    const item = this.#buffer.get(seq) as Uint8Array;
    this.#cursor = seqNext(seq);
    this.#acknowledged();
    return { seq, ack: this.#lastReceived, item };
  }

  /** True if an ack frame would be right now: never before our first frame, nor during replay. */
  // r[impl stable.x.ack-frame]
  isAckDue(nowMs: number): boolean {
    if (!this.#canRepeat) return false;
    if (!this.#hasSentAckFrame && this.#receivedFrames >= SHOW_ACK_FRAME_AFTER) return true;
    const { ackAfterItems, ackAfterBytes, ackAfterMs } = this.#limits;
    if (this.#oldestUnackedMs === undefined) return false;
    return (
      this.#unackedItems >= ackAfterItems ||
      this.#unackedBytes >= ackAfterBytes ||
      nowMs - this.#oldestUnackedMs >= ackAfterMs
    );
  }

  /** When an ack frame falls due if nothing else happens; undefined if none will. */
  get ackDueMs(): number | undefined {
    if (this.#oldestUnackedMs === undefined || !this.#canRepeat) return undefined;
    return this.#oldestUnackedMs + this.#limits.ackAfterMs;
  }

  /** The header of an ack or close frame: the last number again. Undefined if there is none yet. */
  takeRepeat(isAckFrame: boolean): { readonly seq: number; readonly ack: number | undefined } | undefined {
    if (!this.#canRepeat) return undefined;
    if (isAckFrame) this.#hasSentAckFrame = true;
    this.#acknowledged();
    return { seq: this.#lastSent as number, ack: this.#lastReceived };
  }

  // The peer is sure to have the repeated number only when the replay is complete.
  get #canRepeat(): boolean {
    return this.#lastSent !== undefined && this.#cursor === this.#nextSeq;
  }

  #acknowledged(): void {
    this.#unackedItems = 0;
    this.#unackedBytes = 0;
    this.#oldestUnackedMs = undefined;
  }

  /** A frame came: its ack is applied, and its number decides what becomes of it. */
  // r[impl stable.seq.monotonic]
  onFrame(seq: number, ack: number | undefined, bytes: number, nowMs: number): FrameVerdict {
    if (ack !== undefined && !this.#onAck(ack)) {
      if (this.#hadInsaneAck) return { kind: "lost", reason: "ack" };
      this.#hadInsaneAck = true;
      return { kind: "fault", reason: "ack" };
    }
    const expected = this.#lastReceived === undefined ? 0 : seqNext(this.#lastReceived);
    if (seq === expected) {
      this.#lastReceived = seq;
      this.#receivedFrames++;
      this.#unackedItems++;
      this.#unackedBytes += bytes;
      this.#oldestUnackedMs ??= nowMs;
      this.#gapAt = undefined;
      return { kind: "deliver" };
    }
    if (seq === this.#lastReceived) return { kind: "repeat" };
    if (this.#lastReceived !== undefined && seqAfter(this.#lastReceived, seq)) return this.#onOld(seq);
    return this.#onGap(expected);
  }

  // r[impl stable.x.resume-consistency]
  #onOld(seq: number): FrameVerdict {
    const isStale = this.#announced !== undefined && seqAfter(this.#announced, seq);
    if (isStale && this.#lastAcked === undefined && ++this.#staleFrames >= MAX_STALE_FRAMES) {
      return { kind: "lost", reason: "peer-state" };
    }
    return { kind: "duplicate" };
  }

  // r[impl stable.x.gap]
  #onGap(expected: number): FrameVerdict {
    if (this.#gapAt === expected && this.#isNewLink) return { kind: "lost", reason: "gap" };
    this.#gapAt = expected;
    this.#isNewLink = false;
    return { kind: "fault", reason: "gap" };
  }

  /** An ack frame of the peer's shows that it follows these rules too. */
  onPeerAckFrame(): void {
    this.#peerSendsAckFrames = true;
  }

  // r[impl stable.x.ack-sane]
  #onAck(ack: number): boolean {
    if (this.#lastSent === undefined || seqAfter(ack, this.#lastSent)) return false;
    if (this.#lastAcked !== undefined && !seqAfter(ack, this.#lastAcked)) return true;
    this.#lastAcked = ack;
    this.#hadInsaneAck = false;
    this.#buffer.trim(ack);
    return true;
  }

  /**
   * A new link, whose peer says what it has received. What it lacks will be written again.
   *
   * @returns false if the peer is not the one that held this session
   */
  // r[impl stable.reconnect.server-replay]
  // r[impl stable.reconnect.client-replay]
  resume(peerLastReceived: number | undefined): boolean {
    if (!this.#isConsistent(peerLastReceived)) return false;
    this.#isNewLink = true;
    this.#announced = this.#lastReceived;
    this.#staleFrames = 0;
    if (peerLastReceived !== undefined) this.#onAck(peerLastReceived);
    this.#cursor = peerLastReceived === undefined ? 0 : seqNext(peerLastReceived);
    return true;
  }

  #isConsistent(peerLastReceived: number | undefined): boolean {
    if (peerLastReceived === undefined) return this.#lastAcked === undefined;
    if (this.#lastSent === undefined || seqAfter(peerLastReceived, this.#lastSent)) return false;
    return this.#lastAcked === undefined || !seqAfter(this.#lastAcked, peerLastReceived);
  }

  /** Frames that are yet to be written on the current link. */
  get unwritten(): number {
    return seqDistance(this.#nextSeq, this.#cursor);
  }

  /** True while the buffer is past half of either bound and the peer may need to be asked for an ack. */
  // r[impl stable.x.ack-solicit]
  get isHalfFull(): boolean {
    const { maxReplayFrames, maxReplayBytes } = this.#limits;
    return this.#buffer.frames > maxReplayFrames / 2 || this.#buffer.bytes > maxReplayBytes / 2;
  }

  clear(): void {
    this.#buffer.clear();
  }
}
