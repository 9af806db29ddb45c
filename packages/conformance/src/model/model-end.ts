import type { Frame, ItemBytes } from "../../../roam/src/conduit/stable/frame.ts";
import type { StableCore } from "../../../roam/src/conduit/stable/stable-core.ts";
import { type ModelLink, other, type Side } from "./model-link.ts";

/** As much of the core as a shell needs. */
export type Core = Pick<
  StableCore,
  | "ackDueMs"
  | "attach"
  | "close"
  | "detach"
  | "endsLink"
  | "enqueue"
  | "hasFrame"
  | "isConsistent"
  | "isExhausted"
  | "isForgettable"
  | "isOutboundDone"
  | "isOver"
  | "isSoliciting"
  | "hasPeerClosed"
  | "lastReceived"
  | "onFrame"
  | "replayFrames"
  | "returnPermit"
  | "snapshot"
  | "solicited"
  | "status"
  | "takeFrame"
  | "tryTakeHeadroom"
  | "tryTakePermit"
  | "wantsAck"
>;

/** Something in the world contradicts what the conduit promises. */
export class Violation extends Error {
  override readonly name: string = "Violation";
}

/** Items of the layer above that ask for an ack and answer that; its own count up from 0. */
const PING = 100;
const PONG = 101;

/**
 * A core in the smallest model of its shell, `StableConduit`: line by line what that does, but
 * timers go off when the world says so, and a frame is written when the world says so.
 */
export class ModelEnd {
  readonly side: Side;
  readonly core: Core;
  link: ModelLink | undefined;
  /** Everything sent, by the items' first bytes, and how much of the other's it has got. */
  readonly log: number[] = [];
  heard = 0;
  /** Own items sent, and permits that the layer above holds. */
  items = 0;
  permits = 0;
  isClosing = false;
  isOver = false;
  /** Over because nobody came back in time. */
  hasExpired = false;
  #hasInboundEnded = false;
  #hasSolicitTimer = false;

  constructor(side: Side, core: Core) {
    this.side = side;
    this.core = core;
  }

  // ---- the layer above

  get hasRoom(): boolean {
    if (!this.core.tryTakePermit()) return false;
    this.core.returnPermit();
    return true;
  }

  reserve(): void {
    this.core.tryTakePermit();
    this.permits++;
  }

  release(): void {
    this.core.returnPermit();
    this.permits--;
  }

  /** Spends a permit. */
  send(): void {
    this.permits--;
    this.#enqueue(this.items++);
  }

  close(): void {
    this.isClosing = true;
    this.core.close();
    this.settle();
  }

