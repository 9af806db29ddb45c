import { Reader } from "roam-postcard";
import { ProtocolError } from "../errors.ts";
import { copied } from "../internal/copied.ts";
import { type Entry, type MappingRef, readEntry, type SlotRef } from "./entry.ts";
import { LentPayload } from "./lent-payload.ts";
import type { Mappings } from "./mappings.ts";
import type { Ring } from "./ring.ts";
import type { Segment } from "./segment.ts";
import type { Lends } from "./shm-link-rx.ts";
import { ViewedPayload } from "./viewed-payload.ts";

/**
 * What comes by a ring. Everything is copied out at once, unless somebody asked for it in place: the other side can
 * write where it stands at any time, and what is decoded must not change meanwhile.
 */
// r[impl shm.x.untrusted]
export class Inbound {
  readonly #segment: Segment;
  readonly #ring: Ring;
  readonly #mappings: Mappings | undefined;
  /** Given back since the other side was rung (bytes). */
  #released = 0;
  readonly #ringFrom: number;
  #hasFreedSlot = false;
  readonly #onFreed: () => void;
  #isMappingMissing = false;

  /** @param options.onFreed a slot that was lent came back */
  constructor(
    segment: Segment,
    ring: Ring,
    options: { mappings: Mappings | undefined; onFreed: () => void },
  ) {
    this.#segment = segment;
    this.#ring = ring;
    this.#mappings = options.mappings;
    this.#onFreed = options.onFreed;
    this.#ringFrom = Math.min(ring.capacity / 4, segment.fullFromBytes);
  }

  /** True if there is something to take. */
  get isReadable(): boolean {
    return this.#ring.readable() !== undefined;
  }

  /** Nobody rings for what the other side is just writing: look again on the next turn. */
  get isBetween(): boolean {
    return this.#ring.isBetween;
  }

  /** The next entry waits for its mapping. */
  get isMappingMissing(): boolean {
    return this.#isMappingMissing;
  }

  /**
   * True if the other side may wait for what was given back. One that finds no room has filled all but two largest
   * entries, so that it is rung before all of that was taken, and not for each entry.
   *
   * @param isLeaving it waits until everything was taken
   */
  isRingDue(isLeaving: boolean): boolean {
    return this.#hasFreedSlot || this.#released > (isLeaving ? 0 : this.#ringFrom);
  }

  /** The other side was rung. */
  rung(): void {
    this.#hasFreedSlot = false;
    this.#released = 0;
  }

  /**
   * Takes what can be read in one piece.
   *
   * @param lends what of the payloads in slots
   * @returns false if nothing was taken
   * @throws ProtocolError for an entry that is none, or a payload that is not where it says
   */
  // r[impl zerocopy.recv.shm.inline]
  // r[impl zerocopy.backing.bipbuf]
  take(onPayload: (payload: Reader) => void, lends: Lends): boolean {
    const readable = this.#ring.readable();
    if (readable === undefined) return false;
    const from = this.#ring.dataAt + readable.at;
    const chunk = copied(this.#segment.memory.bytes.subarray(from, from + readable.length));
    this.#isMappingMissing = false;
    let at = 0;
    while (at < chunk.length) {
      const entry = readEntry(chunk, at, chunk.length - at);
      const payload = this.#payloadOf(entry, chunk, lends);
      if (payload === undefined) break;
      onPayload(payload);
      at += entry.total;
    }
    if (at === 0) return false;
    this.#ring.release(at);
    this.#released += at;
    return true;
  }

  #payloadOf(entry: Entry, chunk: Uint8Array, lends: Lends): Reader | undefined {
    switch (entry.kind) {
      case "inline":
        return new Reader(chunk, entry.at, entry.at + entry.length);
      case "slot":
        return lends === "nothing" ? new Reader(this.#copyOf(entry.ref)) : this.#lend(entry.ref, lends);
      case "mapping": {
        const bytes = this.#fromMapping(entry.ref);
        return bytes && new Reader(bytes);
      }
    }
  }

  // r[impl zerocopy.recv.shm.slotref]
  #lend(ref: SlotRef, lends: "bytes" | "payloads"): Reader {
    const { pool } = this.#segment;
    const free = () => {
      pool.free(ref);
      this.#hasFreedSlot = true;
      this.#onFreed();
    };
    const data = pool.data(ref);
    return lends === "bytes" ? new ViewedPayload(data, free) : new LentPayload(data, free);
  }

  #copyOf(ref: SlotRef): Uint8Array {
    const { pool } = this.#segment;
    const bytes = copied(pool.data(ref));
    pool.free(ref);
    this.#hasFreedSlot = true;
    return bytes;
  }

  // By a system call: one copy, and a file that is cut off is an error, not the end of the process.
  // r[impl zerocopy.backing.mmap]
  // r[impl zerocopy.recv.shm.mmap]
  #fromMapping(ref: MappingRef): Uint8Array | undefined {
    if (this.#mappings === undefined) {
      throw new ProtocolError("shm.mmap.publish", `mapping ${ref.mapping} of a link without mappings`);
    }
    const bytes = this.#mappings.read(ref);
    this.#isMappingMissing = bytes === undefined;
    return bytes;
  }
}
