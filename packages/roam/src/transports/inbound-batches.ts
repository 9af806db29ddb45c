import { Deque } from "../internal/deque.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { CorruptError, type Taken } from "./byte-ring.ts";

export interface BatchReader {
  /** Asked before each payload. */
  wantsMore(): boolean;
  /** A payload: `bytes[start..end]`. */
  onPayload(bytes: Uint8Array, start: number, end: number): void;
}

/** Brings back together what came by a ring and by a port, payload by payload, in their order. */
export class InboundBatches {
  readonly #reader: BatchReader;
  /** Came by the port, and their places have not come. */
  readonly #moved = new Deque<ArrayBuffer>();
  /** In the midst of what was taken from the ring, and of a batch in its midst. */
  #taken: BatchCursor | undefined;
  #inside: BatchCursor | undefined;
  /** At a marker whose batch has not come: its size. */
  #awaitedBytes: number | undefined;

  constructor(reader: BatchReader) {
    this.#reader = reader;
  }

  /** True when all that was taken from the ring was delivered. */
  get isThrough(): boolean {
    return this.#taken === undefined;
  }

  /** The next batch of the port. */
  addMoved(batch: ArrayBuffer): void {
    this.#moved.push(batch);
  }

  /** The next bytes of the ring, when it is through with the last ones. */
  addTaken(taken: Taken): void {
    this.#taken = new BatchCursor(taken);
  }

  /**
   * Hands up as much as can be.
   *
   * @param isLast nothing more will come by the port
   * @returns whether nothing is left of it: the reader may stop, a batch be yet to come
   * @throws CorruptError where a marker and the batches do not fit
   */
  deliver(isLast: boolean): boolean {
    while (this.#reader.wantsMore()) {
      if (this.#awaitedBytes !== undefined && !this.#goInside(this.#awaitedBytes, isLast)) return false;
      const cursor = this.#inside ?? this.#taken;
      if (cursor === undefined) return true;
      if (!cursor.advance()) {
        if (this.#inside === undefined) this.#taken = undefined;
        this.#inside = undefined;
      } else if (cursor.elsewhereBytes === undefined) {
        this.#reader.onPayload(cursor.bytes, cursor.start, cursor.end);
      } else if (this.#inside === undefined) {
        this.#awaitedBytes = cursor.elsewhereBytes;
      } else throw new CorruptError("a batch that came by the port has a marker");
    }
    return false;
  }

  /** Batches without markers, which are behind all that was in the ring. @returns as `deliver` */
  deliverRest(): boolean {
    while (this.deliver(true)) {
      const last = this.#moved.shift();
      if (last === undefined) return true;
      this.#inside = cursorOf(last);
    }
    return false;
  }

  /** Goes on with the batch whose marker was come to. @returns false as long as it has not come */
  #goInside(bytes: number, isLast: boolean): boolean {
    const batch = this.#moved.shift();
    if (batch === undefined && !isLast) return false;
    if (batch?.byteLength !== bytes) throw new CorruptError(`no batch of ${bytes} bytes where a marker is`);
    this.#awaitedBytes = undefined;
    this.#inside = cursorOf(batch);
    return true;
  }

  drop(): void {
    this.#moved.drain();
    this.#taken = undefined;
    this.#inside = undefined;
  }
}

function cursorOf(batch: ArrayBuffer): BatchCursor {
  return new BatchCursor({ bytes: new Uint8Array(batch), start: 0, end: batch.byteLength });
}
