import { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { Deque } from "../internal/deque.ts";
import type { Link } from "./link.ts";
import { LinkRxBase } from "./link-rx-base.ts";
import { LinkTxBase, outgoingWriter } from "./link-tx-base.ts";

/** Bytes in the queue to the other end at which `reserve` waits. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Charged per payload beside its length, so that empty ones are bounded too (bytes). */
const OVERHEAD_BYTES = 1024;

/** One direction: a bounded queue that is emptied in a later turn than it is filled. */
class Pipe {
  readonly tx: LinkTxBase;
  readonly rx: LinkRxBase;
  readonly #queue = new Deque<Uint8Array>();
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
        // r[impl zerocopy.framing.link.memory]
        seal: (writer) => {
          // The writer holds one payload at a time: it becomes an array of the receiver's own.
          const payload = writer.finish();
          this.tx.queued(payload.length + OVERHEAD_BYTES);
          this.#queue.push(payload.length === 0 ? new Uint8Array() : payload);
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
    queueMicrotask(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (this.#isFlowing && this.#queue.size > 0) {
      const payload = this.#queue.shift() as Uint8Array;
      this.tx.queued(-payload.length - OVERHEAD_BYTES);
      if (payload.length > this.rx.maxPayloadBytes) {
        this.#destroy(new RoamError("too-large", `a payload of ${payload.length} bytes is above the limit`));
        return;
      }
      this.rx.deliver(new Reader(payload));
    }
    if (this.#isFlowing && this.#ending !== undefined && this.#queue.size === 0) {
      this.rx.end();
      this.#ending.resolve();
    }
  }

  kill(cause: RoamError): void {
    this.#queue.drain();
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
