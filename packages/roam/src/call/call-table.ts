import type { Id } from "../wire/message.ts";

/** Slots at the start; a power of two, as ever after. */
const FIRST_SLOTS = 4;
/** Slots at most: 8 MiB, and room for a million calls in flight. */
const MOST_SLOTS = 2 ** 20;

/**
 * The calls of one connection that are in flight, by their ids, which are 2 apart: a ring of the
 * latest, where an id is an index, and a map of those that the ring has overtaken. With a map
 * alone, entering and removing a call costs as much as encoding it.
 */
export class CallTable<C extends { readonly id: number }> {
  #ring: (C | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  readonly #overtaken = new Map<number, C>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param call with an id above those of all before it */
  add(call: C): void {
    if (this.#size * 2 >= this.#ring.length && this.#ring.length < MOST_SLOTS) this.#grow();
    this.#size++;
    this.#place(call);
  }

  #place(call: C): void {
    const slot = this.#slot(call.id);
    const older = this.#ring[slot];
    if (older !== undefined) this.#overtaken.set(older.id, older);
    this.#ring[slot] = call;
  }

  get(id: Id): C | undefined {
    if (typeof id !== "number") return undefined;
    const call = this.#ring[this.#slot(id)];
    return call?.id === id ? call : this.#overtaken.get(id);
  }

  remove(call: C): void {
    const slot = this.#slot(call.id);
    if (this.#ring[slot] === call) this.#ring[slot] = undefined;
    else if (!this.#overtaken.delete(call.id)) return;
    this.#size--;
  }

  /** Takes everything, in order. */
  clear(): C[] {
    const calls = [...this.#overtaken.values()];
    for (const call of this.#ring) if (call !== undefined) calls.push(call);
    this.#ring = new Array(FIRST_SLOTS).fill(undefined);
    this.#overtaken.clear();
    this.#size = 0;
    return calls.sort((a, b) => a.id - b.id);
  }

  // Ids reach 2^53, beyond what a shift takes.
  #slot(id: number): number {
    return Math.floor(id / 2) & (this.#ring.length - 1);
  }

  #grow(): void {
    const before = this.#ring;
    this.#ring = new Array(before.length * 2).fill(undefined);
    for (const call of before) if (call !== undefined) this.#place(call);
    // Some may have a place of their own again.
    for (const [id, call] of this.#overtaken) {
      const slot = this.#slot(id);
      if (this.#ring[slot] !== undefined) continue;
      this.#overtaken.delete(id);
      this.#ring[slot] = call;
    }
  }
}
