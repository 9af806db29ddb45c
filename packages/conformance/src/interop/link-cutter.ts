import type { Link, LinkPermit, LinkRx, LinkTx } from "roam/link";
import type { SeededRandom } from "roam/testing";
import { Writer } from "roam-postcard";
import { decodeFrame } from "../decode-frame.ts";

export interface CutPlan {
  /** Payloads of a link after which it is cut. */
  readonly every: number;
  /** Whose payloads count. */
  readonly from: "ours" | "theirs" | "both";
  /** Of resumed links, so many are cut in the handshake: one of the two hellos does not arrive (default 0.25). */
  readonly handshakeShare?: number;
}

type Side = "ours" | "theirs";

/**
 * Stands between our stable conduit and its links, and cuts each of them. The payload that does it
 * arrives or does not, and the link ends in order or at once: a seed decides.
 *
 * The crates do not survive a link that dies in their own handshake or replay, which no Rust peer
 * could do anything about. A hello that goes missing here is no worse for them than a dial
 * that failed; behind the hellos payloads count only from when the Rust peer acknowledges something
 * that was new to it on this link: it reads nothing before its replay is complete.
 */
export class LinkCutter {
  readonly plan: CutPlan;
  readonly #random: SeededRandom;
  /** All of them, and those in a handshake. */
  cuts = 0;
  handshakeCuts = 0;
  /** Payloads that we, or they, believed to have sent, and that went missing in a cut. */
  swallowed = 0;
  #links = 0;
  #isOff = false;

  constructor(plan: CutPlan, random: SeededRandom) {
    this.plan = plan;
    this.#random = random;
  }

  readonly wrap = (link: Link): Link => {
    const { handshakeShare = 0.25 } = this.plan;
    const isFirst = this.#links++ === 0;
    const isCutEarly = !isFirst && !this.#isOff && this.#random.chance(handshakeShare);
    const missing = isCutEarly ? this.#random.pick<Side>(["ours", "theirs"]) : undefined;
    return new CutLink(link, this, missing);
  };

  /** Leaves the links in peace from now on. */
  stop(): void {
    this.#isOff = true;
  }

  /** @internal */
  cut(isHandshake: boolean): { readonly isAbrupt: boolean; readonly isSwallowed: boolean } | undefined {
    if (this.#isOff) return undefined;
    this.cuts++;
    if (isHandshake) this.handshakeCuts++;
    return { isAbrupt: this.#random.chance(0.5), isSwallowed: isHandshake || this.#random.chance(0.5) };
  }
}

class CutLink implements Link {
  readonly tx: LinkTx;
  readonly rx: LinkRx;
  readonly #link: Link;
  readonly #cutter: LinkCutter;
  /** The side whose hello goes missing. */
  readonly #missing: Side | undefined;
  readonly #hasGreeted = { ours: false, theirs: false };
  /** What the Rust peer had received before this link; the first number that is new to it. */
  #known = -1;
  #firstNew: number | undefined;
  /** The Rust peer is done with its replay. */
  #isCounting = false;
  #count = 0;
  #isCut = false;

  constructor(link: Link, cutter: LinkCutter, missing: Side | undefined) {
    this.#link = link;
    this.#cutter = cutter;
    this.#missing = missing;
    const { tx, rx } = link;
    const permit = (inner: LinkPermit) => this.#permit(inner);
    this.tx = {
      get maxPayloadBytes() {
        return tx.maxPayloadBytes;
      },
      set maxPayloadBytes(bytes) {
        tx.maxPayloadBytes = bytes;
      },
      reserve: async (options) => permit(await tx.reserve(options)),
      tryReserve: () => {
        const inner = tx.tryReserve();
        return inner && permit(inner);
      },
      tryWrite: (value, encode) => {
        const inner = tx.tryReserve();
        if (inner !== undefined) permit(inner).write(value, encode);
        return inner !== undefined;
      },
      close: () => tx.close(),
    };
    this.rx = {
      get maxPayloadBytes() {
        return rx.maxPayloadBytes;
      },
      set maxPayloadBytes(bytes) {
        rx.maxPayloadBytes = bytes;
      },
      start: (onPayload, onEnd) =>
        rx.start((payload) => {
          if (this.#passes(payload.whole(), "theirs")) onPayload(payload);
        }, onEnd),
      pause: () => rx.pause(),
      resume: () => rx.resume(),
    };
  }

  get peer(): string {
    return this.#link.peer;
  }

  destroy(...cause: Parameters<Link["destroy"]>): void {
    this.#link.destroy(...cause);
  }

  #permit(inner: LinkPermit): LinkPermit {
    const release = () => inner.release();
    const writeBytes = (payload: Uint8Array) => {
      if (this.#passes(payload, "ours")) inner.write(payload, (writer, bytes) => writer.raw(bytes));
      else release();
    };
    return {
      alloc: (length) => {
        const bytes = new Uint8Array(length);
        return { bytes, commit: () => writeBytes(bytes), [Symbol.dispose]: release };
      },
      write: (value, encode) => {
        const writer = new Writer();
        encode(writer, value);
        writeBytes(writer.finish());
      },
      release,
      [Symbol.dispose]: release,
    };
  }

  /** Counts a payload. @returns false if it is not to arrive */
  #passes(payload: Uint8Array, from: Side): boolean {
    if (this.#isCut) {
      this.#cutter.swallowed++;
      return false;
    }
    if (!this.#hasGreeted[from]) {
      this.#hasGreeted[from] = true;
      if (this.#missing === from) return this.#cut(true);
      if (from === "theirs") this.#known = lastReceived(payload);
      return true;
    }
    this.#follow(payload, from);
    const { every, from: counted } = this.#cutter.plan;
    if (!this.#isCounting || (counted !== "both" && counted !== from)) return true;
    return ++this.#count < every || this.#cut(false);
  }

  #follow(payload: Uint8Array, from: Side): void {
    if (this.#isCounting) return;
    const { seq, ack } = decodeFrame(payload);
    if (from === "ours") {
      if (seq > this.#known) this.#firstNew ??= seq;
    } else if (ack !== undefined && this.#firstNew !== undefined && ack >= this.#firstNew) {
      this.#isCounting = true;
    }
  }

  /** @returns whether the payload that did it arrives */
  #cut(isHandshake: boolean): boolean {
    const how = this.#cutter.cut(isHandshake);
    if (how === undefined) return true;
    this.#isCut = true;
    // A link does not die within a call of its own.
    queueMicrotask(() => {
      if (how.isAbrupt) this.#link.destroy();
      else void this.#link.tx.close();
    });
    if (how.isSwallowed) this.#cutter.swallowed++;
    return !how.isSwallowed;
  }
}

const FLAGS = 4;
const HAS_LAST_RECEIVED = 2;
const LAST_RECEIVED = 21;

/** As a hello of either side tells; -1 for nothing. */
function lastReceived(hello: Uint8Array): number {
  const view = new DataView(hello.buffer, hello.byteOffset, hello.length);
  return view.getUint8(FLAGS) & HAS_LAST_RECEIVED ? view.getUint32(LAST_RECEIVED, true) : -1;
}
