// One thread of the pool's part of `npm run -s shm:race`: takes slots, marks them as its own, gives them back.
import { parentPort, workerData } from "node:worker_threads";
import type { SlotRef } from "../../../roam/src/shm/entry.ts";
import { Memory } from "../../../roam/src/shm/memory.ts";
import { SlotPool } from "../../../roam/src/shm/slot-pool.ts";

export interface PoolJob {
  readonly buffer: SharedArrayBuffer;
  readonly classCount: number;
  readonly owner: number;
  readonly turns: number;
}

export interface PoolResult {
  readonly taken: number;
  readonly wrong: string | undefined;
}

const { buffer, classCount, owner, turns } = workerData as PoolJob;
const pool = new SlotPool(new Memory(buffer), 0, classCount);
/** Slots held at a time: more than there are for two, so that the lists run empty. */
const MOST_HELD = 6;
const held: { readonly ref: SlotRef; readonly mark: number }[] = [];
let taken = 0;
let wrong: string | undefined;

for (let turn = 0; turn < turns && wrong === undefined; turn++) {
  if (held.length < MOST_HELD) {
    const ref = pool.allocate(8, owner);
    if (ref !== undefined) {
      const mark = (Math.imul(turn, 2) + owner) & 0xff;
      pool.data(ref, 8).fill(mark);
      held.push({ ref, mark });
      taken++;
    }
  }
  const oldest = held.length === MOST_HELD || turn % 3 === 0 ? held.shift() : undefined;
  if (oldest === undefined) continue;
  const data = pool.data(oldest.ref);
  if (data.some((byte) => byte !== oldest.mark)) wrong = `a slot had two owners in turn ${turn}`;
  else if (!pool.free(oldest.ref)) wrong = `a slot was given back by another in turn ${turn}`;
}
for (const { ref } of held) pool.free(ref);
parentPort?.postMessage({ taken, wrong } satisfies PoolResult);
