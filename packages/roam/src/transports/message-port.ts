import { isArrayBuffer, isBytes, Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { Deque } from "../internal/deque.ts";
import { atEndOfTurn } from "../internal/end-of-turn.ts";
import type { Link } from "../link/link.ts";
import { LinkRxBase } from "../link/link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "../link/link-tx-base.ts";
import { listenToPort, type PortLike } from "./port-events.ts";
import { isTransferPending, joined } from "./transfer.ts";

export type { PortLike } from "./port-events.ts";
export { transfer, transferable } from "./transfer.ts";

/** Bytes posted and not yet consumed over there, at which `reserve` waits. */
const HIGH_WATER_BYTES = 1024 * 1024;
/**
 * Consumed bytes are acknowledged in whole units of this, and posted ones are charged in the same:
 * what is short of a unit never waits for an ack, so that an idle link needs no timer to send one.
 */
const ACK_BYTES = 128 * 1024;
/** Charged per message beside its bytes, so that many small ones are bounded too (bytes). */
const MESSAGE_BYTES = 256;
/** Byte arrays from this size on go by reference into the turn's batch: one copy, not two. */
const GATHER_FROM = 16 * 1024;
/**
 * Batches from this size on are transferred, smaller ones cloned: a transfer costs more than the
 * clone of a few bytes and saves two copies (batches of 32 KiB: 4.4 against 6.4 µs of CPU a round trip of
 * 2 KiB, of 1 MiB: 8 against 17 of 64 KiB).
 */
const TRANSFER_FROM = 4 * 1024;

/** No further payloads: the sending half over there was closed in order. */
const END = true;
/** The link was destroyed over there. Not every port has a way to tell that it was closed. */
const GONE = false;

const LENGTH_BYTES = 4;
const NOTHING_WRITTEN = { offset: 0, gathered: 0 };

/**
 * A link over a pair of message ports, or between a worker and the one who made it. What the two ends
 * post is known to them only:
 *
 *   ArrayBuffer   the payloads of one turn, each behind its length (u32, little-endian)
 *   Uint8Array    the same, in a part of a buffer that was handed over
 *   number        so many more bytes were consumed
 *   true          END
 *   false         GONE
 *
 * All payloads of a turn share one buffer, for with 64 in flight an array of their own buffers costs
 * three times the CPU; with one in flight the two cost the same.
 */
class PortLink implements Link {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  readonly peer: string;
  readonly #port: PortLike;
  readonly #stopListening: () => void;
  /** Batches that came while nobody reads, and what came behind them. */
  readonly #inbound = new Deque<Uint8Array | typeof END>();
  #isFlowing = false;
  #isDeliveryPending = false;
  #isFlushPending = false;
  #hasEndCome = false;
  #isSendingDone = false;
  #isDead = false;
  /** Posted and charged, not acknowledged. */
  #unackedBytes = 0;
  /** Posted and short of a unit, so not charged. */
  #postedBytes = 0;
  /** Consumed and short of a unit, so not acknowledged. */
  #consumedBytes = 0;

  constructor(port: PortLike, options: { peer?: string }) {
    this.peer = options.peer ?? "message port";
    this.#port = port;
    this.tx = new LinkTxBase(
      {
        gapBytes: LENGTH_BYTES,
        seal: (writer, start, length) => {
          writer.patchU32(start, length);
          // In a message of its own, which has its buffer.
          if (isTransferPending() && writer.gathered > 0) this.#flush();
          else this.#flushSoon();
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
    this.#stopListening = listenToPort(port, {
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
    this.#inbound.drain();
    this.#stopListening();
    this.#port.close?.();
    this.tx.fail(cause);
    this.rx.end(cause);
  }

  // One message for all that a turn commits.
  #flushSoon(): void {
    if (this.#isFlushPending) return;
    this.#isFlushPending = true;
    atEndOfTurn(this.#flushNow);
  }

  readonly #flushNow = (): void => this.#flush();

  #flush(): void {
    this.#isFlushPending = false;
    if (this.tx.writer.length === 0 || this.#isDead) return;
    const { writer } = this.tx;
    const isHandedOver = isTransferPending() && writer.gathered > 0;
    // A copy of exactly what was written: to post a view is to clone the whole buffer behind it.
    const batch = isHandedOver ? joined(writer.take()) : writer.cut(NOTHING_WRITTEN);
    const buffer = batch.buffer as ArrayBuffer;
    const bytes = batch.length;
    this.#port.postMessage(
      bytes === buffer.byteLength ? buffer : batch,
      bytes < TRANSFER_FROM ? [] : [buffer],
    );
    this.#postedBytes += bytes + MESSAGE_BYTES;
    const rest = this.#postedBytes % ACK_BYTES;
    const charged = this.#postedBytes - rest;
    if (charged === 0) return;
    this.#postedBytes = rest;
    this.#unackedBytes += charged;
    this.tx.queued(charged);
  }

  #end(): void {
    this.#flush();
    this.#port.postMessage(END, []);
    this.#isSendingDone = true;
    this.#finishIfDone();
  }

  #take(message: unknown): void {
    const batch = isArrayBuffer(message) ? new Uint8Array(message) : message;
    if (isBytes(batch) && !this.#hasEndCome) {
      if (this.#isFlowing && this.#inbound.size === 0) this.#deliver(batch);
      else this.#inbound.push(batch);
    } else if (isAck(message, this.#unackedBytes)) {
      this.#unackedBytes -= message;
      this.tx.queued(-message);
    } else if (message === END && !this.#hasEndCome) {
      this.#hasEndCome = true;
      this.#inbound.push(END);
      this.#deliverSoon();
    } else if (message === GONE) {
      this.#lose(new RoamError("io", "the far side destroyed the link"));
    } else this.destroy(foreign(this.#hasEndCome ? "something behind the end" : typeof message));
  }

  #flow(isFlowing: boolean): void {
    this.#isFlowing = isFlowing;
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#isDeliveryPending || !this.#isFlowing || this.#inbound.size === 0) return;
    this.#isDeliveryPending = true;
    queueMicrotask(() => {
      this.#isDeliveryPending = false;
      while (this.#isFlowing && this.#inbound.size > 0) {
        const next = this.#inbound.shift() as Uint8Array | typeof END;
        if (next !== END) this.#deliver(next);
        else {
          this.rx.end();
          this.#finishIfDone();
        }
      }
    });
  }

  #deliver(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      const start = at + LENGTH_BYTES;
      const end = start > bytes.length ? Number.POSITIVE_INFINITY : start + view.getUint32(at, true);
      if (end > bytes.length) return this.destroy(foreign("lengths that run past its end"));
      if (end - start > this.rx.maxPayloadBytes) return this.destroy(this.#tooLarge(end - start));
      this.rx.deliver(new Reader(bytes, start, end));
      if (this.#isDead) return;
      at = end;
    }
    this.#consumed(bytes.length + MESSAGE_BYTES);
  }

  #tooLarge(bytes: number): RoamError {
    return new RoamError(
      "too-large",
      `a payload of ${bytes} bytes is above the limit of ${this.rx.maxPayloadBytes}`,
    );
  }

  #consumed(bytes: number): void {
    this.#consumedBytes += bytes;
    const rest = this.#consumedBytes % ACK_BYTES;
    if (rest === this.#consumedBytes) return;
    this.#port.postMessage(this.#consumedBytes - rest, []);
    this.#consumedBytes = rest;
  }

  // What had come whole, its end included, is read to that end.
  #lose(cause: RoamError): void {
    if (this.#isDead) return;
    this.#isSendingDone = true;
    if (!this.#hasEndCome || this.rx.hasEnded) this.#die(cause);
    else this.tx.fail(cause);
  }

  #finishIfDone(): void {
    if (this.#isSendingDone && this.rx.hasEnded && !this.#isDead) {
      this.#die(new RoamError("closed", "both sides closed the link"));
    }
  }
}

function isAck(message: unknown, unackedBytes: number): message is number {
  return typeof message === "number" && message > 0 && message <= unackedBytes && message % ACK_BYTES === 0;
}

function foreign(what: string): RoamError {
  return new RoamError("io", `a foreign message on the port: ${what}`);
}

/**
 * A link over one of two connected message ports, whose other one has a link as well: a `MessagePort`
 * of the browser or of `node:worker_threads`, a `Worker` and, inside it, `parentPort` or `self`.
 * Nothing else may be posted there. When the link ends it closes its port; a `Worker` stays its
 * maker's to terminate, and a worker that dies ends the link.
 *
 * @example const client = await connect(messagePortLink(new Worker("./worker.js")), Billing);
 */
export function messagePortLink(port: PortLike, options: { peer?: string } = {}): Link {
  return new PortLink(port, options);
}
