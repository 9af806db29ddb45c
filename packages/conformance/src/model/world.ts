import { DEFAULT_LIMITS, type Limits } from "roam";
import type { Frame, ItemBytes } from "../../../roam/src/conduit/stable/frame.ts";
import { type PastNumbers, StableCore } from "../../../roam/src/conduit/stable/stable-core.ts";

/** The initiator, which dials, and the acceptor. */
export type Side = "a" | "b";

/** One step of the world, named for people. */
export type Action =
  | `${Side}:${"send" | "write" | "late ack" | "read" | "notice" | "close" | "grace"}`
  | "dial"
  | "cut";

/** Something in the world contradicts what the conduit promises. */
export class Violation extends Error {
  override readonly name: string = "Violation";
}

export interface WorldOptions {
  /** Items that each side sends, and closes then. */
  readonly items: number;
  /** Links that may be cut. */
  readonly cuts: number;
  readonly limits: Partial<Limits>;
  /** Numbers used up before. */
  readonly past?: PastNumbers;
  /** The core under test; another one to see that faults are found. */
  readonly makeCore?: typeof newCore;
}

const FILLERS = { ack: Uint8Array.of(200), close: Uint8Array.of(201) };

export function newCore(limits: Limits, past: PastNumbers | undefined): StableCore {
  return new StableCore(limits, FILLERS, past);
}

/** What lies in one direction of a link. */
type Parcel =
  | { readonly kind: "hello"; readonly lastReceived: number | undefined }
  | { readonly kind: "rejected" }
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "end" };

/** A link: towards each side a queue. Once dead it swallows what is written and brings no more. */
interface Link {
  readonly to: Record<Side, Parcel[]>;
  isDead: boolean;
  /** The sides that have ended their direction. */
  readonly ended: Set<Side>;
}

interface End {
  readonly core: StableCore;
  /** The link that it has attached. */
  link: Link | undefined;
  sent: number;
  got: number;
  hasPeerClosed: boolean;
  isClosing: boolean;
  isOver: boolean;
}

/**
 * Two production cores joined by the smallest model of links, handshakes and the shell around the
 * core. It changes by actions only, so that a list of them says how a state came about.
 */
