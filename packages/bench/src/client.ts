// The measuring process.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { cases } from "./cases.ts";
import { type Lane, lanes } from "./lanes.ts";
import { type Options, readOptions } from "./options.ts";
import type { Peer } from "./peer.ts";
import { printCpuProfile, printHeapProfile } from "./profile-report.ts";
import { Profiler } from "./profiler.ts";
import { type Measured, type OpenLane, runCase } from "./rounds.ts";
import { pin, ServerProcess } from "./server-process.ts";
import { caseTable, summary } from "./table.ts";

const WARM_UP_MS = 1000;

async function bench(options: Options, server: ServerProcess): Promise<void> {
  const { filter, plan, json } = options;
  const isWanted = (test: { name: string }, lane: { name: string }) =>
    filter.test(`${test.name}/${lane.name}`);
  const open: OpenLane[] = [];
  for (const lane of lanes.filter((lane) => cases.some((test) => isWanted(test, lane)))) {
    open.push({ name: lane.name, raw: lane.raw, peer: await lane.open(server) });
  }
  const [cpu] = cpus();
  const where = `node ${process.version}, ${cpus().length} x ${cpu?.model ?? "unknown processor"}`;
  const setting = options.isPinned ? "client and server on one core" : "client and server in two processes";
  const credit = options.isAdaptive ? "adaptive credit; " : "";
  console.log(`${where}; ${setting}; ${credit}${plan.rounds} rounds of ${plan.roundMs} ms, interleaved\n`);
  const all: Measured[] = [];
  for (const test of cases) {
    const wanted = open.filter((lane) => isWanted(test, lane));
    if (wanted.length === 0) continue;
    const measured = await runCase(test, wanted, plan);
    console.log(caseTable(test, measured));
    all.push(...measured);
  }
  for (const { peer } of open) await peer.close();
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    const settings = {
      where,
      isPinned: options.isPinned,
      isAdaptive: options.isAdaptive,
      ...plan,
      date: new Date().toISOString(),
    };
    writeFileSync(json, `${JSON.stringify({ ...settings, measured: all }, null, 1)}\n`);
  }
  console.log(summary(all));
}

/** Profiles one case on one lane, after a warm-up that is left out: first the time, then the memory. */
async function profile(name: string, durationMs: number, server: ServerProcess): Promise<void> {
  const [caseName, laneName] = name.split("/");
  const test = cases.find((candidate) => candidate.name === caseName);
  const lane: Lane | undefined = lanes.find((candidate) => candidate.name === laneName);
  if (test === undefined || lane === undefined) {
    const known = [cases, lanes].map((list) => list.map((item) => item.name).join(" ")).join("\nlanes: ");
    throw new TypeError(`--profile ${name}: no such CASE/LANE\ncases: ${known}`);
  }
  const directory = fileURLToPath(new URL("profiles", import.meta.url));
  mkdirSync(directory, { recursive: true });
  const peer: Peer = await lane.open(server);
  await test.run(peer, WARM_UP_MS);
  const profiler = new Profiler();
  for (const of of ["cpu", "heap"] as const) {
    const path = (side: string) => `${directory}/${name.replace("/", "-")}-${side}.${of}profile`;
    await server.ask({ kind: "start-profile", of });
    await profiler.start(of);
    const start = performance.now();
    const done = await test.run(peer, durationMs);
    const rate = (done * 1000) / (performance.now() - start);
    await profiler.stop(path("client"));
    await server.ask({ kind: "stop-profile", path: path("server") });
    const figure = `${Math.round(rate).toLocaleString("en-US")} ${test.unit}/s`;
    console.log(`${test.title}, ${lane.name}, ${of} profile: ${figure}\n`);
    const print = of === "cpu" ? printCpuProfile : printHeapProfile;
    print("client", path("client"), done);
    if (lane.name !== "memory") print("server", path("server"), done);
  }
  await peer.close();
}

process.once("disconnect", () => process.exit(1));
const options = readOptions(process.argv.slice(2));
try {
  await using server = await ServerProcess.start(options.isAdaptive);
  if (options.isPinned) {
    pin(process.pid);
    pin(server.pid);
  }
  if (options.profile !== undefined) await profile(options.profile, options.profileMs, server);
  else await bench(options, server);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
process.exit();
