// Runs every test file from sources, each in a process of its own, and ends with `N passed, N failed`.
// A skipped or unfinished test counts as failed: nothing is left out silently.
// usage: node --conditions=roam-source --import tsx scripts/test.mjs [--repeat N] [PART-OF-A-PATH…]
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const args = process.argv.slice(2);
const repeat = args[0] === "--repeat" ? Number(args.splice(0, 2)[1]) : 1;
const files = ["packages", "examples"]
  .flatMap((top) => readdirSync(top, { recursive: true }).map((name) => join(top, name)))
  .filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"))
  .filter((name) => args.length === 0 || args.some((part) => name.includes(part)))
  .sort();

let passed = 0;
let failed = 0;
for (let round = 0; round < repeat; round++) {
  const stream = run({ files, concurrency: 2, timeout: 60_000 });
  stream.on("test:pass", ({ skip, todo, details, name }) => {
    if (details.type === "suite") return;
    if (skip === undefined && todo === undefined) passed++;
    else {
      failed++;
      console.log(`not run: ${name}`);
    }
  });
  stream.on("test:fail", ({ details }) => {
    if (details.type !== "suite") failed++;
  });
  await new Promise((resolve) => {
    const report = stream.compose(spec);
    report.on("end", resolve);
    report.pipe(process.stdout, { end: false });
  });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
