// How much work a generated service makes for a user's compiler, and whether what its client gives is typed.
// usage: node --conditions=roam-source --import tsx packages/bench/src/types-budget.ts [--rounds N]
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { typescriptModules } from "../../cli/src/typescript/typescript-modules.ts";
import { median, rotated } from "./statistics.ts";
import { anyModule, largeDocument, useModule } from "./types-budget-service.ts";

const METHODS = 500;
/** Of types, where every method is called once and the whole service is served. */
const MOST_INSTANTIATIONS = 300 * METHODS;
/** Processor time of the whole compiler, against that of a project that only imports `connect`. */
const MOST_TIME_RATIO = 5;

const root = fileURLToPath(new URL("../../../", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** The flags of a strict user, who has our declarations and not our sources. */
const COMPILER_OPTIONS = {
  target: "es2023",
  lib: ["es2024", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"],
  module: "nodenext",
  moduleResolution: "nodenext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

interface Run {
  readonly instantiations: number;
  readonly types: number;
  /** As the compiler tells them (s). */
  readonly checkTime: number;
  readonly totalTime: number;
}

function compile(directory: string, file: string): Run {
  const config = join(directory, `${file.replaceAll("/", "-")}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: [file] }));
  // One thread, so that times are those of the work.
  const args = [tsc, "-p", config, "--extendedDiagnostics", "--singleThreaded", "--pretty", "false"];
  let said: string;
  try {
    said = execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  } catch (error) {
    throw new Error(`${file} does not compile:\n${(error as { stdout?: string }).stdout}`, { cause: error });
  }
  const figure = (name: string) => {
    const found = said.match(new RegExp(`^${name}:\\s*([\\d.]+)`, "m"))?.[1];
    if (found === undefined) throw new Error(`the compiler does not tell "${name}":\n${said}`);
    return Number(found);
  };
  return {
    instantiations: figure("Instantiations"),
    types: figure("Types"),
    checkTime: figure("Check time"),
    totalTime: figure("Total time"),
  };
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds takes a count");
if (!existsSync(join(root, "packages/roam/dist/schema/static-codecs.d.ts"))) {
  throw new Error("the declarations are not built: npm run build");
}

let failed = 0;
function check(isWell: boolean, what: string): void {
  console.log(`${isWell ? "ok" : "FAILED"}: ${what}`);
  if (!isWell) failed++;
}

mkdirSync(join(root, "build"), { recursive: true });
const directory = mkdtempSync(join(root, "build/types-budget-"));
try {
  const document = largeDocument(METHODS);
  for (const codec of ["runtime", "static"] as const) {
    mkdirSync(join(directory, codec));
    const modules = typescriptModules(document, { codec });
    for (const [name, text] of modules) writeFileSync(join(directory, codec, name), text);
    writeFileSync(join(directory, codec, "use.ts"), useModule(METHODS));
  }
  writeFileSync(join(directory, "runtime/any.ts"), anyModule());
  writeFileSync(
    join(directory, "empty.ts"),
    'import { connect } from "roam";\nexport const dial = connect;\n',
  );

  const projects = ["empty.ts", "runtime/large.ts", "runtime/use.ts", "static/use.ts"];
  const runs = new Map<string, Run[]>(projects.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(projects, round)) runs.get(name)?.push(compile(directory, name));
  }
  const middle = (name: string, figure: keyof Run) =>
    median((runs.get(name) ?? []).map((run) => run[figure]));
  const ratio = (name: string) => middle(name, "totalTime") / middle("empty.ts", "totalTime");
  console.log(`${METHODS} methods, medians of ${rounds} rounds in turns, one thread`);
  for (const name of projects) {
    const [types, instantiations] = [middle(name, "types"), middle(name, "instantiations")];
    const times = `check ${middle(name, "checkTime").toFixed(3)} s, total ${middle(name, "totalTime").toFixed(3)} s`;
    console.log(
      `${name}: ${types} types, ${instantiations} instantiations, ${times}, ${ratio(name).toFixed(2)} times the empty one`,
    );
  }
  for (const name of ["runtime/use.ts", "static/use.ts"]) {
    const instantiations = middle(name, "instantiations");
    check(
      instantiations <= MOST_INSTANTIATIONS,
      `${name}: ${instantiations} instantiations, at most ${MOST_INSTANTIATIONS}`,
    );
    check(
      ratio(name) <= MOST_TIME_RATIO,
      `${name}: ${ratio(name).toFixed(2)} times the empty project, at most ${MOST_TIME_RATIO}`,
    );
  }
  compile(directory, "runtime/any.ts");
  check(true, "no any in what any of the methods returns, streams or fails with");
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;
