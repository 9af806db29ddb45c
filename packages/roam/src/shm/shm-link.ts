import type { Reader } from "roam-postcard";
import { asError, ProtocolError, RoamError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { Deque } from "../internal/deque.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import type { Link } from "../link/link.ts";
import { LinkTxBase, outgoingWriter } from "../link/link-tx-base.ts";
import type { Bell } from "./bell.ts";
import { Inbound } from "./inbound.ts";
import { LentPayload } from "./lent-payload.ts";
import type { Mappings } from "./mappings.ts";
import { Outbound } from "./outbound.ts";
import { RingAgain } from "./ring-again.ts";
import type { Segment } from "./segment.ts";
import { ShmLinkRx } from "./shm-link-rx.ts";
import { ViewedPayload } from "./viewed-payload.ts";

/** Bytes committed and not yet in shared memory at which `reserve` waits. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Byte arrays from this size on are copied once: from where they are into shared memory. */
const GATHER_FROM = 4 * 1024;
/** How long a close waits until the other side has taken everything (ms). */
const CLOSE_TIMEOUT_MS = 5_000;
/** How long an entry waits for its mapping, which comes by another way, and how often to look (ms). */
const MAPPING_TIMEOUT_MS = 2_000;
const MAPPING_LOOK_MS = 1;
/** To ask for the time takes longer than to look into a ring. */
const LOOKS_PER_CLOCK = 32;

export interface ShmLinkOptions {
  readonly segment: Segment;
  /** Of the guest, whichever side this is. */
  readonly id: number;
  readonly side: "host" | "guest";
  readonly bell: Bell;
  /** Without them the slots bound the size of payloads. */
  readonly mappings?: Mappings;
  readonly peer?: string;
  /** How long to look for entries before going to sleep (µs); it blocks the thread (default 0). */
  readonly spinMicros?: number;
  /** The link is dead: nothing of it is used any more. */
  readonly onEnd?: () => void;
  readonly clock?: Clock;
}

/** A link between the host and a guest of a segment. */
// r[impl shm.topology.communication]
// r[impl transport.shm]
// r[impl shm]
// r[impl shm.topology.bidirectional]
// r[impl zerocopy.framing.link.shm]
export class ShmLink implements Link {
  readonly tx: LinkTxBase;
  readonly rx: ShmLinkRx;
  readonly peer: string;
  readonly #segment: Segment;
  readonly #id: number;
  readonly #bell: Bell;
  readonly #mappings: Mappings | undefined;
  readonly #spinMs: number;
  readonly #out: Outbound;
  readonly #in: Inbound;
  readonly #again: RingAgain;
  readonly #clock: Clock;
  /** Taken from the ring and not handed up yet. */
  readonly #inbox = new Deque<Reader>();
  #hasStarted = false;
  #isFlowing = false;
  #isTurnPending = false;
  #isBlocked = false;
  /** The last turn had work, so that it may pay to spin for more. */
  #isBusy = false;
  #stopLooking: (() => void) | undefined;
  #mappingMissingSinceMs: number | undefined;
  #closing: Deferred<void> | undefined;
  #stopClosing: (() => void) | undefined;
  /** The other side is gone; what it left in the ring is still to be handed up. */
  #gone: { readonly cause: RoamError | undefined } | undefined;
  #isHandingUp = false;
  #isDead = false;
  readonly #onEnd: (() => void) | undefined;

  constructor(options: ShmLinkOptions) {
    const { segment, id, side, bell, mappings, spinMicros = 0, clock = systemClock } = options;
    const { toHost, toGuest } = segment.rings(id);
    const [out, incoming, owner] = side === "host" ? [toGuest, toHost, 0] : [toHost, toGuest, id];
    this.peer = options.peer ?? "shm";
    this.#segment = segment;
    this.#id = id;
    this.#bell = bell;
    this.#mappings = mappings;
    this.#spinMs = spinMicros / 1_000;
    this.#onEnd = options.onEnd;
    this.#out = new Outbound(segment, out, { owner, mappings });
    this.#in = new Inbound(segment, incoming, { mappings, onFreed: () => this.#freed() });
    this.#clock = clock;
    this.#again = new RingAgain(() => bell.ring(), clock);
    this.tx = new LinkTxBase(
      {
        gapBytes: 0,
        seal: (_writer, _start, length) => {
          this.#out.add(length);
          this.#turnSoon();
        },
        end: () => this.#end(),
      },
      {
        highWaterBytes: HIGH_WATER_BYTES,
        writer: outgoingWriter({ gatherFrom: GATHER_FROM }),
        mostPayloadBytes: this.#out.maxPayloadBytes,
      },
    );
    this.rx = new ShmLinkRx({
      start: () => this.#flow(true),
      pause: () => this.#flow(false),
      resume: () => this.#flow(true),
    });
    bell.listen(
      () => this.#turn(),
      (cause) => this.#lose(cause),
    );
  }

  destroy(cause: RoamError = new RoamError("closed", "the link was destroyed here")): void {
    if (!this.#isDead) this.#die(cause);
  }

  #die(cause: RoamError | undefined): void {
    this.#isDead = true;
    this.#stopClosing?.();
    this.#stopLooking?.();
    this.#again.end();
    this.#out.clear();
    for (const payload of this.#inbox.drain()) giveBack(payload);
    this.#bell.close();
    this.#mappings?.close();
    this.tx.fail(cause ?? new RoamError("closed", "the link was closed"));
    this.rx.end(cause);
    this.#closing?.resolve();
    this.#onEnd?.();
  }

  /** Frees what was sent to a guest that is dead and was not freed by it. */
  reclaim(): void {
    this.#out.reclaim();
  }

  #turnSoon(): void {
    if (this.#isTurnPending || this.#isDead) return;
    this.#isTurnPending = true;
    atEndOfTurn(this.#turnNow);
  }

  readonly #turnNow = (): void => {
    this.#isTurnPending = false;
    this.#turn();
  };

  /** Places what waits, hands up what is there, and sees to it that somebody looks again. */
  #turn(): void {
    if (this.#isDead) return;
    try {
      this.#work();
    } catch (error) {
      if (this.#isHandingUp) {
        // Thrown by the one who was handed a payload: the others have a right to come.
        this.#isHandingUp = false;
        this.#turnSoon();
        throw error;
      }
      // What shared memory holds is as good as the process that wrote it.
      const cause = asError(error);
      this.destroy(cause instanceof RoamError ? cause : new RoamError("io", cause.message, { cause }));
    }
  }

  #work(): void {
    if (this.#segment.isHostGone) this.#noteGone(undefined);
    const hasPlaced = this.#place();
    const hasTaken = this.#take();
    // What was answered at once need not wait for the next turn.
    const hasAnswered = hasTaken && this.#place();
    if (this.#isDead) return;
    this.#ringIfDue(hasPlaced || hasAnswered);
    if (hasPlaced || hasTaken) this.#again.traffic();
    this.#finishIfDone();
    if (this.#isDead) return;
    if (this.#hasMore) this.#turnSoon();
    if (this.#spinMs > 0) this.#spin(hasPlaced || hasTaken);
  }

  // One ring for all that a turn places and takes.
  // r[impl shm.signal.doorbell.integration]
  #ringIfDue(hasPlaced: boolean): void {
    if (this.#gone !== undefined) return;
    // A full ring that has been emptied since is reset by a look of the other side. One that leaves waits for its end.
    const isDue = hasPlaced || this.#isBlocked || this.#in.isRingDue(this.#segment.isLeaving(this.#id));
    if (!isDue) return;
    this.#bell.ring();
    this.#in.rung();
  }

  get #hasMore(): boolean {
    const isWaiting = !this.#isFlowing || this.#stopLooking !== undefined;
    return !isWaiting && (this.#in.isReadable || this.#in.isBetween);
  }

  /** After a turn with work, in which others may answer, the next one looks into the ring for a while. */
  #spin(hasWorked: boolean): void {
    const isToSpin = this.#isBusy && !hasWorked;
    this.#isBusy = hasWorked;
    if (hasWorked) this.#turnSoon();
    else if (isToSpin && !this.#isTurnPending && this.#isFound()) this.#work();
  }

  #isFound(): boolean {
    const untilMs = performance.now() + this.#spinMs;
    do {
      for (let look = 0; look < LOOKS_PER_CLOCK; look++) if (this.#in.isReadable) return true;
    } while (performance.now() < untilMs);
    return false;
  }

  // ---- sending

  /** @returns whether something was placed */
  #place(): boolean {
    const waiting = this.#out.size;
    if (waiting === 0 || this.#gone !== undefined) return false;
    const { tx } = this;
    tx.queued(tx.writer.length);
    this.#out.takeFrom(tx.writer);
    tx.queued(-this.#out.flush());
    const isBlocked = this.#out.size > 0;
    // While one waits for room nobody reserves, so that it is not the heap that fills instead.
    if (isBlocked !== this.#isBlocked) {
      this.#isBlocked = isBlocked;
      tx.queued(isBlocked ? HIGH_WATER_BYTES : -HIGH_WATER_BYTES);
    }
    return this.#out.size < waiting;
  }

  // r[impl shm.x.close]
  #end(): Promise<void> {
    this.#closing = deferred();
    this.#stopClosing = this.#clock.after(CLOSE_TIMEOUT_MS, () =>
      this.destroy(new RoamError("closed", "the other side did not take what was sent")),
    );
    this.#segment.leave(this.#id);
    this.#bell.ring();
    this.#turnSoon();
    return this.#closing.promise;
  }

  #finishIfDone(): void {
    const isSent = this.#closing !== undefined && this.#out.isDrained;
    if (!isSent && this.#gone === undefined) return;
    const isTaken = this.#inbox.size === 0 && !this.#in.isReadable;
    // Whoever closes and never read waits for nothing.
    if (isTaken || (isSent && !this.#hasStarted)) this.#die(isSent ? undefined : this.#gone?.cause);
  }

  // ---- receiving

  #flow(isFlowing: boolean): void {
    this.#hasStarted = true;
    this.#isFlowing = isFlowing;
    if (isFlowing) this.#turnSoon();
  }

  /**
   * Hands up what was taken before, then what the ring holds now: once, so that a busy sender does not keep this
   * thread from all else.
   *
   * @returns whether the ring held anything
   */
  #take(): boolean {
    this.#deliver();
    if (!this.#isFlowing || this.#isDead || this.#inbox.size > 0) return false;
    const hasTaken = this.#in.take(this.#receive, this.rx.lends);
    if (hasTaken) this.#deliver();
    if (!this.#isDead) this.#awaitMapping();
    return hasTaken;
  }

  readonly #receive = (payload: Reader): void => {
    this.#inbox.push(payload);
  };

  /** A lent slot came back, for which the other side may wait. */
  #freed(): void {
    // What comes back while it is handed up is rung for at the end of this turn.
    if (!this.#isHandingUp) this.#turnSoon();
  }

  #deliver(): void {
    while (this.#isFlowing && !this.#isDead) {
      const payload = this.#inbox.shift();
      if (payload === undefined) return;
      const length = payload.remaining;
      const most = this.rx.maxPayloadBytes;
      if (length > most) {
        giveBack(payload);
        this.destroy(
          new RoamError("too-large", `a payload of ${length} bytes is above the limit of ${most}`),
        );
      } else {
        this.#isHandingUp = true;
        try {
          this.rx.deliver(payload);
        } finally {
          if (payload instanceof ViewedPayload) payload.settle();
        }
        this.#isHandingUp = false;
      }
    }
  }

  // r[impl shm.mmap.publish]
  #awaitMapping(): void {
    if (!this.#in.isMappingMissing) {
      this.#mappingMissingSinceMs = undefined;
      return;
    }
    const nowMs = this.#clock.nowMs();
    this.#mappingMissingSinceMs ??= nowMs;
    // Nobody will send it any more.
    if (this.#gone !== undefined || nowMs - this.#mappingMissingSinceMs > MAPPING_TIMEOUT_MS) {
      throw new ProtocolError("shm.mmap.publish", "an entry refers to a mapping that was never told of");
    }
    this.#stopLooking ??= this.#clock.after(MAPPING_LOOK_MS, () => {
      this.#stopLooking = undefined;
      this.#turn();
    });
  }

  // r[impl shm.signal.doorbell.death]
  #lose(cause: RoamError | undefined): void {
    this.#noteGone(cause);
    this.#turn();
  }

  #noteGone(cause: RoamError | undefined): void {
    if (this.#isDead || this.#gone !== undefined) return;
    // As with a socket: what a process leaves behind when it dies ends like what it has closed.
    this.#gone = { cause };
    this.tx.fail(cause ?? new RoamError("io", "the other side of the shared memory is gone"));
  }
}

/** A payload that nobody was handed. */
function giveBack(payload: Reader): void {
  if (payload instanceof LentPayload) payload.release();
  else if (payload instanceof ViewedPayload) payload.settle();
}
