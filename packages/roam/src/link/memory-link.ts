import { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { Deque } from "../internal/deque.ts";
import type { Link } from "./link.ts";
import { LinkRxBase } from "./link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "./link-tx-base.ts";

/** Bytes on the way to the other end at which `reserve` waits. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Charged per payload beside its length, so that empty ones are bounded too (bytes). */
const OVERHEAD_BYTES = 128;

/** One direction: bounded, emptied in a later turn than it is filled, all of a turn at once. */
class Pipe {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  /** Lengths of the payloads on the way, oldest first. */
  readonly #lengths = new Deque<number>();
  /** Payloads taken from the writer, one behind the other. */
  #batch: Uint8Array = new Uint8Array();
  #delivered = 0;
  #isFlowing = false;
  #isDelivering = false;
  #ending: Deferred<void> | undefined;
  readonly #destroy: (cause: RoamError) => void;

  /** @param destroy ends the whole link */
  constructor(destroy: (cause: RoamError) => void) {
    this.#destroy = destroy;
    this.tx = new LinkTxBase(
      {
        gapBytes: 0,
        seal: (_writer, _start, length) => {
          this.#lengths.push(length);
          this.tx.queued(OVERHEAD_BYTES);
          this.#deliverSoon();
        },
        end: () => {
          this.#ending = deferred();
          this.#deliverSoon();
          return this.#ending.promise;
        },
      },
      { highWaterBytes: HIGH_WATER_BYTES, writer: outgoingWriter() },
    );
    this.rx = new LinkRxBase({
      start: () => this.#flow(true),
      pause: () => this.#flow(false),
      resume: () => this.#flow(true),
    });
  }

  #flow(isFlowing: boolean): void {
    this.#isFlowing = isFlowing;
    if (isFlowing) this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#isDelivering || !this.#isFlowing) return;
    this.#isDelivering = true;
    queueMicrotask(this.#deliverNow);
  }

  readonly #deliverNow = (): void => {
    this.#isDelivering = false;
    this.#deliver();
  };

  #deliver(): void {
    while (this.#isFlowing && this.#lengths.size > 0) {
      const length = this.#lengths.shift() as number;
      if (this.#delivered === this.#batch.length) this.#takeBatch();
      const start = this.#delivered;
      this.#delivered += length;
      this.tx.queued(-length - OVERHEAD_BYTES);
      if (length > this.rx.maxPayloadBytes) {
        this.#destroy(new RoamError("too-large", `a payload of ${length} bytes is above the limit`));
        return;
      }
      this.rx.deliver(new Reader(this.#batch, start, start + length));
    }
    if (this.#isFlowing && this.#ending !== undefined && this.#lengths.size === 0) {
      this.rx.end();
      this.#ending.resolve();
    }
  }

  // The writer goes on in memory of its own: what was taken is the receiver's.
  // r[impl zerocopy.framing.link.memory]
  #takeBatch(): void {
    this.#batch = this.tx.writer.finish();
    this.#delivered = 0;
    this.tx.queued(this.#batch.length);
  }

  kill(cause: RoamError): void {
    this.#lengths.drain();
    this.#batch = new Uint8Array();
    this.tx.fail(cause);
    this.rx.end(cause);
    this.#ending?.resolve();
  }
}

/** Two ends of a link inside one process. */
// r[impl transport.memory]
export function memoryLinkPair(): readonly [Link, Link] {
  const destroy = (cause = new RoamError("closed", "the link was destroyed")) => {
    there.kill(cause);
    back.kill(cause);
  };
  const there = new Pipe(destroy);
  const back = new Pipe(destroy);
  const end = (tx: LinkTxBase, rx: LinkRxBase): Link => ({ tx, rx, peer: "memory", destroy });
  return [end(there.tx, back.rx), end(back.tx, there.rx)];
}
