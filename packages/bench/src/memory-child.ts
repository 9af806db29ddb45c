// One side of a memory measurement, of the lane that the command line names.
import { setTimeout as sleep } from "node:timers/promises";
import { writeHeapSnapshot } from "node:v8";
import { answerParent } from "./asked-process.ts";
import { countGarbageCollections } from "./garbage-collections.ts";
import { memoryLane } from "./memory-lanes.ts";
import type { Peer } from "./peer.ts";

/** Bytes of this process. */
export interface Usage {
  readonly rss: number;
  readonly heapUsed: number;
  /** Outside the heap, held by objects on it: buffers. */
  readonly external: number;
}

/** `Usage` as it is, and how often the collector has run. */
export type UsageNow = Usage & { readonly collections: number };

export type MemoryRequest =
  | { readonly kind: "serve"; readonly directory: string }
  | { readonly kind: "open"; readonly address: string; readonly count: number }
  | { readonly kind: "call"; readonly count: number; readonly inFlight: number }
  /** Garbage is collected first. @returns Usage */
  | { readonly kind: "settled-usage" }
  /** @returns UsageNow */
  | { readonly kind: "usage" }
  /** @returns bytes known to be allocated */
  | { readonly kind: "allocate" }
  | { readonly kind: "snapshot"; readonly path: string };

/** Connections in the making at a time: a listener's queue holds 511. */
const OPENING = 50;
const SETTLE_MS = 300;
const MOST_SETTLES = 10;
/** Change of the RSS from one look to the next that counts as none. */
const STILL = 0.005;
const WORD_BYTES = 8;
const KNOWN_OBJECTS = 1_000_000;
const VALUE_MASK = 0x3fff;

const lane = await memoryLane(process.argv[2] ?? "");
const open: Pick<Peer, "call">[] = [];
const collect = (globalThis as { gc?: () => void }).gc;
const collections = countGarbageCollections();
/** What `allocate` makes; of a fixed size, for growing would allocate too. */
const kept: unknown[] = new Array(KNOWN_OBJECTS);

/** @param count further connections; each makes one call and is then left alone */
async function openMore(address: string, count: number): Promise<void> {
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left--;
      const peer = await lane.open(address);
      await peer.call(1);
      open.push(peer);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, opener));
}

async function call(count: number, inFlight: number): Promise<void> {
  const [peer] = open;
  if (peer === undefined) throw new TypeError("nothing is open");
  let left = count;
  const caller = async () => {
    while (left > 0) await peer.call(left-- & VALUE_MASK);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

function usage(): UsageNow {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external, collections: collections() };
}

/** Collects garbage until the RSS stands still. */
async function settledUsage(): Promise<Usage> {
  if (collect === undefined) throw new TypeError("to be run with --expose-gc");
  let before = 0;
  for (let look = 0; look < MOST_SETTLES; look++) {
    collect();
    await sleep(SETTLE_MS);
    collect();
    // Also for the observer, which hears of collections later.
    await sleep(SETTLE_MS);
    const { rss } = process.memoryUsage();
    if (Math.abs(rss - before) < rss * STILL) break;
    before = rss;
  }
  return usage();
}

/**
 * Arrays of four small integers, to see that the method counts right: each is an array of four words,
 * and its elements with a head of two.
 */
function allocate(): number {
  for (let index = 0; index < KNOWN_OBJECTS; index++) kept[index] = [index, index, index, index];
  return KNOWN_OBJECTS * (4 + 2 + 4) * WORD_BYTES;
}

answerParent(async (request: MemoryRequest) => {
  switch (request.kind) {
    case "serve":
      return lane.serve(request.directory);
    case "open":
      return openMore(request.address, request.count);
    case "call":
      return call(request.count, request.inFlight);
    case "settled-usage":
      return settledUsage();
    case "usage":
      return usage();
    case "allocate":
      return allocate();
    case "snapshot":
      return writeHeapSnapshot(request.path);
  }
});