export class World {
  readonly #options: WorldOptions;
  readonly #ends: Record<Side, End>;
  /** Dialled last, and its handshake under way. */
  #dialled: Link | undefined;
  #cuts = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { makeCore = newCore, past } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const end = (): End => ({
      core: makeCore(limits, past),
      link: undefined,
      sent: 0,
      got: 0,
      hasPeerClosed: false,
      isClosing: false,
      isOver: false,
    });
    this.#ends = { a: end(), b: end() };
  }

  /** What could happen next. */
  actions(): Action[] {
    const enabled: Action[] = [];
    for (const side of ["a", "b"] as const) {
      for (const what of ["send", "write", "late ack", "read", "notice", "close", "grace"] as const) {
        if (this.#can(side, what)) enabled.push(`${side}:${what}`);
      }
    }
    const { a } = this.#ends;
    if (a.link === undefined && !a.isOver && this.#dialled === undefined) enabled.push("dial");
    if (this.#cuts < this.#options.cuts && this.#live() !== undefined) enabled.push("cut");
    return enabled;
  }

  #live(): Link | undefined {
    const link = this.#dialled ?? this.#ends.a.link ?? this.#ends.b.link;
    return link?.isDead === false ? link : undefined;
  }

  #can(side: Side, what: string): boolean {
    const end = this.#ends[side];
    const { link, core } = end;
    const isWriting = link !== undefined && !end.isOver && !link.ended.has(side);
    switch (what) {
      case "send":
        return end.sent < this.#options.items && !end.isOver && this.#hasRoom(core);
      case "write":
        return isWriting && core.hasFrame();
      case "late ack":
        return isWriting && !core.hasFrame() && core.hasFrame(true);
      case "read":
        return (this.#readable(side)?.to[side].length ?? 0) > 0;
      case "grace":
        return isWriting && !core.endsLink(false) && core.endsLink(true);
      case "notice":
        return (link?.isDead === true || this.#isDeaf(side)) && !end.isOver;
      default:
        return end.sent === this.#options.items && !end.isClosing && !end.isOver;
    }
  }

  // Nothing that comes could acknowledge what is kept: in time the shell drops such a link.
  #isDeaf(side: Side): boolean {
    const { link, core } = this.#ends[side];
    const hasEnded = link?.ended.has(other(side)) === true && link.to[side].length === 0;
    return hasEnded && !core.hasFrame(true) && core.replayFrames > 0;
  }

  #hasRoom(core: StableCore): boolean {
    if (!core.tryTakePermit()) return false;
    core.returnPermit();
    return true;
  }

  /** The link whose next parcel a side takes: the acceptor reads a new one beside the one it has. */
  #readable(side: Side): Link | undefined {
    const { link, isOver } = this.#ends[side];
    if (this.#dialled !== undefined && !this.#dialled.isDead && this.#dialled.to[side].length > 0) {
      return this.#dialled;
    }
    return link?.isDead === false && !isOver ? link : undefined;
  }

  /** @throws Violation */
  act(action: Action): void {
    if (action === "dial") return this.#dial();
    if (action === "cut") return this.#cut(this.#live() as Link, true);
    const [side, what] = action.split(":") as [Side, string];
    const end = this.#ends[side];
    switch (what) {
      case "send":
        end.core.tryTakePermit();
        end.core.enqueue({ bytes: Uint8Array.of(end.sent++), start: 0, end: 1 });
        break;
      case "write":
      case "late ack":
        this.#write(side);
        break;
      case "read":
        this.#read(side);
        break;
      case "notice":
        this.#detach(side, false);
        break;
      case "grace":
        this.#endLinkIfDone(side, true);
        break;
      default:
        end.isClosing = true;
        end.core.close();
        this.#endLinkIfDone(side);
    }
    this.#check();
  }

  #dial(): void {
    const link: Link = { to: { a: [], b: [] }, isDead: false, ended: new Set() };
    this.#dialled = link;
    link.to.b.push({ kind: "hello", lastReceived: this.#ends.a.core.lastReceived });
  }

  #cut(link: Link, isCounted: boolean): void {
    if (isCounted) this.#cuts++;
    link.isDead = true;
    link.to.a.length = 0;
    link.to.b.length = 0;
    // An attempt that dies before it is attached is made again.
    if (this.#dialled === link) this.#dialled = undefined;
  }

  #write(side: Side): void {
    const { core, link } = this.#ends[side];
    const frame = core.takeFrame();
    if (link !== undefined && !link.isDead) link.to[other(side)].push({ kind: "frame", frame });
    this.#endLinkIfDone(side);
  }

  // As the shell does it: behind the last word our direction of the link ends.
  #endLinkIfDone(side: Side, isLate = false): void {
    const end = this.#ends[side];
    const { link, core } = end;
    if (link === undefined || end.isOver || !core.endsLink(isLate)) return;
    if (!link.ended.has(side)) {
      link.ended.add(side);
      if (!link.isDead) link.to[other(side)].push({ kind: "end" });
    }
    if (core.isOver) end.isOver = true;
  }

  #read(side: Side): void {
    const link = this.#readable(side) as Link;
    const parcel = link.to[side].shift() as Parcel;
    switch (parcel.kind) {
      case "hello":
        return side === "b" ? this.#onClientHello(link, parcel) : this.#onServerHello(link, parcel);
      case "rejected":
        return this.#onRejected(link);
      case "frame":
        return this.#onFrame(side, parcel.frame);
      case "end":
        return this.#onEnd(side);
    }
  }

  #onClientHello(link: Link, { lastReceived }: { readonly lastReceived: number | undefined }): void {
    const { b } = this.#ends;
    if (b.isOver) {
      link.to.a.push({ kind: "rejected" });
      return;
    }
    if (!b.core.isConsistent(lastReceived))
      throw new Violation("the acceptor refuses a client it should know");
    // The fence: nothing of the old link counts any more.
    if (b.link !== undefined) this.#cut(b.link, false);
    link.to.a.push({ kind: "hello", lastReceived: b.core.lastReceived });
    this.#attach("b", link, lastReceived);
  }

  #onServerHello(link: Link, { lastReceived }: { readonly lastReceived: number | undefined }): void {
    this.#dialled = undefined;
    if (!this.#ends.a.core.isConsistent(lastReceived))
      throw new Violation("the server is taken for another one");
    this.#attach("a", link, lastReceived);
  }

  #attach(side: Side, link: Link, peerLastReceived: number | undefined): void {
    const end = this.#ends[side];
    end.core.attach(peerLastReceived);
    end.link = link;
    this.#endLinkIfDone(side);
  }

  #onRejected(link: Link): void {
    this.#cut(link, false);
    const { a } = this.#ends;
    if (!a.core.isForgettable) throw new Violation("a session that nobody closed was forgotten");
    a.isOver = true;
  }

  #onFrame(side: Side, frame: Frame): void {
    const end = this.#ends[side];
    const verdict = end.core.onFrame(frame, { nowMs: () => 0 });
    if (end.link?.ended.has(side) === true && end.core.isOver) end.isOver = true;
    switch (verdict.kind) {
      case "deliver":
        return this.#deliver(end, frame.item);
      case "ignore":
        return;
      case "closed":
        end.hasPeerClosed = true;
        if (end.got !== this.#options.items) throw new Violation(`${side} hears the close before all items`);
        return this.#endLinkIfDone(side);
      case "fault":
        throw new Violation(`${side} sees a fault: ${verdict.reason}`);
      case "lost":
        throw new Violation(`${side} loses the session: ${verdict.reason}`);
    }
  }

  #deliver(end: End, { bytes, start }: ItemBytes): void {
    if (bytes[start] !== end.got) throw new Violation(`item ${bytes[start]} came in place of ${end.got}`);
    end.got++;
  }

  #onEnd(side: Side): void {
    const end = this.#ends[side];
    // Our direction goes on: the link is ended on one side only.
    if (end.core.hasPeerClosed && !end.core.isOutboundDone) return;
    this.#detach(side, true);
  }

  #detach(side: Side, isGraceful: boolean): void {
    const end = this.#ends[side];
    const { link } = end;
    if (link === undefined || end.isOver) return;
    if (end.core.detach(isGraceful)) {
      end.isOver = true;
      return;
    }
    end.link = undefined;
    if (!link.isDead) this.#cut(link, false);
  }

  #check(): void {
    const { maxReplayFrames = DEFAULT_LIMITS.maxReplayFrames } = this.#options.limits;
    for (const side of ["a", "b"] as const) {
      const { core, sent } = this.#ends[side];
      if (core.replayFrames > maxReplayFrames) throw new Violation(`${side} keeps more than it may`);
      if (this.#ends[other(side)].got > sent) throw new Violation(`${side} has sent less than arrived`);
    }
  }

  /** True if everything has been said: both are over, having got all. */
  get isDone(): boolean {
    const { a, b } = this.#ends;
    const { items } = this.#options;
    if (a.isOver && b.isOver) return a.got === items && b.got === items;
    // Who was cut off by the other's orderly end waits out its time: nothing is missing to anybody.
    return (a.isOver || b.isOver) && a.got === items && b.got === items;
  }

  /** Two worlds with the same key have the same future. */
  get key(): string {
    const ends = (["a", "b"] as const).map((side) => {
      const { core, link, ...rest } = this.#ends[side];
      return [core.snapshot(0), rest, this.#linkKey(link)];
    });
    return JSON.stringify([ends, this.#linkKey(this.#dialled), this.#cuts]);
  }

  #linkKey(link: Link | undefined): unknown {
    if (link === undefined) return null;
    const { a, b } = this.#ends;
    // Which of the others it is matters as well.
    const identity = [link === a.link, link === b.link, link === this.#dialled];
    const shown = (parcel: Parcel) =>
      parcel.kind === "frame"
        ? [parcel.frame.seq, parcel.frame.ack, parcel.frame.item.bytes[0]]
        : Object.values(parcel);
    return [identity, link.isDead, [...link.ended], link.to.a.map(shown), link.to.b.map(shown)];
  }
}

function other(side: Side): Side {
  return side === "a" ? "b" : "a";
}
