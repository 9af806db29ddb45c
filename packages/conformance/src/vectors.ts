import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { replayDirectory } from "./replay/replay-transcripts.ts";
import { COMMITTED_VECTORS, checkFile, vectorFiles } from "./vectors/check-file.ts";
import type { Tally } from "./vectors/tally.ts";

const FAILURES_SHOWN = 5;

function print(file: string, { passed, failures, notes }: Tally): void {
  console.log(`${file} ${passed} passed, ${failures.length} failed`);
  for (const note of notes) console.log(`  ${note}`);
  for (const { name, reason } of failures.slice(0, FAILURES_SHOWN))
    console.log(`  FAILED ${name}\n    ${reason}`);
  if (failures.length > FAILURES_SHOWN) console.log(`  … and ${failures.length - FAILURES_SHOWN} more`);
}

/** Checks a directory of vectors, the committed one by default. @returns the exit code */
async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [argument] = positionals;
  // npm runs scripts in the workspace's root; the directory is meant from where the user stands.
  const from = process.env.INIT_CWD ?? process.cwd();
  const directory = argument === undefined ? COMMITTED_VECTORS : resolve(from, argument);
  const files = vectorFiles(directory);
  if (files.length === 0) {
    console.error(`no vectors in ${directory}`);
    return 1;
  }
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    const tally = checkFile(directory, file);
    print(file, tally);
    passed += tally.passed;
    failed += tally.failures.length;
  }
  if (files.includes("transcripts.json")) {
    for (const [role, tally] of await replayDirectory(directory)) {
      print(`replay as ${role}`, tally);
      passed += tally.passed;
      failed += tally.failures.length;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
