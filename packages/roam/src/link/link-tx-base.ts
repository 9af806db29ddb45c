import { Writer } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { dispose } from "../internal/dispose.ts";
import { WaitLine } from "../internal/wait-line.ts";
import type { LinkPermit, LinkTx, WriteSlot } from "./link.ts";
import { outgoingSlab } from "./outgoing-slab.ts";

/** Charged for a permit until its payload's size is known (bytes). */
const PERMIT_BYTES = 1024;

/** How a transport makes payloads visible; the rest of a sending half is the same for all. */
export interface Outlet {
  /** Bytes written ahead of each payload, to be filled in by `seal`. */
  readonly gapBytes: number;
  /** Payload complete behind the offset `start`, gap included. */
  seal(writer: Writer, start: number, length: number): void;
  /** Everything committed so far is to reach the transport; resolves when it has been taken. */
  end(): Promise<void>;
}

/**
 * Sending half of a link. Payloads are encoded one behind the other into one writer, which the
 * transport empties; what it has taken and not yet passed on counts as queued.
 */
export class LinkTxBase implements LinkTx {
  readonly #mostPayloadBytes: number;
  #maxPayloadBytes: number;
  readonly leavesBytes: boolean;
  readonly writer: Writer;
  readonly #highWaterBytes: number;
  readonly #outlet: Outlet;
  readonly #line: WaitLine;
  #permits = 0;
  #queuedBytes = 0;
  #failure: RoamError | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    outlet: Outlet,
    options: {
      highWaterBytes: number;
      writer: Writer;
      leavesBytes?: boolean;
      /** Of the transport itself; `maxPayloadBytes` is never above it. */
      mostPayloadBytes?: number;
    },
  ) {
    this.leavesBytes = options.leavesBytes ?? false;
    this.#mostPayloadBytes = options.mostPayloadBytes ?? 0xffff_ffff;
    this.#maxPayloadBytes = this.#mostPayloadBytes;
    this.#outlet = outlet;
    this.#highWaterBytes = options.highWaterBytes;
    this.writer = options.writer;
    this.#line = new WaitLine(() => {
      if (this.#isFull || this.#failure !== undefined) return false;
      this.#permits++;
      return true;
    });
  }

  get maxPayloadBytes(): number {
    return this.#maxPayloadBytes;
  }

  set maxPayloadBytes(bytes: number) {
    this.#maxPayloadBytes = Math.min(bytes, this.#mostPayloadBytes);
  }

  get #isFull(): boolean {
    return this.#queuedBytes + this.writer.length + this.#permits * PERMIT_BYTES >= this.#highWaterBytes;
  }

  // r[impl link.tx.reserve]
  // r[impl link.tx.cancel-safe]
  async reserve(options?: { signal?: AbortSignal }): Promise<LinkPermit> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#line.take(options?.signal);
    return new Permit(this);
  }

  tryReserve(): LinkPermit | undefined {
    return this.#line.tryTake() ? new Permit(this) : undefined;
  }

  tryWrite<T>(value: T, encode: (writer: Writer, value: T) => void): boolean {
    if (this.#failure !== undefined || this.#line.length > 0 || this.#isFull) return false;
    this.publish(value, encode);
    return true;
  }

  /** The transport holds `bytes` more (or fewer) that have not left this process. */
  queued(bytes: number): void {
    this.#queuedBytes += bytes;
    if (bytes < 0) this.#line.serve();
  }

  // r[impl link.tx.close]
  close(): Promise<void> {
    this.#closing ??= this.#failure === undefined ? this.#close() : Promise.resolve();
    return this.#closing;
  }

  #close(): Promise<void> {
    this.fail(new RoamError("closed", "the link was closed here"));
    return this.#outlet.end();
  }

  /** From now on nothing can be sent; waiters are turned away and permits are void. */
  fail(error: RoamError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#line.fail(error);
  }

  /** A permit came back: spent, if it wrote, else for the next waiter. */
  // r[impl link.tx.permit.drop]
  settle(): void {
    this.#permits--;
    this.#line.serve();
  }

  // r[impl link.tx.alloc.limits]
  check(length: number): void {
    if (length > this.#maxPayloadBytes) {
      throw new RoamError(
        "too-large",
        `a payload of ${length} bytes is above the limit of ${this.#maxPayloadBytes}`,
      );
    }
  }

  // r[impl zerocopy]
  // r[impl zerocopy.send]
  // r[impl zerocopy.framing.single-pass]
  // r[impl zerocopy.framing.no-double-serialize]
  publish<T>(value: T, encode: (writer: Writer, value: T) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { writer } = this;
    const { gapBytes } = this.#outlet;
    // Not `mark`, which makes an object for each payload.
    const { offset, gathered } = writer;
    const before = writer.length;
    try {
      writer.ensure(gapBytes);
      writer.offset += gapBytes;
      encode(writer, value);
      this.check(writer.length - before - gapBytes);
    } catch (error) {
      writer.rollback({ offset, gathered });
      throw error;
    }
    this.#outlet.seal(writer, offset, writer.length - before - gapBytes);
  }
}

class Permit implements LinkPermit {
  #tx: LinkTxBase | undefined;

  constructor(tx: LinkTxBase) {
    this.#tx = tx;
  }

  #spend(): LinkTxBase {
    const tx = this.#tx;
    if (tx === undefined) throw new TypeError("permit already used");
    this.#tx = undefined;
    return tx;
  }

  alloc(length: number): WriteSlot {
    const tx = this.#spend();
    try {
      tx.check(length);
      return new Slot(tx, length);
    } catch (error) {
      tx.settle();
      throw error;
    }
  }

  write<T>(value: T, encode: (writer: Writer, value: T) => void): void {
    const tx = this.#spend();
    try {
      tx.publish(value, encode);
    } finally {
      tx.settle();
    }
  }

  release(): void {
    this.#tx?.settle();
    this.#tx = undefined;
  }

  [dispose](): void {
    this.release();
  }
}

/** Memory of its own, so that slots can be held over turns and committed in any order. */
class Slot implements WriteSlot {
  // r[impl link.tx.slot.len]
  readonly bytes: Uint8Array;
  #tx: LinkTxBase | undefined;

  constructor(tx: LinkTxBase, length: number) {
    this.#tx = tx;
    this.bytes = new Uint8Array(length);
  }

  // r[impl link.tx.commit]
  commit(): void {
    const tx = this.#tx;
    if (tx === undefined) throw new TypeError("slot already committed or discarded");
    this.#tx = undefined;
    try {
      // A copy even when large: the slot stays in the user's hands.
      tx.publish(this.bytes, (writer, bytes) =>
        writer.raw(bytes.length < writer.gatherFrom ? bytes : bytes.slice()),
      );
    } finally {
      tx.settle();
    }
  }

  // r[impl link.tx.discard]
  [dispose](): void {
    this.#tx?.settle();
    this.#tx = undefined;
  }
}

/**
 * The writer of a transport that gathers large byte arrays or must copy them.
 *
 * @param options.isShared what it gives is sent and never handed to anybody: its buffer may lie
 *   with those of other links
 */
export function outgoingWriter(options: { gatherFrom?: number; isShared?: boolean } = {}): Writer {
  const { isShared = false, ...rest } = options;
  return new Writer({ initialBytes: 16 * 1024, ...rest, ...(isShared ? { slab: outgoingSlab } : {}) });
}
