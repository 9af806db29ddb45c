import { BareConduit, type Conduit } from "roam/conduit";
import { memoryLinkPair } from "roam/link";
import { messageFamily } from "roam/session";
import type { VirtualClock } from "roam/testing";
import type { Message } from "roam/wire";
import { Difference } from "../vectors/tally.ts";
import type { MessageStep, Scene } from "./scene.ts";
import type { AddedFrames } from "./stable-frames.ts";
import { StableWire } from "./stable-wire.ts";

/** Who is told of what our runtime does. */
export interface WireListener {
  /** It said a message, whose bytes are the listener's to keep. */
  onMessage(payload: Uint8Array): void;
  /** It ended the session's last link: bare if gracefully. */
  onEnd(cause?: Error): void;
  /** It broke a rule of the wire below the messages. */
  onFault(difference: Difference): void;
}

/** What is between our runtime and the recorded other side. */
export interface Wire {
  /** Our runtime's, when it is connected. */
  readonly conduit: Promise<Conduit<Message>>;
  /** Frames of our runtime that no recording has. */
  readonly added?: AddedFrames;
  /** Called once, before anything is said. */
  start(listener: WireListener): void;
  /** Sees to what the recording has on the wire before the entry, messages apart. */
  reach(entry: number): Promise<void>;
  /** @throws Difference if our runtime does not read */
  say(step: MessageStep): void;
  /** Ends the other side's direction. */
  close(): void;
  destroy(): void;
}

export function wireFor({ stable, role }: Scene, clock: VirtualClock): Wire {
  return stable === undefined ? new BareWire() : new StableWire(stable, role, clock);
}

/** Messages as they are, on one link. */
class BareWire implements Wire {
  readonly conduit: Promise<Conduit<Message>>;
  readonly #far;

  constructor() {
    const [here, far] = memoryLinkPair();
    this.conduit = Promise.resolve(new BareConduit(here, messageFamily));
    this.#far = far;
  }

  start({ onMessage, onEnd }: WireListener): void {
    this.#far.rx.start((payload) => onMessage(payload.whole()), onEnd);
  }

  async reach(): Promise<void> {}

  say({ payload }: MessageStep): void {
    const permit = this.#far.tx.tryReserve();
    if (permit === undefined) throw new Difference("our runtime does not read what is sent to it");
    permit.write(payload, (writer, bytes) => writer.raw(bytes));
  }

  close(): void {
    void this.#far.tx.close();
  }

  destroy(): void {
    this.#far.destroy();
  }
}
