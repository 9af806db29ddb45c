import { ProtocolError } from "../errors.ts";
import type { SlotRef } from "./entry.ts";
import type { Memory } from "./memory.ts";

/** A size class of slots. */
export interface SlotClass {
  /** Of one slot, the payload's length in front included (bytes). */
  readonly slotBytes: number;
  readonly slots: number;
}

const CLASS_HEADER_BYTES = 64;
const META_BYTES = 16;
/** Slot data begin with the payload's length. */
export const SLOT_LENGTH_BYTES = 4;
const NONE = 0xffff_ffff;
const COUNT_UNIT = 1n << 32n;
const INDEX_MASK = COUNT_UNIT - 1n;

// Of a class header.
const SLOT_SIZE = 0;
const SLOT_COUNT = 4;
const FREE_HEAD = 8;
// Of a slot's metadata.
const GENERATION = 0;
const STATE = 4;
const OWNER = 8;
const NEXT_FREE = 12;
const FREE = 0;
const ALLOCATED = 1;

interface PlacedClass extends SlotClass {
  readonly headerAt: number;
  readonly metaAt: number;
  readonly dataAt: number;
}

/** What a pool of these classes takes in a segment (bytes). */
export function poolBytes(classes: readonly SlotClass[]): number {
  return classes.reduce(
    (bytes, { slotBytes, slots }) => bytes + align(META_BYTES * slots) + align(slotBytes * slots),
    CLASS_HEADER_BYTES * classes.length,
  );
}

function align(length: number): number {
  return Math.ceil(length / 64) * 64;
}

/**
 * Slots for payloads that are too large for a ring, shared by the host and all guests, without locks: each class
 * has a list of its free slots, whose head counts its changes so that nobody takes an old one for the new.
 */
// r[impl shm.varslot]
// r[impl shm.varslot.freelist]
export class SlotPool {
  readonly #memory: Memory;
  readonly #classes: readonly PlacedClass[];

  /**
   * @param at of the pool, a multiple of 64
   * @throws ProtocolError if the classes do not fit into the memory, or are not in ascending order
   */
  // r[impl shm.varslot.classes]
  constructor(memory: Memory, at: number, classCount: number) {
    this.#memory = memory;
    const classes: PlacedClass[] = [];
    let dataAt = at + CLASS_HEADER_BYTES * classCount;
    for (let index = 0; index < classCount; index++) {
      const headerAt = at + CLASS_HEADER_BYTES * index;
      if (headerAt + CLASS_HEADER_BYTES > memory.length) invalid("the slot classes are cut off");
      const slotBytes = memory.load(headerAt + SLOT_SIZE);
      const slots = memory.load(headerAt + SLOT_COUNT);
      const metaAt = dataAt;
      dataAt = metaAt + align(META_BYTES * slots);
      const last = classes.at(-1);
      if (slotBytes <= SLOT_LENGTH_BYTES || (last !== undefined && slotBytes <= last.slotBytes)) {
        invalid(`slots of ${slotBytes} bytes in class ${index}`);
      }
      classes.push({ slotBytes, slots, headerAt, metaAt, dataAt });
      dataAt += align(slotBytes * slots);
      if (dataAt > memory.length) invalid(`the slots of class ${index} are cut off`);
    }
    this.#classes = classes;
  }

  /** Makes a pool where there is none; nobody else may see it yet. */
  static create(memory: Memory, at: number, classes: readonly SlotClass[]): SlotPool {
    for (const [index, { slotBytes, slots }] of classes.entries()) {
      const headerAt = at + CLASS_HEADER_BYTES * index;
      memory.store(headerAt + SLOT_SIZE, slotBytes);
      memory.store(headerAt + SLOT_COUNT, slots);
    }
    const pool = new SlotPool(memory, at, classes.length);
    for (const { headerAt, metaAt, slots } of pool.#classes) {
      memory.storeLong(headerAt + FREE_HEAD, slots === 0 ? BigInt(NONE) : 0n);
      for (let slot = 0; slot < slots; slot++) {
        memory.store(metaAt + META_BYTES * slot + NEXT_FREE, slot + 1 < slots ? slot + 1 : NONE);
      }
    }
    return pool;
  }

  /** Longest payload that a slot takes (bytes). */
  get maxPayloadBytes(): number {
    const largest = this.#classes.at(-1);
    return largest === undefined ? 0 : largest.slotBytes - SLOT_LENGTH_BYTES;
  }

