import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Report } from "./interop/case.ts";
import { killAll } from "./interop/child.ts";
import { LINK_KINDS } from "./interop/meeting.ts";
import { methodIds } from "./interop/method-ids.ts";
import { buildRustPeer } from "./interop/rust-peer.ts";
import { bothCall, oursCalls } from "./interop/scenes.ts";
import { SUBJECT_SCENES } from "./interop/subject-scenes.ts";

/** Longest time for everything but the build (ms). */
const TOTAL_LIMIT_MS = 88_000;

function print({ title, passed, failures }: Report, note: string): void {
  console.log(`${title} ${passed} passed, ${failures.length} failed${note}`);
  for (const { name, reason } of failures) console.log(`  FAILED ${name}\n    ${reason}`);
}

const reports: Report[] = [];

/** Runs one scene; what it throws is a failure like any other. */
async function play(title: string, scene: (report: Report) => Promise<string>): Promise<void> {
  const report = new Report(title);
  reports.push(report);
  let note = "";
  try {
    note = await scene(report);
  } catch (error) {
    report.fail("the scene", error);
  }
  killAll();
  print(report, note);
}

async function playAll(directory: string): Promise<void> {
  await play("method ids", methodIds);
  for (const kind of LINK_KINDS) {
    for (const role of ["initiator", "acceptor"] as const) {
      const scene = async (report: Report) => {
        await oursCalls(kind, role, directory, report);
        const checks = await bothCall(kind, role, directory, report);
        return ` (${checks} calls made by the Rust peer)`;
      };
      await play(`${kind} ${role}`, scene);
    }
  }
  for (const { title, run } of SUBJECT_SCENES) {
    await play(`subject ${title}`, (report) => run(directory, report));
  }
}

/** Prints the last line. @returns the exit status */
function conclude(): number {
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** @returns the exit status */
async function main(): Promise<number> {
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
  setTimeout(() => {
    const current = reports.at(-1) ?? new Report("nothing");
    current.fail("the whole run", `not within ${TOTAL_LIMIT_MS} ms`);
    print(current, "");
    process.exit(conclude());
  }, TOTAL_LIMIT_MS).unref();
  await playAll(directory);
  return conclude();
}

process.exit(await main());
