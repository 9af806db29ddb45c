// Two threads on the rings of a shared-memory link, every entry's number checked: `npm run -s shm:race -- --help`.
// Ends with `N passed, N failed`.
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { Memory } from "../../roam/src/shm/memory.ts";
import { Ring, ringStride } from "../../roam/src/shm/ring.ts";
import { poolBytes, SlotPool } from "../../roam/src/shm/slot-pool.ts";
import { bundleProgram } from "./bundle-program.ts";
import type { PoolJob, PoolResult } from "./shm-race/pool-racer.ts";
import type { RacerJob, RacerResult } from "./shm-race/racer.ts";

const USAGE = `usage: npm run -s shm:race -- [OPTIONS]
  --entries N   each way (default 10,000,000)
  --tries N     times that the order as published is tried, until it goes wrong (default 20)`;
const CAPACITIES = [512, 4096];
const STOP_BYTES = 64;
/** Few slots, so that two threads want the same ones. */
const POOL = [
  { slotBytes: 32, slots: 5 },
  { slotBytes: 64, slots: 3 },
];

interface Race {
  readonly checked: number;
  readonly wrong: string | undefined;
  readonly seconds: number;
}

async function race(
  program: string,
  capacity: number,
  entries: number,
  isCorrected: boolean,
  seed: number,
): Promise<Race> {
  const stride = ringStride(capacity);
  const buffer = new SharedArrayBuffer(2 * stride + STOP_BYTES);
  const memory = new Memory(buffer);
  for (const at of [0, stride]) Ring.create(memory, at, capacity);
  const startMs = performance.now();
  const sides = [
    { outAt: 0, inAt: stride },
    { outAt: stride, inAt: 0 },
  ].map(async (side) => {
    const workerData: RacerJob = { buffer, ...side, entries, isCorrected, seed, stopAt: 2 * stride };
    return resultOf<RacerResult>(new Worker(program, { workerData }));
  });
  const results = await Promise.all(sides);
  const checked = results.reduce((sum, result) => sum + result.checked, 0);
  const wrong = results.map((result) => result.wrong).find((one) => one !== undefined);
  return { checked, wrong, seconds: (performance.now() - startMs) / 1000 };
}

/** Two threads at one pool; in the end every slot is free again. */
async function racePool(turns: number): Promise<{ taken: number; wrong: string | undefined }> {
  const program = await bundleProgram(new URL("./shm-race/pool-racer.ts", import.meta.url));
  const buffer = new SharedArrayBuffer(poolBytes(POOL));
  const pool = SlotPool.create(new Memory(buffer), 0, POOL);
  const results = await Promise.all(
    [1, 2].map((owner) => {
      const workerData: PoolJob = { buffer, classCount: POOL.length, owner, turns };
      return resultOf<PoolResult>(new Worker(program, { workerData }));
    }),
  );
  let free = 0;
  while (pool.allocate(1, 0) !== undefined) free++;
  const slots = POOL.reduce((sum, one) => sum + one.slots, 0);
  const lost = free === slots ? undefined : `${free} of ${slots} slots are free in the end`;
  const taken = results.reduce((sum, result) => sum + result.taken, 0);
  return { taken, wrong: results.map((result) => result.wrong).find((one) => one !== undefined) ?? lost };
}

function resultOf<R>(worker: Worker): Promise<R> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
}

function told({ checked, seconds }: Race): string {
  return `${checked.toLocaleString("en-US")} entries checked, ${(checked / seconds / 1e6).toFixed(1)} million a second`;
}

async function main(entries: number, tries: number): Promise<number> {
  const program = await bundleProgram(new URL("./shm-race/racer.ts", import.meta.url));
  let failed = 0;
  for (const capacity of CAPACITIES) {
    const good = await race(program, capacity, entries, true, capacity);
    const isGood = good.wrong === undefined && good.checked === 2 * entries;
    if (!isGood) failed++;
    console.log(
      `${isGood ? "ok    " : "FAILED"} ring of ${capacity} bytes: ${told(good)}, ${good.wrong ?? "0 wrong"}`,
    );
    let bad: Race | undefined;
    let tried = 0;
    while (tried < tries && bad?.wrong === undefined) {
      bad = await race(program, capacity, entries, false, ++tried);
    }
    const isSeen = bad?.wrong !== undefined;
    if (!isSeen) failed++;
    console.log(
      `${isSeen ? "ok    " : "FAILED"} the same in the published order goes wrong: ${bad && told(bad)}, ${bad?.wrong ?? "nothing wrong"} (try ${tried})`,
    );
  }
  const pool = await racePool(entries / 10);
  if (pool.wrong !== undefined) failed++;
  console.log(
    `${pool.wrong === undefined ? "ok    " : "FAILED"} slot pool: ${pool.taken.toLocaleString("en-US")} slots taken and given back by two, ${pool.wrong ?? "0 wrong"}`,
  );
  console.log(`${2 * CAPACITIES.length + 1 - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    entries: { type: "string", default: "10000000" },
    tries: { type: "string", default: "20" },
    help: { type: "boolean" },
  },
});
const [entries, tries] = [Number(values.entries), Number(values.tries)];
if (values.help) console.log(USAGE);
else if (Number.isSafeInteger(entries) && entries > 0 && tries >= 1)
  process.exitCode = await main(entries, tries);
else {
  console.error(USAGE);
  process.exitCode = 2;
}
