import type { Writer } from "roam-postcard";
import { Deque } from "../internal/deque.ts";
import {
  inlineEntryBytes,
  MAPPING_ENTRY_BYTES,
  SLOT_ENTRY_BYTES,
  writeInline,
  writeMapping,
  writeSlot,
} from "./entry.ts";
import type { Mappings } from "./mappings.ts";
import type { Ring } from "./ring.ts";
import type { Segment } from "./segment.ts";
import { SlotShare } from "./slot-share.ts";

/** Small payloads that are committed together (bytes): so early can the other side begin to read. */
const RUN_BYTES = 4 * 1024;

/**
 * Payloads on their way into shared memory, oldest first: small ones into the ring, larger ones into a slot, the
 * largest into a mapping. Each waits here until there is room for it and for its entry.
 */
// r[impl zerocopy.send.shm]
export class Outbound {
  readonly #segment: Segment;
  readonly #ring: Ring;
  readonly #mappings: Mappings | undefined;
  readonly #lengths = new Deque<number>();
  readonly #pieces = new Deque<Uint8Array>();
  /** Of the oldest piece, what is placed already (bytes). */
  #offset = 0;
  readonly #slots: SlotShare;

  /** @param options.owner whose slots these are: a guest's id, 0 for the host */
  constructor(segment: Segment, ring: Ring, options: { owner: number; mappings: Mappings | undefined }) {
    this.#segment = segment;
    this.#ring = ring;
    this.#slots = new SlotShare(segment, options.owner);
    this.#mappings = options.mappings;
  }

  /** Longest payload that can be placed (bytes). */
  get maxPayloadBytes(): number {
    const { maxPayloadBytes, inlineThreshold, pool } = this.#segment;
    if (this.#mappings !== undefined) return maxPayloadBytes;
    return Math.min(maxPayloadBytes, Math.max(inlineThreshold, pool.maxPayloadBytes));
  }

  /** Payloads that wait. */
  get size(): number {
    return this.#lengths.size;
  }

  /** True once the other side has taken everything. */
  get isDrained(): boolean {
    return this.#lengths.size === 0 && this.#ring.isDrained;
  }

  /** One more stands in the writer, behind the others. */
  add(length: number): void {
    this.#lengths.push(length);
  }

  takeFrom(writer: Writer): void {
    for (const piece of writer.take()) this.#pieces.push(piece);
  }

  /** Places what there is room for. @returns how much that was (bytes) */
  flush(): number {
    const { inlineThreshold, pool } = this.#segment;
    let placed = 0;
    // r[impl shm.framing.threshold]
    for (let length = this.#lengths.peek(); length !== undefined; length = this.#lengths.peek()) {
      if (length <= inlineThreshold) {
        const run = this.#placeInline(length);
        if (run === undefined) break;
        placed += run;
        continue;
      }
      const isInSlot = length <= pool.maxPayloadBytes;
      if (!(isInSlot ? this.#placeInSlot(length) : this.#placeInMapping(length))) break;
      this.#lengths.shift();
      placed += length;
    }
    return placed;
  }

  /**
   * Places the oldest payload, and those behind it while they are small: to grant and commit each takes as long as to
   * write it.
   *
   * @returns how much that was (bytes); undefined if there was no room
   */
  #placeInline(oldest: number): number | undefined {
    const ring = this.#ring;
    const at = ring.grant(inlineEntryBytes(oldest));
    if (at === undefined) return undefined;
    const { memory, inlineThreshold } = this.#segment;
    const start = ring.dataAt + at;
    const room = Math.min(ring.granted, Math.max(inlineEntryBytes(oldest), RUN_BYTES));
    let placed = 0;
    let filled = 0;
    for (let length: number | undefined = oldest; length !== undefined; length = this.#lengths.peek()) {
      const entryBytes = inlineEntryBytes(length);
      if (length > inlineThreshold || filled + entryBytes > room) break;
      this.#copy(memory.bytes, writeInline(memory.bytes, start + filled, length), length);
      this.#lengths.shift();
      filled += entryBytes;
      placed += length;
    }
    ring.commit(filled);
    return placed;
  }

  // r[impl shm.varslot.selection]
  #placeInSlot(length: number): boolean {
    const ring = this.#ring;
    const { memory, pool } = this.#segment;
    // Room in the ring first, for a slot can be given back and found again by others.
    const at = ring.grant(SLOT_ENTRY_BYTES);
    const slot = at === undefined ? undefined : this.#slots.allocate(length);
    if (at === undefined || slot === undefined) return false;
    this.#copy(pool.data(slot, length), 0, length);
    writeSlot(memory.bytes, ring.dataAt + at, slot);
    ring.commit(SLOT_ENTRY_BYTES);
    return true;
  }

  // r[impl shm.mmap.ordering]
  #placeInMapping(length: number): boolean {
    const ring = this.#ring;
    const at = ring.grant(MAPPING_ENTRY_BYTES);
    const ref = at === undefined ? undefined : this.#mappings?.place(this.#oldest(length), length);
    if (at === undefined || ref === undefined) return false;
    this.#skip(length);
    writeMapping(this.#segment.memory.bytes, ring.dataAt + at, ref);
    ring.commit(MAPPING_ENTRY_BYTES);
    return true;
  }

  /** The oldest payload, in pieces. */
  #oldest(length: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let missing = length;
    for (let index = 0, from = this.#offset; missing > 0; index++, from = 0) {
      const piece = this.#pieces.at(index) as Uint8Array;
      const part = piece.subarray(from, from + missing);
      pieces.push(part);
      missing -= part.length;
    }
    return pieces;
  }

  /** Moves the oldest payload to `at`. */
  #copy(bytes: Uint8Array, at: number, length: number): void {
    let filled = 0;
    while (filled < length) {
      const piece = this.#pieces.peek() as Uint8Array;
      const part = Math.min(length - filled, piece.length - this.#offset);
      copy(piece, this.#offset, part, bytes, at + filled);
      filled += part;
      this.#skip(part);
    }
  }

  #skip(length: number): void {
    let rest = length;
    while (rest > 0) {
      const { length: pieceBytes } = this.#pieces.peek() as Uint8Array;
      const part = Math.min(rest, pieceBytes - this.#offset);
      rest -= part;
      this.#offset += part;
      if (this.#offset < pieceBytes) continue;
      this.#pieces.shift();
      this.#offset = 0;
    }
  }

  /** Frees the slots that the other side has not, for it is dead. */
  reclaim(): void {
    this.#slots.reclaim();
  }

  clear(): void {
    this.#lengths.drain();
    this.#pieces.drain();
    this.#offset = 0;
  }
}

/** Bytes up to which a loop copies faster than a view can be made. */
const BY_HAND = 64;

function copy(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length > BY_HAND) to.set(from.subarray(start, start + length), at);
  else for (let index = 0; index < length; index++) to[at + index] = from[start + index] as number;
}
