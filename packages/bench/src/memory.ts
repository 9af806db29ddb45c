// Memory: `npm run -s bench:memory -- --help`. Per idle connection, and per call.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { bundled } from "./bundled.ts";
import { LIMITS, memoryLane, OURS } from "./memory-lanes.ts";
import {
  callAllocation,
  type IdlePlan,
  idleSnapshots,
  idleUsage,
  methodCheck,
  SIDES,
} from "./memory-measures.ts";
import { callTable, idleTable, type Row } from "./memory-table.ts";
import { systems } from "./peers/peers.ts";
import { printGrowth } from "./snapshot-growth.ts";
import { rotated } from "./statistics.ts";

const USAGE = `usage: npm run -s bench:memory -- [OPTIONS]
  --filter REGEX    only lanes whose name matches
  --peers           the other systems as well
  --quick           1,000 connections only, one round
  --json FILE       all rounds as JSON
  --snapshot LANE   where the heap goes, by constructor`;

/** Room for what processes have open beside the connections. */
const SPARE_DESCRIPTORS = 200;
const IN_FLIGHT = 64;
const SNAPSHOT: IdlePlan = { before: 50, count: 500 };
/** Of bytes known to be allocated, what may be missed or counted twice. */
const MOST_OFF = 0.02;

/**
 * The first thousand bring with them what is compiled for them and what their garbage makes the heap
 * grow by, once; the next thousand show what a connection takes.
 */
const FULL: readonly (IdlePlan & { readonly rounds: number })[] = [
  { before: 0, count: 1000, rounds: 5 },
  { before: 1000, count: 1000, rounds: 5 },
  { before: 0, count: 10_000, rounds: 3 },
];
const QUICK: typeof FULL = [
  { before: 0, count: 1000, rounds: 1 },
  { before: 1000, count: 1000, rounds: 1 },
];

function readOptions() {
  return parseArgs({
    options: {
      filter: { type: "string", default: "" },
      peers: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      snapshot: { type: "string" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

/** Each process holds one end of each connection. */
function descriptorLimit(): number {
  const report = process.report?.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : Number.POSITIVE_INFINITY;
}

/** Lanes in turn, each round beginning with another. */
async function inTurns<T>(
  rows: readonly Row[],
  rounds: number,
  measure: (lane: string) => Promise<T>,
): Promise<Map<string, T[]>> {
  const results = new Map<string, T[]>(rows.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name } of rotated(rows, round)) results.get(name)?.push(await measure(name));
  }
  return results;
}

async function snapshot(program: string, lane: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "roam-heaps-"));
  const path = (side: string, when: string) => `${directory}/${side}-${when}.heapsnapshot`;
  try {
    await idleSnapshots(program, lane, SNAPSHOT, path);
    for (const side of SIDES) {
      console.log(`${lane}, ${side}: heap per idle connection by constructor`);
      printGrowth(path(side, "before"), path(side, "after"), SNAPSHOT.count);
      console.log("");
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

type Options = ReturnType<typeof readOptions>;

async function rowsOf({ filter, peers }: Options): Promise<Row[]> {
  const names = [...LIMITS, ...OURS, ...(peers ? systems.map(({ name }) => name) : [])];
  const pattern = new RegExp(filter);
  return Promise.all(names.filter((name) => pattern.test(name)).map(memoryLane));
}

async function measure(program: string, options: Options): Promise<void> {
  const where = `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`;
  console.log(`${where}; a process each for both sides, fresh for every figure\n`);
  const rows = await rowsOf(options);
  const idle: object[] = [];
  for (const plan of options.quick ? QUICK : FULL) {
    if (plan.before + plan.count + SPARE_DESCRIPTORS > descriptorLimit()) {
      console.log(`${plan.count} connections: only ${descriptorLimit()} file descriptors, left out\n`);
      continue;
    }
    const measured = await inTurns(rows, plan.rounds, (lane) => idleUsage(program, lane, plan));
    console.log(idleTable(plan, rows, measured));
    idle.push({ ...plan, measured: Object.fromEntries(measured) });
  }
  const counted = await methodCheck(program);
  if (Math.abs(counted - 1) > MOST_OFF)
    throw new Error(`of bytes known to be allocated, ${counted} were counted`);
  // The bare socket has no ids: it makes one call at a time.
  const callers = rows.filter(({ name }) => name !== "socket");
  const rounds = options.quick ? 1 : 5;
  const measured = await inTurns(callers, rounds, (lane) => callAllocation(program, lane, IN_FLIGHT));
  console.log(callTable(IN_FLIGHT, callers, measured, counted));
  if (options.json === undefined) return;
  mkdirSync(dirname(options.json), { recursive: true });
  const calls = { inFlight: IN_FLIGHT, methodCheck: counted, measured: Object.fromEntries(measured) };
  const all = { where, date: new Date().toISOString(), idle, calls };
  writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
}

const options = readOptions();
if (options.help) console.log(USAGE);
else {
  const program = (await bundled("memory-child.ts"))("memory-child.ts");
  await (options.snapshot === undefined ? measure(program, options) : snapshot(program, options.snapshot));
}