  /**
   * A slot for a payload, of the smallest class that has one.
   *
   * @param owner who has to give it back if it dies: a peer id, 0 for the host
   * @param mayUse whether a class of so many slots is to be used
   * @returns undefined while all are taken, or if none is large enough
   */
  // r[impl shm.varslot.selection]
  allocate(
    length: number,
    owner: number,
    mayUse?: (classIndex: number, slots: number) => boolean,
  ): SlotRef | undefined {
    for (const [classIndex, one] of this.#classes.entries()) {
      if (one.slotBytes < length + SLOT_LENGTH_BYTES || mayUse?.(classIndex, one.slots) === false) continue;
      const slot = this.#pop(one);
      if (slot === undefined) continue;
      const metaAt = one.metaAt + META_BYTES * slot;
      const generation = (this.#memory.load(metaAt + GENERATION) + 1) >>> 0;
      this.#memory.store(metaAt + GENERATION, generation);
      this.#memory.store(metaAt + STATE, ALLOCATED);
      this.#memory.store(metaAt + OWNER, owner);
      return { classIndex, slot, generation };
    }
    return undefined;
  }

  // r[impl shm.varslot.allocate]
  #pop({ headerAt, metaAt, slots }: PlacedClass): number | undefined {
    const memory = this.#memory;
    for (;;) {
      const head = memory.loadLong(headerAt + FREE_HEAD);
      const slot = Number(head & INDEX_MASK);
      if (slot === NONE) return undefined;
      // Whoever else has the memory may have written anything.
      if (slot >= slots) invalid(`slot ${slot} in a free list of ${slots}`);
      const next = memory.load(metaAt + META_BYTES * slot + NEXT_FREE);
      if (memory.exchangeLong(headerAt + FREE_HEAD, head, headAfter(head, next)) === head) return slot;
    }
  }

  /**
   * Gives a slot back.
   *
   * @returns false if it was given back before: nothing is done then
   * @throws ProtocolError for a slot that there is not
   */
  // r[impl shm.varslot.free]
  free({ classIndex, slot, generation }: SlotRef): boolean {
    const one = this.#classOf(classIndex, slot);
    const memory = this.#memory;
    const metaAt = one.metaAt + META_BYTES * slot;
    if (memory.load(metaAt + GENERATION) !== generation) return false;
    // By one exchange, for two may give the same slot back.
    if (memory.exchange(metaAt + STATE, ALLOCATED, FREE) !== ALLOCATED) return false;
    memory.store(metaAt + OWNER, 0);
    for (;;) {
      const head = memory.loadLong(one.headerAt + FREE_HEAD);
      memory.store(metaAt + NEXT_FREE, Number(head & INDEX_MASK));
      if (memory.exchangeLong(one.headerAt + FREE_HEAD, head, headAfter(head, slot)) === head) return true;
    }
  }

  /** Whether a slot is still in use as it was given out. */
  isHeld({ classIndex, slot, generation }: SlotRef): boolean {
    const metaAt = this.#classOf(classIndex, slot).metaAt + META_BYTES * slot;
    const isTaken = this.#memory.load(metaAt + STATE) === ALLOCATED;
    return isTaken && this.#memory.load(metaAt + GENERATION) === generation;
  }

  /**
   * A slot's data, its length in front not included: all of it to write into, or the payload in it.
   *
   * @throws ProtocolError for a slot that there is not, one that was given back, or a length beyond it
   */
  // r[impl shm.varslot.slot-meta]
  data(ref: SlotRef, length?: number): Uint8Array {
    const { classIndex, slot, generation } = ref;
    const one = this.#classOf(classIndex, slot);
    if (!this.isHeld(ref)) {
      throw new ProtocolError(
        "shm.varslot.slot-meta",
        `slot ${slot} of class ${classIndex} is not of generation ${generation}`,
      );
    }
    const at = one.dataAt + one.slotBytes * slot;
    const most = one.slotBytes - SLOT_LENGTH_BYTES;
    if (length !== undefined) this.#setLength(at, length, most);
    const taken = length ?? this.#lengthAt(at);
    if (taken > most) throw new ProtocolError("shm.framing.slot-ref", `${taken} bytes in a slot of ${most}`);
    return this.#memory.bytes.subarray(at + SLOT_LENGTH_BYTES, at + SLOT_LENGTH_BYTES + taken);
  }

  // Slots may stand at any byte: sizes are the host's choice.
  #lengthAt(at: number): number {
    return this.#view(at).getUint32(0, true);
  }

  #setLength(at: number, length: number, most: number): void {
    if (length > most) throw new RangeError(`${length} bytes for a slot of ${most}`);
    this.#view(at).setUint32(0, length, true);
  }

  #view(at: number): DataView {
    const { buffer, byteOffset } = this.#memory.bytes;
    return new DataView(buffer, byteOffset + at, SLOT_LENGTH_BYTES);
  }

  /** Gives back what a peer that died still had. @returns how many slots */
  // r[impl shm.varslot.crash-recovery]
  recover(owner: number): number {
    let freed = 0;
    for (const [classIndex, { metaAt, slots }] of this.#classes.entries()) {
      for (let slot = 0; slot < slots; slot++) {
        const at = metaAt + META_BYTES * slot;
        const isTheirs =
          this.#memory.load(at + STATE) === ALLOCATED && this.#memory.load(at + OWNER) === owner;
        if (isTheirs && this.free({ classIndex, slot, generation: this.#memory.load(at + GENERATION) }))
          freed++;
      }
    }
    return freed;
  }

  #classOf(classIndex: number, slot: number): PlacedClass {
    const one = this.#classes[classIndex];
    if (one === undefined || slot >= one.slots) {
      throw new ProtocolError("shm.framing.slot-ref", `there is no slot ${slot} of class ${classIndex}`);
    }
    return one;
  }
}

/** The head with another slot, its count of changes raised. */
function headAfter(head: bigint, slot: number): bigint {
  return (BigInt.asUintN(64, (head & ~INDEX_MASK) + COUNT_UNIT) & ~INDEX_MASK) | BigInt(slot);
}

function invalid(message: string): never {
  throw new ProtocolError("shm.varslot.classes", message);
}
