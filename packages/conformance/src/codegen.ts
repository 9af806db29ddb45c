// Services from Rust sources and back, against the published crates: `npm run -s codegen:check -- --help`.
// Exits with 1 if a case failed.
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildCorpus, type Corpus } from "./codegen/corpus.ts";
import { checkDepartures } from "./codegen/departures.ts";
import { checkDescription } from "./codegen/description.ts";
import { checkGenerated } from "./codegen/generated.ts";
import { WORK } from "./codegen/places.ts";
import { checkReported } from "./codegen/reported.ts";
import { checkRust } from "./codegen/to-rust.ts";
import { Tally } from "./vectors/tally.ts";

/** Differences of a part that are printed. */
const SHOWN = 20;

const USAGE = `usage: npm run -s codegen:check [-- --only TEXT] [--all]

Reads the Rust services of packages/conformance/codegen from their sources, compiles them with the
published crates (needs cargo), and compares: method ids, channels, comments; bytes of values through the
TypeScript generated from them; ids of the Rust generated from that again; and what has to be reported.

  --only TEXT  the parts whose name contains it
  --all        every difference, not the first ${SHOWN} of each part
  --help       this text`;

interface Part {
  readonly name: string;
  run(corpus: Corpus, tally: Tally): void | Promise<void>;
}

const PARTS: readonly Part[] = [
  { name: "rust sources against the compiled crates", run: checkDescription },
  { name: "departures of the crates", run: checkDepartures },
  {
    name: "generated TypeScript, runtime codecs",
    run: (corpus, tally) => checkGenerated(corpus, "runtime", tally),
  },
  {
    name: "generated TypeScript, static codecs",
    run: (corpus, tally) => checkGenerated(corpus, "static", tally),
  },
  { name: "generated Rust", run: checkRust },
  { name: "what has to be reported", run: (_corpus, tally) => checkReported(tally) },
];

function print(name: string, { passed, failures, notes }: Tally, shown: number, seconds: number): void {
  console.log(`${name}: ${passed} passed, ${failures.length} failed (${seconds.toFixed(1)} s)`);
  for (const note of notes) console.log(`  ${note}`);
  for (const failure of failures.slice(0, shown))
    console.log(`  FAILED ${failure.name}\n    ${failure.reason.replaceAll("\n", "\n    ")}`);
  if (failures.length > shown) console.log(`  … and ${failures.length - shown} more: --all shows them`);
}

/** @returns the exit status */
async function main(only: string, shown: number): Promise<number> {
  const parts = PARTS.filter(({ name }) => name.includes(only));
  if (parts.length === 0) {
    console.error(`no part's name contains ${JSON.stringify(only)}`);
    return 2;
  }
  rmSync(WORK, { recursive: true, force: true });
  const started = Date.now();
  let corpus: Corpus;
  try {
    corpus = await buildCorpus();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.log("0 passed, 1 failed");
    return 1;
  }
  const { services } = corpus.compiled;
  const methods = services.reduce((sum, service) => sum + service.methods.length, 0);
  console.log(
    `${services.length} services of ${methods} methods compiled in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
  let [passed, failed] = [0, 0];
  for (const { name, run } of parts) {
    const tally = new Tally();
    const from = Date.now();
    try {
      await run(corpus, tally);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tally.failures.push({ name: "the whole part", reason });
    }
    if (tally.passed + tally.failures.length === 0) {
      tally.failures.push({ name: "the whole part", reason: "there was nothing to check" });
    }
    print(name, tally, shown, (Date.now() - from) / 1000);
    passed += tally.passed;
    failed += tally.failures.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function options(): { only: string; shown: number } | undefined {
  try {
    const { values } = parseArgs({
      options: { only: { type: "string" }, all: { type: "boolean" }, help: { type: "boolean" } },
    });
    if (values.help === true) return undefined;
    return { only: values.only ?? "", shown: values.all === true ? Number.POSITIVE_INFINITY : SHOWN };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const given = options();
if (given === undefined) console.log(USAGE);
else process.exitCode = await main(given.only, given.shown);
