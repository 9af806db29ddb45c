// Benchmarks: `npm run -s bench -- --help`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bench } from "./bench.ts";
import { bundled } from "./bundled.ts";
import { cases } from "./cases.ts";
import type { Contender } from "./contender.ts";
import { besidePeers } from "./contenders.ts";
import { guard, updateGuard } from "./guard.ts";
import { lanes, workerLanes } from "./lanes.ts";
import { circumstances, describe } from "./machine.ts";
import { markdown } from "./markdown.ts";
import { matrixOf } from "./matrix.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import type { PairSetting } from "./pair.ts";
import { plot } from "./plot.ts";
import { profile } from "./profile.ts";
import { FIXED_CREDIT } from "./roam-service.ts";
import { shmLanes } from "./shm-lanes.ts";
import { caseTable, summary } from "./table.ts";

const PROFILES = fileURLToPath(new URL("../../../build/bench/profiles", import.meta.url));

function write(path: string | undefined, text: () => string): void {
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text());
}

async function contendersOf(options: Options): Promise<readonly Contender[]> {
  if (options.only === "worker") return workerLanes;
  if (options.only === "shm") return shmLanes;
  return options.isBesidePeers ? besidePeers() : lanes;
}

async function measure(options: Options, setting: PairSetting): Promise<void> {
  const around = circumstances(options, args);
  console.log(`${describe(around)}\n`);
  const contenders = await contendersOf(options);
  const wanted = cases.filter(({ name }) => options.leftOut?.test(name) !== true);
  const matrix = matrixOf(wanted, contenders, options.filter);
  const { results, hasFailed } = await bench(matrix, options.plan, setting);
  for (const result of results) console.log(caseTable(result));
  write(options.json, () => `${JSON.stringify({ ...around, plan: options.plan, results }, null, 1)}\n`);
  write(options.markdown, () => markdown(results, around));
  write(options.svg, () => plot(results, around));
  console.log(summary(results));
  if (hasFailed) process.exitCode = 1;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: Options;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), "roam-bench-"));
process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const setting: PairSetting = {
    program: await bundled("client.ts", "server.ts", "port-worker.ts"),
    directory,
    isPinned: options.isPinned,
    env: options.isFixedCredit ? { [FIXED_CREDIT]: "1" } : {},
  };
  if (options.profile !== undefined) await profile(options.profile, options.profileMs, setting, PROFILES);
  else if (options.isUpdate) await updateGuard(setting, circumstances(options, args));
  else if (options.isGuard) process.exitCode = (await guard(setting)) ? 0 : 1;
  else await measure(options, setting);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 1;
}
