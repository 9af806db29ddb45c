// Every service, link, role and conduit against a peer built on the Rust crates, the departures of those
// crates, and the subject run as a program: `npm run -s interop -- --help`. Exits with 1 if a case failed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Report, type Scene } from "./interop/case.ts";
import { killAll } from "./interop/child.ts";
import { CUT_SCENES } from "./interop/cut-scenes.ts";
import { DIFFERENTIAL } from "./interop/differential/differential-scene.ts";
import { FALLBACK_SCENES } from "./interop/fallback-scenes.ts";
import { HAZARD_SCENES } from "./interop/hazards/hazard-scenes.ts";
import { METHOD_IDS } from "./interop/method-ids.ts";
import { type InteropOptions, readOptions, USAGE } from "./interop/options.ts";
import { buildRustPeer } from "./interop/rust-peer.ts";
import { MEETING_SCENES } from "./interop/scenes.ts";
import { shmScenes } from "./interop/shm/shm-scenes.ts";
import { SUBJECT_SCENES } from "./interop/subject-scenes.ts";

/** Longest time for everything but the build, and with scenes in full length (ms). */
const TOTAL_LIMIT_MS = 330_000;
const FULL_LIMIT_MS = 1_200_000;

/** Payloads each way in each flood of shared memory: among all scenes, and when these are asked for. */
const FLOOD = { short: 50_000, full: 1_000_000 };

const scenesOf = (floodCount: number): readonly Scene[] => [
  METHOD_IDS,
  ...MEETING_SCENES,
  ...CUT_SCENES,
  ...FALLBACK_SCENES,
  ...HAZARD_SCENES,
  ...SUBJECT_SCENES,
  ...shmScenes(floodCount),
];

function print({ title, passed, failures }: Report, note: string): void {
  console.log(`${title} ${passed} passed, ${failures.length} failed${note}`);
  for (const { name, reason } of failures) console.log(`  FAILED ${name}\n    ${reason}`);
}

const reports: Report[] = [];

/** Runs one scene; what it throws is a failure like any other. */
async function play({ title, run }: Scene, stage: { directory: string; seed: number }): Promise<void> {
  const report = new Report(title);
  reports.push(report);
  let note = "";
  try {
    note = await run(stage, report);
  } catch (error) {
    report.fail("the scene", error);
  }
  killAll();
  print(report, note);
}

/** Prints the last line. @returns the exit status */
function conclude(): number {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** @returns the exit status */
async function main({ only, isFull, seed, isDifferential }: InteropOptions): Promise<number> {
  const all = isDifferential ? [DIFFERENTIAL] : scenesOf(isFull ? FLOOD.full : FLOOD.short);
  const scenes = all.filter(({ title }) => title.includes(only));
  if (scenes.length === 0) {
    console.error(`no scene's title contains ${JSON.stringify(only)}`);
    return 2;
  }
  try {
    await buildRustPeer();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
  const directory = mkdtempSync(join(tmpdir(), "roam-interop-"));
  process.on("exit", () => {
    killAll();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  const limitMs = isFull ? FULL_LIMIT_MS : TOTAL_LIMIT_MS;
  setTimeout(() => {
    const current = reports.at(-1) ?? new Report("nothing");
    current.fail("the whole run", `not within ${limitMs} ms`);
    print(current, "");
    process.exit(conclude());
  }, limitMs).unref();
  console.log(
    `seed ${seed}: again with npm run -s interop -- ${isDifferential ? "--differential " : ""}--seed ${seed}`,
  );
  for (const scene of scenes) await play(scene, { directory, seed });
  return conclude();
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: InteropOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
process.exit(await main(options));
