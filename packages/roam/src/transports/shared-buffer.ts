import { isArrayBuffer, Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import type { Link } from "../link/link.ts";
import { LinkRxBase } from "../link/link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "../link/link-tx-base.ts";
import { LENGTH_BYTES, MARKER_BYTES, marker } from "./batch-cursor.ts";
import { CorruptError, RingReader, RingWriter } from "./byte-ring.ts";
import { InboundBatches } from "./inbound-batches.ts";
import { Patience } from "./patience.ts";
import { listenToPort, type PortLike } from "./port-events.ts";
import { openEnd, type SharedBufferEnd, type SleepWord, Wake } from "./shared-buffer-end.ts";

export { type SharedBufferEnd, type SharedBufferOptions, sharedBufferEnds } from "./shared-buffer-end.ts";

/** Bytes committed and not taken over there, beside those in the ring, at which `reserve` waits. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Byte arrays from this size on go by reference into the turn's batch: one copy, not two. */
const GATHER_FROM = 16 * 1024;
/**
 * Batches above this size go by the port, transferred, so that nobody copies them into a ring and out
 * of it: shared memory is copied at a few GiB/s (one payload of 30 KB there and back: 40 µs of CPU, by
 * the ring 65; of 10 KB the two cost the same, several of 3 KB by the ring two thirds).
 */
const RING_TO = 16 * 1024;

/** Something was written, or taken, while the other side slept. */
const BELL = null;
/** No further payloads: the sending half over there was closed in order. */
const END = true;
/** The link was destroyed over there. Not every port has a way to tell that it was closed. */
const GONE = false;

const NOTHING_WRITTEN = { offset: 0, gathered: 0 };

/**
 * A link over a ring of shared memory in each direction. The ring carries what a turn commits as one
 * batch: payloads, each behind its length (u32, little-endian), or in its place a marker for a batch
 * that goes by the port. What else goes there:
 *
 *   ArrayBuffer   a batch: for the next marker, or ahead of END what the ring had no room for
 *   null          a bell for a side that sleeps
 *   true          END, behind all that is in the ring
 *   false         GONE
 */
class SharedBufferLink implements Link {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  readonly peer: string;
  readonly #port: PortLike;
  readonly #stopListening: () => void;
  readonly #out: RingWriter;
  readonly #in: RingReader;
  readonly #mine: SleepWord;
  readonly #theirs: SleepWord;
  /** Batches above this size go by the port (bytes); what else waits must fit the ring. */
  readonly #ringTo: number;
  readonly #inbound: InboundBatches;
  /** Batches that went by the port, until the ring is taken beyond their markers. */
  readonly #unreleased = new Deque<{ readonly position: number; readonly bytes: number }>();
  #isFlowing = false;
  #isTurnPending = false;
  #isAsleep = false;
  #idleTurns = 0;
  readonly #patience = new Patience();
  #hasEndCome = false;
  #isSendingDone = false;
  #isDead = false;

  constructor(end: SharedBufferEnd<PortLike>, options: { peer?: string }) {
    const opened = openEnd(end);
    this.peer = options.peer ?? "shared buffer";
    this.#port = end.port;
    this.#out = new RingWriter(opened.out);
    this.#in = new RingReader(opened.in);
    this.#mine = opened.mine;
    this.#theirs = opened.theirs;
    this.#ringTo = Math.min(RING_TO, this.#out.capacity / 2);
    this.#inbound = new InboundBatches({
      wantsMore: () => this.#isFlowing && !this.#isDead,
      onPayload: (bytes, start, end) => this.#handUp(bytes, start, end),
    });
    this.tx = new LinkTxBase(
      {
        gapBytes: LENGTH_BYTES,
        seal: (writer, start, length) => {
          writer.patchU32(start, length);
          this.#turnSoon();
        },
        end: async () => this.#end(),
      },
      { highWaterBytes: HIGH_WATER_BYTES, writer: outgoingWriter({ gatherFrom: GATHER_FROM }) },
    );
    this.rx = new LinkRxBase({
      start: () => this.#flow(true),
      pause: () => this.#flow(false),
      resume: () => this.#flow(true),
    });
    this.#stopListening = listenToPort(end.port, {
      onMessage: (message) => this.#take(message),
      onGone: (reason, cause) => this.#lose(new RoamError("io", reason, { cause })),
    });
  }

  destroy(cause: RoamError = new RoamError("closed", "the link was destroyed here")): void {
    if (this.#isDead) return;
    this.#port.postMessage(GONE, []);
    this.#die(cause);
  }

  #die(cause: RoamError): void {
    this.#isDead = true;
    this.#inbound.drop();
    this.#unreleased.drain();
    this.#mine.wake();
    this.#stopListening();
    this.#port.close?.();
    this.tx.fail(cause);
    this.rx.end(cause);
  }

  // One batch for all that a turn commits.
  #turnSoon(): void {
    if (this.#isTurnPending || this.#isDead) return;
    this.#isTurnPending = true;
    atEndOfTurn(this.#turnNow);
  }

  readonly #turnNow = (): void => {
    this.#isTurnPending = false;
    this.#turn();
  };

  readonly #wakeUp = (): void => this.#turn();

  /** Writes what waits, delivers what is there, and sees to it that somebody looks again. */
  #turn(): void {
    if (this.#isDead) return;
    if (this.#isAsleep) {
      this.#isAsleep = false;
      this.#mine.set(0);
    }
    this.#guarded(this.#work);
  }

  readonly #work = (): void => {
    const hasWritten = this.#flush();
    const hasRead = this.#deliver();
    // What was answered at once need not wait for the next turn.
    const hasAnswered = this.#flush();
    if (hasWritten || hasRead || hasAnswered) {
      if (this.#idleTurns > 0) this.#patience.paid();
      this.#idleTurns = 0;
    } else this.#idleTurns++;
    if (this.#isDead || this.#isTurnPending) return;
    const wishes = this.#wishes();
    if (wishes !== 0 && this.#idleTurns < this.#patience.turns) return this.#turnSoon();
    this.#idleTurns = 0;
    if (!this.#sleep(wishes)) this.#turnSoon();
    else if (wishes !== 0) this.#patience.failed();
  };

  /** What this side would have to be woken for, as bits of `Wake`. */
  #wishes(): number {
    const forBytes = this.#isFlowing && this.#inbound.isThrough && !this.rx.hasEnded;
    return (forBytes ? Wake.forBytes : 0) | (this.#isSending ? Wake.forRoom : 0);
  }

  /** @returns false if there is something to do after all */
  #sleep(wishes: number): boolean {
    this.#isAsleep = true;
    // First the wish, then a last look: what comes between the two is seen by one side or the other.
    this.#mine.set(wishes);
    if ((wishes & Wake.forRoom) !== 0 && this.#canFlush()) return false;
    if ((wishes & Wake.forBytes) !== 0 && this.#in.available() > 0) return false;
    return wishes === 0 || this.#mine.sleep(wishes, this.#wakeUp);
  }

  #ring(wish: number): void {
    if (this.#theirs.isToRing(wish)) this.#port.postMessage(BELL, []);
  }

  /** Whether something is to be written, or waits to be taken. */
  get #isSending(): boolean {
    return !this.#isSendingDone && !this.#isDead && (this.tx.writer.length > 0 || this.#unreleased.size > 0);
  }

  #canFlush(): boolean {
    const oldest = this.#unreleased.peek();
    if (oldest !== undefined && this.#out.isTaken(oldest.position)) return true;
    const bytes = this.tx.writer.length;
    return bytes > 0 && this.#out.room() >= (bytes > this.#ringTo ? MARKER_BYTES : bytes);
  }

  /** Passes on what was committed, all or nothing. @returns whether anything went or was taken */
  #flush(): boolean {
    if (!this.#isSending || !this.#canFlush()) return false;
    this.#release();
    const { writer } = this.tx;
    const bytes = writer.length;
    if (bytes === 0 || !this.#canFlush()) return true;
    this.tx.queued(bytes);
    if (bytes > this.#ringTo) {
      this.#out.write(marker(bytes));
      this.#unreleased.push({ position: this.#out.position, bytes });
      // First the marker, so that the message is the bell too.
      this.#out.publish();
      this.#move();
    } else {
      // Nothing is gathered in a batch that small.
      this.#out.write(writer.bytes, bytes);
      writer.rollback(NOTHING_WRITTEN);
      // Those who wait to write are served.
      this.tx.queued(-bytes);
      this.#out.publish();
      this.#ring(Wake.forBytes);
    }
    return true;
  }

  #release(): void {
    for (;;) {
      const oldest = this.#unreleased.peek();
      if (oldest === undefined || !this.#out.isTaken(oldest.position)) return;
      this.#unreleased.shift();
      this.tx.queued(-oldest.bytes);
    }
  }

  /** A copy of exactly what was written changes hands: to post a view is to clone the whole buffer. */
  #move(): void {
    const batch = this.tx.writer.cut(NOTHING_WRITTEN).buffer as ArrayBuffer;
    this.#port.postMessage(batch, [batch]);
  }

  #end(): void {
    this.#guarded(() => this.#flush());
    if (this.#isDead) return;
    // Behind the end nothing else can overtake it, so that it need not wait for room.
    if (this.tx.writer.length > 0) this.#move();
    this.#port.postMessage(END, []);
    this.#isSendingDone = true;
    this.#finishIfDone();
  }

  #take(message: unknown): void {
    if (message === BELL) this.#turn();
    else if (isArrayBuffer(message) && !this.#hasEndCome) {
      this.#inbound.addMoved(message);
      this.#turn();
    } else if (message === END && !this.#hasEndCome) {
      this.#hasEndCome = true;
      this.#turn();
    } else if (message === GONE) {
      this.#lose(new RoamError("io", "the far side destroyed the link"));
    } else this.destroy(foreign(this.#hasEndCome ? "something behind the end" : typeof message));
  }

  #flow(isFlowing: boolean): void {
    this.#isFlowing = isFlowing;
    if (isFlowing) this.#turnSoon();
  }

  /**
   * Hands up what was taken and not delivered, then what the ring holds now: once, so that a busy
   * writer does not keep this thread from all else.
   *
   * @returns whether the ring held anything
   */
  #deliver(): boolean {
    if (!this.#inbound.deliver(this.#hasEndCome)) return false;
    const taken = this.#in.take();
    if (taken !== undefined) {
      this.#ring(Wake.forRoom);
      this.#inbound.addTaken(taken);
      if (!this.#inbound.deliver(this.#hasEndCome)) return true;
    }
    // Nothing was written behind the end, so that what was in the ring has been taken by now.
    if (this.#hasEndCome && this.#inbound.deliverRest()) {
      this.rx.end();
      this.#finishIfDone();
    }
    return taken !== undefined;
  }

  #handUp(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.rx.maxPayloadBytes) this.destroy(this.#tooLarge(end - start));
    else this.rx.deliver(new Reader(bytes, start, end));
  }

  #tooLarge(bytes: number): RoamError {
    return new RoamError(
      "too-large",
      `a payload of ${bytes} bytes is above the limit of ${this.rx.maxPayloadBytes}`,
    );
  }

  // What had come whole, its end included, is read to that end; what is in the ring came before this.
  #lose(cause: RoamError): void {
    if (this.#isDead) return;
    this.#isSendingDone = true;
    this.#guarded(() => this.#deliver());
    if (this.#isDead) return;
    if (!this.#hasEndCome || this.rx.hasEnded) this.#die(cause);
    else this.tx.fail(cause);
  }

  /** What shared memory holds is as good as the thread that wrote it. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof CorruptError) return this.destroy(error);
      // Thrown by the one who was handed a payload: the others have a right to come.
      this.#turnSoon();
      throw error;
    }
  }

  #finishIfDone(): void {
    if (this.#isSendingDone && this.rx.hasEnded && !this.#isDead) {
      this.#die(new RoamError("closed", "both sides closed the link"));
    }
  }
}

function foreign(what: string): RoamError {
  return new RoamError("io", `a foreign message on the port: ${what}`);
}

/**
 * A link over one of the ends that `sharedBufferEnds` made, whose other one has a link in another
 * thread. Where each thread has a processor it passes small messages several times as fast as a link over
 * ports alone, most of all with few in flight; streams of small items, and threads that share a processor,
 * are as well off with ports (`npm run -s bench -- worker`). When it ends it closes the end's port; a worker stays its maker's to terminate.
 *
 * @throws TypeError for what is no such end, or has a link already
 * @example
 * // In the worker:
 * onmessage = ({ data }) => void accept(sharedBufferLink(data), handler);
 */
export function sharedBufferLink(end: SharedBufferEnd<PortLike>, options: { peer?: string } = {}): Link {
  return new SharedBufferLink(end, options);
}
