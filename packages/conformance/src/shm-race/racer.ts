// One thread of `npm run -s shm:race`: puts numbered entries into one ring and checks those of the other.
import { parentPort, workerData } from "node:worker_threads";
import { Memory } from "../../../roam/src/shm/memory.ts";
import { Ring } from "../../../roam/src/shm/ring.ts";
import { UncorrectedRing } from "./uncorrected-ring.ts";

export interface RacerJob {
  readonly buffer: SharedArrayBuffer;
  /** Of the ring that is written, and of the one that is read. */
  readonly outAt: number;
  readonly inAt: number;
  readonly entries: number;
  readonly isCorrected: boolean;
  readonly seed: number;
  /** A cell that any thread sets when it has seen something wrong: nobody goes on then. */
  readonly stopAt: number;
}

export interface RacerResult {
  readonly checked: number;
  /** What was wrong first. */
  readonly wrong: string | undefined;
}

const { buffer, outAt, inAt, entries, isCorrected, seed, stopAt } = workerData as RacerJob;
const memory = new Memory(buffer);
const make = (at: number) => (isCorrected ? new Ring(memory, at) : new UncorrectedRing(memory, at));
const out = make(outAt);
const inbound = make(inAt);
const words = new Int32Array(buffer);
/** Entries at a turn, so that both rings are full and empty in turn. */
const MOST_AT_A_TURN = 64;
/** Looks at a ring that does not move, before it is taken for silent. */
const SILENT_LOOKS = 200_000_000;

let state = seed;
/** Lengths of 2 to 16 words: any order of them, the same on both sides. */
function lengthOf(previous: number): number {
  return 8 + ((previous >>> 7) % 15) * 4;
}
const next = (previous: number) => (Math.imul(previous, 1_664_525) + 1_013_904_223) >>> 0;

let written = 0;
let checked = 0;
let theirs = seed;
let wrong: string | undefined;
let idle = 0;

function write(): boolean {
  const length = lengthOf(state);
  const at = out.grant(length);
  if (at === undefined) return false;
  const word = (out.dataAt + at) >>> 2;
  words[word] = length;
  words[word + 1] = written;
  out.commit(length);
  written++;
  state = next(state);
  return true;
}

/** @returns false if there is nothing */
function check(): boolean {
  const readable = inbound.readable();
  if (readable === undefined) return false;
  for (let at = 0; at < readable.length && wrong === undefined; ) {
    const word = (inbound.dataAt + readable.at + at) >>> 2;
    const [length, number] = [words[word] as number, words[word + 1] as number];
    if (number !== checked || length !== lengthOf(theirs)) {
      wrong = `entry ${checked} is number ${number} of ${length} bytes`;
    } else {
      checked++;
      theirs = next(theirs);
      inbound.release(length);
      at += length;
    }
  }
  return true;
}

while ((written < entries || checked < entries) && wrong === undefined && memory.load(stopAt) === 0) {
  let isMoving = false;
  for (let turn = 0; turn < MOST_AT_A_TURN && written < entries && write(); turn++) isMoving = true;
  if (check()) isMoving = true;
  idle = isMoving ? 0 : idle + 1;
  if (idle > SILENT_LOOKS) wrong = `silent after ${checked} entries`;
}
if (wrong !== undefined) memory.store(stopAt, 1);
parentPort?.postMessage({ checked, wrong } satisfies RacerResult);
