import { messageFamily } from "roam/session";
import { decodeFrame } from "../decode-frame.ts";
import { toHex } from "../hex.ts";
import { Difference } from "../vectors/tally.ts";
import { encoded } from "./scene.ts";

const { fillers } = messageFamily;
const ACK_FILLER = fillers && toHex(encoded(fillers.ack));
const CLOSE_FILLER = fillers && toHex(encoded(fillers.close));

/** Frames that our runtime adds by contract, and a published peer drops as duplicates. */
export interface AddedFrames {
  readonly ackFrames: number;
  readonly closeFrames: number;
}

/** Holds the frames of our runtime against what it may write, over all links of a session. */
export class FrameChecks implements AddedFrames {
  ackFrames = 0;
  closeFrames = 0;
  /** Nothing comes on this link any more. */
  hasClosed = false;
  readonly #items: string[] = [];
  #next = 0;
  #lastAck: number | undefined;

  /** Messages that our runtime has said. */
  get count(): number {
    return this.#items.length;
  }

  /** A new link begins: what is after `lastReceived` comes again. */
  resume(lastReceived: number | undefined): void {
    this.#next = lastReceived === undefined ? 0 : lastReceived + 1;
    this.hasClosed = false;
  }

  /**
   * Takes a frame.
   *
   * @param said messages of the other side
   * @returns the message in it, if it is a new one
   * @throws Difference if it is out of order, or acknowledges what it cannot
   * @throws DecodeError if it is none
   */
  take(payload: Uint8Array, said: number): Uint8Array | undefined {
    const { seq, ack, item } = decodeFrame(payload);
    const hex = toHex(item);
    this.#expectAck(ack, said);
    if (this.hasClosed) throw new Difference(`frame ${seq} after the close frame`);
    if (seq === this.#next) {
      this.#next++;
      const earlier = this.#items[seq];
      if (earlier === undefined) {
        this.#items.push(hex);
        return item.slice();
      }
      if (earlier !== hex) throw new Difference(`frame ${seq}: replayed as ${hex}, was ${earlier}`);
      return undefined;
    }
    const isRepeat = seq === this.#next - 1;
    if (isRepeat && hex === ACK_FILLER) this.ackFrames++;
    else if (isRepeat && hex === CLOSE_FILLER) {
      this.closeFrames++;
      this.hasClosed = true;
    } else throw new Difference(`expected frame ${this.#next}, got frame ${seq} with ${hex}`);
    return undefined;
  }

  #expectAck(ack: number | undefined, said: number): void {
    if ((ack ?? -1) < (this.#lastAck ?? -1))
      throw new Difference(`an ack goes back from ${this.#lastAck} to ${ack}`);
    if ((ack ?? -1) >= said) throw new Difference(`an ack of ${ack} where ${said} frames were sent`);
    this.#lastAck = ack;
  }
}