  #enqueue(item: number): void {
    if (this.core.isExhausted) throw new Violation(`${this.side} begins the numbers anew unasked`);
    this.log.push(item);
    this.core.enqueue({ bytes: Uint8Array.of(item), start: 0, end: 1 });
    this.#solicitIfWanted();
  }

  #solicitIfWanted(): void {
    const { core } = this;
    if (this.#hasSolicitTimer || this.link === undefined || this.isOver) return;
    if (!core.wantsAck || !core.tryTakeHeadroom()) return;
    this.#hasSolicitTimer = true;
    this.#enqueue(PING);
    core.solicited();
  }

  // ---- writing

  get #isWriting(): boolean {
    return this.link !== undefined && !this.isOver && !this.link.hasEnded(this.side);
  }

  get canWrite(): boolean {
    return this.#isWriting && this.core.hasFrame();
  }

  /** The ack timer is set, and would bring something about. */
  get canAckLate(): boolean {
    const { core } = this;
    return this.#isWriting && !core.hasFrame() && core.hasFrame(true) && core.ackDueMs !== undefined;
  }

  write(): void {
    const frame = this.core.takeFrame();
    this.link?.push(other(this.side), { kind: "frame", frame });
    this.settle();
  }

  get hasGrace(): boolean {
    return this.#isWriting && !this.core.endsLink(false) && this.core.endsLink(true);
  }

  /** Behind the last word our direction of the link ends, and when the peer's has come, all does. */
  settle(isLate = false): void {
    const { link, core, side } = this;
    if (link === undefined || this.isOver) return;
    if (!link.hasEnded(side)) {
      if (!core.endsLink(isLate)) return;
      link.end(side);
    }
    if (core.isOver) this.#over();
  }

  // ---- receiving

  /** @param peer who sent it */
  onFrame(frame: Frame, peer: ModelEnd): void {
    const { core, side } = this;
    const { replayFrames } = core;
    const verdict = core.onFrame(frame, { nowMs: () => 0 });
    if (core.replayFrames < replayFrames) this.#onAcked();
    switch (verdict.kind) {
      case "deliver":
        this.#deliver(frame.item, peer);
        break;
      case "closed":
        if (!peer.isClosing || this.heard < peer.log.length) {
          throw new Violation(`${side} hears the close before all items`);
        }
        break;
      case "ignore":
        break;
      case "fault":
        throw new Violation(`${side} sees a fault: ${verdict.reason}`);
      case "lost":
        throw new Violation(`${side} loses the session: ${verdict.reason}`);
    }
    this.settle();
  }

  #onAcked(): void {
    if (!this.core.isSoliciting) this.#hasSolicitTimer = false;
    this.#solicitIfWanted();
  }

  #deliver({ bytes, start }: ItemBytes, peer: ModelEnd): void {
    const item = bytes[start];
    const expected = peer.log[this.heard];
    if (item !== expected) throw new Violation(`${this.side} gets item ${item} in place of ${expected}`);
    this.heard++;
    // The layer above answers past the bound, while it may send at all.
    if (item === PING && !this.isClosing && this.core.tryTakeHeadroom()) this.#enqueue(PONG);
  }

  onEnd(): void {
    if (this.core.hasPeerClosed && !this.core.isOutboundDone) this.#hasInboundEnded = true;
    else this.detach(true);
  }

  // ---- links

  /** The link has died, and the shell is told: by the reading half, or once that has ended by a write. */
  get canNotice(): boolean {
    const { link, side } = this;
    if (link === undefined || this.isOver) return false;
    return this.#hasInboundEnded ? this.canWrite && link.refuses(side) : link.isLostTo(side);
  }

  /** A solicitation waits for its ack. */
  get canStall(): boolean {
    return this.#hasSolicitTimer && this.link !== undefined && !this.isOver;
  }

  attach(link: ModelLink, peerLastReceived: number | undefined): void {
    this.core.attach(peerLastReceived);
    this.link = link;
    this.settle();
    this.#solicitIfWanted();
  }

  fence(): void {
    this.link?.leave(this.side);
    this.link = undefined;
    this.#hasInboundEnded = false;
    this.#hasSolicitTimer = false;
  }

  detach(isGraceful: boolean): void {
    if (this.link === undefined || this.isOver) return;
    if (this.core.detach(isGraceful)) this.#over();
    else this.fence();
  }

  #over(): void {
    this.isOver = true;
    this.link?.retire(this.side);
    this.link = undefined;
  }

  // ---- checks

  /** Items of its own that are kept: solicitations and their answers are past the bound. */
  get #keptItems(): number {
    const { replayFrames } = this.core;
    return this.log.slice(this.log.length - replayFrames).filter((item) => item < PING).length;
  }

  /** @throws Violation */
  check(peer: ModelEnd, maxReplayFrames: number): void {
    const { side, core } = this;
    if (this.#keptItems + this.permits > maxReplayFrames) throw new Violation(`${side} keeps more than it may`);
    if (!this.isOver && this.log.length - core.replayFrames > peer.heard) {
      throw new Violation(`${side} takes for acknowledged what ${peer.side} has not got`);
    }
  }

  /** Everything about it but its link, as data. */
  get key(): unknown {
    // With nobody to call it the core has no future.
    const core = this.isOver ? undefined : this.core.snapshot(0);
    const flags = [this.isClosing, this.isOver, this.hasExpired, this.#hasInboundEnded, this.#hasSolicitTimer];
    return [core, this.log.join(), this.heard, this.items, this.permits, flags];
  }
}
