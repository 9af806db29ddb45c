// The command line, driven as a person would: commands with pipes and in a terminal, against our own server
// and the peer built on the Rust crates: `npm run -s cli:check`. Needs cargo, bash, zsh and fish. Exits with 1 if a check failed.
import { spawnSync } from "node:child_process";
import { checkCalls } from "./cli/call-scene.ts";
import { ourPeer, Place, RUST_TRAIT, rustPeer } from "./cli/places.ts";
import { killCommands, REPOSITORY } from "./cli/program.ts";
import { checkGenerate, checkIdsAndDiff, checkPeers } from "./cli/schema-scenes.ts";
import { checkServe } from "./cli/serve-scene.ts";
import { checkCompletion, checkHelp } from "./cli/shell-scenes.ts";
import { closeTerminals } from "./cli/terminal.ts";
import { checkTraffic } from "./cli/traffic-scene.ts";
import { Report } from "./interop/case.ts";
import { killAll } from "./interop/child.ts";
import { buildRustPeer } from "./interop/rust-peer.ts";

/** Longest time for everything but the builds (ms). */
const TOTAL_LIMIT_MS = 240_000;

type Scene = readonly [title: string, run: (report: Report, place: Place) => Promise<void>];

const SCENES: readonly Scene[] = [
  ["help", checkHelp],
  [
    "ids, diff, ls",
    (report, place) =>
      checkIdsAndDiff(place, [place.path("testbed.json"), place.path("testbed.ts"), RUST_TRAIT], report),
  ],
  ["generate", (report, place) => checkGenerate(place, RUST_TRAIT, report)],
  [
    "call, to our server",
    async (report, place) => {
      const peer = await ourPeer(place);
      await checkCalls(peer, ["--schema", place.path("testbed.json")], report);
    },
  ],
  [
    "call, to the Rust peer",
    async (report) => checkCalls(await rustPeer(), ["--schema", RUST_TRAIT], report),
  ],
  [
    "peers that tell, and that do not",
    async (report, place) =>
      checkPeers((await ourPeer(place)).url, (await rustPeer()).url, RUST_TRAIT, report),
  ],
  ["serve", (report, place) => checkServe(place, report)],
  [
    "traffic, to our server",
    async (report, place) =>
      checkTraffic(await ourPeer(place), ["--schema", place.path("testbed.json")], place, report),
  ],
  [
    "traffic, to the Rust peer",
    async (report, place) => checkTraffic(await rustPeer(), ["--schema", RUST_TRAIT], place, report),
  ],
  ["completion", (report, place) => checkCompletion(place, report)],
];

const reports: Report[] = [];

function print({ title, passed, failures }: Report): void {
  console.log(`${title}: ${passed} passed, ${failures.length} failed`);
  for (const { name, reason } of failures) console.log(`  FAILED ${name}\n    ${reason}`);
}

/** Prints the last line. @returns the exit status */
function conclude(): number {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function play([title, run]: Scene, place: Place): Promise<void> {
  const report = new Report(title);
  reports.push(report);
  try {
    await run(report, place);
  } catch (error) {
    report.fail("the scene", error);
  }
  closeTerminals();
  killCommands();
  killAll();
  print(report);
}

async function main(only: string): Promise<number> {
  const scenes = SCENES.filter(([title]) => title.includes(only));
  if (scenes.length === 0) {
    console.error(`no scene's title contains ${JSON.stringify(only)}`);
    return 2;
  }
  // What is driven is the compiled command: that of now.
  const tsc = `${REPOSITORY}node_modules/typescript/bin/tsc`;
  const built = spawnSync(process.execPath, [tsc, "-b", `${REPOSITORY}packages/cli`], { stdio: "inherit" });
  if (built.status !== 0) {
    console.error("the command could not be compiled");
    return 1;
  }
  await buildRustPeer();
  const place = new Place();
  process.on("exit", () => {
    closeTerminals();
    killCommands();
    killAll();
    place.remove();
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  setTimeout(() => {
    const current = reports.at(-1) ?? new Report("nothing");
    current.fail("the whole run", `not within ${TOTAL_LIMIT_MS} ms`);
    print(current);
    process.exit(conclude());
  }, TOTAL_LIMIT_MS).unref();
  for (const scene of scenes) await play(scene, place);
  return conclude();
}

const args = process.argv.slice(2);
const usage = "usage: npm run -s cli:check -- [--only TEXT]   the scenes whose title contains TEXT";
if (args.length > 0 && (args[0] !== "--only" || args[1] === undefined)) {
  console.log(usage);
  process.exit(args[0] === "--help" ? 0 : 2);
}
process.exit(await main(args[1] ?? ""));
