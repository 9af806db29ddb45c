import type { SlotRef } from "./entry.ts";
import type { Segment } from "./segment.ts";

/** Slots of one class that one side has filled. */
interface Filled {
  /** By slot; some may have been freed since. */
  readonly slots: Map<number, SlotRef>;
  share: number;
}

/**
 * The slots that one side of a link has filled and the other has not freed: no more of each class than its share,
 * so that there are some left for whoever wants to answer. Published peers hold the slot of a request until they
 * have one for the response.
 */
// r[impl shm.varslot.selection]
export class SlotShare {
  readonly #segment: Segment;
  readonly #owner: number;
  readonly #classes: Filled[] = [];

  /** @param owner whose slots these are: a guest's id, 0 for the host */
  constructor(segment: Segment, owner: number) {
    this.#segment = segment;
    this.#owner = owner;
  }

  /** A slot for a payload; undefined while there is none to be had. */
  allocate(length: number): SlotRef | undefined {
    const ref = this.#segment.pool.allocate(length, this.#owner, this.#mayUse);
    if (ref !== undefined) this.#filled(ref.classIndex).slots.set(ref.slot, ref);
    return ref;
  }

  readonly #mayUse = (classIndex: number, slots: number): boolean => {
    const filled = this.#filled(classIndex);
    if (filled.slots.size < filled.share) return true;
    const { pool, attached } = this.#segment;
    for (const [slot, ref] of filled.slots) if (!pool.isHeld(ref)) filled.slots.delete(slot);
    filled.share = Math.max(1, Math.floor(slots / (attached + 1)));
    return filled.slots.size < filled.share;
  };

  #filled(classIndex: number): Filled {
    let filled = this.#classes[classIndex];
    if (filled === undefined) {
      filled = { slots: new Map(), share: 0 };
      this.#classes[classIndex] = filled;
    }
    return filled;
  }

  /** Frees what the other side has not, for it is dead. */
  reclaim(): void {
    for (const filled of this.#classes) {
      for (const ref of filled?.slots.values() ?? []) this.#segment.pool.free(ref);
      filled?.slots.clear();
    }
  }
}
