// Bytes from strangers, made by coverage: `npm run -s fuzz -- --help`. Prints a table, and for what was found
// the input and how to repeat it; exits with 1 if anything was.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundle } from "./fuzz/bundle.ts";
import { writeCorpus } from "./fuzz/corpus-file.ts";
import { runCrew } from "./fuzz/crew.ts";
import { type FuzzOptions, readOptions, USAGE } from "./fuzz/options.ts";
import { resultOf, type TargetResult, tableOf } from "./fuzz/results-table.ts";
import { toHex } from "./hex.ts";

const BUILD = fileURLToPath(new URL("../build/", import.meta.url));

function printFindings({ name, findings }: TargetResult): void {
  for (const { kind, message, input } of findings) {
    console.log(`FAILED ${name}: ${kind} with ${input.length} bytes\n  ${message.replaceAll("\n", "\n  ")}`);
    console.log(`  input ${toHex(input)}`);
    console.log(`  again with npm run -s fuzz -- --target ${name} --input ${toHex(input)}`);
  }
}

function printRecords({ name, slowest, largest, largestPerByte }: TargetResult): void {
  console.log(`${name}: slowest ${toHex(slowest.input)}`);
  console.log(`${name}: most bytes per input byte ${toHex(largestPerByte.input)}`);
  console.log(`${name}: most bytes ${toHex(largest.input)}`);
}

/** @returns the exit status */
async function main(options: FuzzOptions): Promise<number> {
  const { seed, workers, targets, input, isShown, isSaved } = options;
  mkdirSync(BUILD, { recursive: true });
  const directory = mkdtempSync(`${BUILD}fuzz-`);
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  await bundle(targets, directory);
  if (input === undefined)
    console.log(`seed ${seed}, ${workers} threads: the same inputs with --seed ${seed}`);
  const crew = await runCrew(options, directory);
  const results = targets.map((name) => resultOf(name, crew));
  for (const result of results) printFindings(result);
  if (isShown) for (const result of results) printRecords(result);
  if (isSaved) {
    for (const name of targets) {
      const inputs = crew.reports.filter((report) => report.name === name).flatMap(({ corpus }) => corpus);
      console.log(`${name}: ${writeCorpus(name, inputs)} inputs in the corpus`);
    }
  }
  console.log(tableOf(results));
  console.log(`${results.reduce((sum, { executions }) => sum + executions, 0)} inputs in all`);
  // A target that did nothing did not pass.
  const failed = results.filter(({ findings, executions }) => findings.length > 0 || executions === 0).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
let options: FuzzOptions;
try {
  options = readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
process.exit(await main(options));
