import type { Frame, ItemBytes } from "../../../roam/src/conduit/stable/frame.ts";
import type { FrameVerdict } from "../../../roam/src/conduit/stable/stable-core.ts";
import type { Core } from "./model-end.ts";

/**
 * One end as the published Rust crate (7.3) behaves where nothing provokes its faults: it acknowledges
 * on items alone, replays frames with the acks they had, keeps without bound, knows neither ack frame
 * nor close frame, and takes any number after the last one for the next.
 */
export class PublishedCore implements Core {
  lastReceived: number | undefined;
  #lastSent: number | undefined;
  #lastAcked: number | undefined;
  readonly #kept: Frame[] = [];
  /** Frames of those kept that are on the link. */
  #written = 0;

  readonly ackDueMs = undefined;
  readonly isExhausted = false;
  readonly isForgettable = true;
  readonly isOutboundDone = false;
  readonly isOver = false;
  readonly isSoliciting = false;
  readonly hasPeerClosed = false;
  readonly wantsAck = false;

  get replayFrames(): number {
    return this.#kept.length;
  }

  get status() {
    return {
      sent: this.#lastSent,
      acked: this.#lastAcked,
      received: this.lastReceived,
      frames: this.#kept.length,
      bytes: this.#kept.length,
    };
  }

  tryTakePermit(): boolean {
    return true;
  }

  tryTakeHeadroom(): boolean {
    return true;
  }

  returnPermit(): void {}

  enqueue(item: ItemBytes): void {
    const seq = this.#lastSent === undefined ? 0 : this.#lastSent + 1;
    this.#lastSent = seq;
    this.#kept.push({ seq, ack: this.lastReceived, item });
  }

  solicited(): void {}

  close(): void {}

  hasFrame(): boolean {
    return this.#written < this.#kept.length;
  }

  takeFrame(): Frame {
    return this.#kept[this.#written++] as Frame;
  }

  endsLink(): boolean {
    return false;
  }

  onFrame({ seq, ack }: Frame): FrameVerdict {
    this.#trim(ack);
    if (this.lastReceived !== undefined && seq <= this.lastReceived) return { kind: "ignore" };
    this.lastReceived = seq;
    return { kind: "deliver" };
  }

  #trim(ack: number | undefined): void {
    if (ack === undefined) return;
    this.#lastAcked = ack;
    while ((this.#kept[0]?.seq ?? Number.POSITIVE_INFINITY) <= ack) {
      this.#kept.shift();
      if (this.#written > 0) this.#written--;
    }
  }

  isConsistent(): boolean {
    return true;
  }

  attach(peerLastReceived: number | undefined): number {
    this.#trim(peerLastReceived);
    this.#written = 0;
    return this.#kept.length;
  }

  /** The peer's orderly end looks like a failure to it. */
  detach(): boolean {
    return false;
  }

  snapshot(): object {
    const kept = this.#kept.map(({ seq, ack }) => `${seq} ${ack}`).join();
    return { ...this.status, kept, written: this.#written };
  }
}
