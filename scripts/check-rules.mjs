// Compares the rule annotations in the code with the list of rules, writes docs/spec-coverage.md and fails
// on an unknown id, or on an applicable `must` rule that lacks `r[impl id]` or `r[verify id]`.
// usage: node scripts/check-rules.mjs [--unknown-only]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const rules = JSON.parse(readFileSync("packages/conformance/rules.json", "utf8"));
const later = JSON.parse(readFileSync("packages/conformance/rules-later.json", "utf8"));
const isUnknownOnly = process.argv.includes("--unknown-only");

const SOURCES = /\.(ts|tsx|mjs|rs|sh)$/;
const SKIPPED = /node_modules|[\\/](dist|build|target)[\\/]/;
const TESTS = /[\\/]test[\\/]|packages[\\/]conformance[\\/]src|src[\\/]testing[\\/]/;

const places = { impl: new Map(), verify: new Map() };
const faults = [];
const known = new Map(rules.map((rule) => [rule.id, rule]));

for (const top of ["packages", "examples", "scripts"]) {
  for (const name of readdirSync(top, { recursive: true })) {
    const file = join(top, name);
    if (!SOURCES.test(file) || SKIPPED.test(file) || file.endsWith("check-rules.mjs")) continue;
    for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
      for (const [, kind, id] of line.matchAll(/\br\[(impl|verify) ([a-z0-9.-]+)\]/g))
        note(kind, id, `${file}:${index + 1}`);
      // Cases kept as data name their rules in a list; the runners that run them are the proof.
      const listed = /\brules: \[([^\]]*)\]/.exec(line);
      if (listed)
        for (const [, id] of listed[1].matchAll(/"([a-z0-9.-]+)"/g))
          note("verify", id, `${file}:${index + 1}`);
    }
  }
}

function note(kind, id, place) {
  if (!known.has(id)) faults.push(`unknown rule ${id} at ${place}`);
  if (kind === "verify" && !TESTS.test(place)) faults.push(`r[verify ${id}] outside the tests at ${place}`);
  const list = places[kind].get(id) ?? [];
  list.push(place);
  places[kind].set(id, list);
}

const laterOf = (rule) => later.rules[rule.id] ?? later.layers[rule.layer];
const rows = [];
const counts = new Map();
for (const rule of rules) {
  const impl = places.impl.get(rule.id) ?? [];
  const verify = places.verify.get(rule.id) ?? [];
  const isKept = impl.length > 0 && verify.length > 0;
  const reason = laterOf(rule);
  const isDue = rule.applies && rule.level === "must" && reason === undefined;
  if (isDue && !isKept) {
    faults.push(
      `${rule.id} (${rule.layer}) lacks ${impl.length === 0 ? "impl" : ""}${impl.length + verify.length === 0 ? " and " : ""}${verify.length === 0 ? "verify" : ""}`,
    );
  }
  const count = counts.get(rule.layer) ?? { due: 0, kept: 0, later: 0 };
  if (isDue) count.due++;
  if (isDue && isKept) count.kept++;
  if (rule.applies && rule.level === "must" && reason !== undefined) count.later++;
  counts.set(rule.layer, count);
  const state = !rule.applies ? "n/a" : isKept ? "kept" : reason !== undefined ? `later: ${reason}` : "open";
  rows.push(
    `| ${rule.id} | ${rule.level} | ${state} | ${impl.slice(0, 2).join(" ")} | ${verify.slice(0, 2).join(" ")} |`,
  );
}

const unknown = faults.filter((fault) => fault.startsWith("unknown"));
if (isUnknownOnly) {
  for (const fault of unknown) console.log(fault);
  console.log(`unknown ids: ${unknown.length}`);
  process.exit(unknown.length > 0 ? 1 : 0);
}

mkdirSync("docs", { recursive: true });
writeFileSync(
  "docs/spec-coverage.md",
  `# Rule coverage\n\nWritten by \`npm run rules\`.\n\n| rule | level | state | kept at | verified at |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`,
);
for (const [layer, { due, kept, later: waiting }] of counts) {
  console.log(
    `${layer}: ${kept} of ${due} must rules kept and verified${waiting > 0 ? `, ${waiting} for later` : ""}`,
  );
}
for (const fault of faults) console.log(fault);
console.log(`unknown ids: ${unknown.length}`);
const due = [...counts.values()].reduce((sum, count) => sum + count.due, 0);
const kept = [...counts.values()].reduce((sum, count) => sum + count.kept, 0);
console.log(`${kept} passed, ${due - kept + unknown.length} failed`);
process.exit(faults.length > 0 ? 1 : 0);
