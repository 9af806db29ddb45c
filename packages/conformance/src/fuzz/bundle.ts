import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin, transform } from "esbuild";
import { createInstrumenter } from "istanbul-lib-instrument";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const OWN = new URL(".", import.meta.url);
/** What is fuzzed: the packages, and of the command line what reads Rust sources. */
const UNDER_TEST = /packages\/(postcard\/src|roam\/src|cli\/src\/(rust|tree-sitter)).*\.ts$/;
/** What the fuzzer uses itself. */
const OWN_USE = "packages/roam/src/testing/";

/**
 * Writes the targets and the program that runs them as modules into a directory. Targets count every
 * statement, function and branch of the packages that runs in them; see `Counters`.
 */
export async function bundle(targets: readonly string[], directory: string): Promise<void> {
  const common: BuildOptions = {
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["roam-source"],
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    logLevel: "warning",
  };
  const paths = targets.map((name) => ({ in: at(`targets/${name}.ts`), out: name }));
  await build({ ...common, entryPoints: paths, plugins: [counting()] });
  await build({ ...common, entryPoints: [{ in: at("worker-thread.ts"), out: "worker-thread" }] });
}

function at(path: string): string {
  return fileURLToPath(new URL(path, OWN));
}

function counting(): Plugin {
  const instrumenter = createInstrumenter({
    esModules: true,
    compact: false,
    produceSourceMap: false,
    coverageGlobalScopeFunc: false,
  });
  return {
    name: "counting",
    setup({ onLoad }) {
      onLoad({ filter: UNDER_TEST }, async ({ path }) => {
        if (path.includes(OWN_USE)) return undefined;
        const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", target: "es2023" });
        return { contents: counted(instrumenter.instrumentSync(code, path), relative(ROOT, path)) };
      });
    },
  };
}

const COUNT = /cov_\w+\(\)\.([sfb])\[(\d+)\](?:\[(\d+)\])?\+\+/g;

/** Puts places in one array where the instrumenter has an object for each file. */
function counted(code: string, file: string): string {
  const matches = [...code.matchAll(COUNT)].map((match) => match[0]);
  // Branches first, so that they can be told from the rest by how many there are.
  const branches = [...new Set(matches.filter((text) => text.includes(".b[")))];
  const places = [...new Set([...branches, ...matches])];
  const indexOf = new Map(places.map((text, index) => [text, index]));
  const body = code.replace(/^cov_\w+\(\);$/m, "").replace(COUNT, (text) => `$hits[${indexOf.get(text)}]++`);
  const register = `globalThis.fuzzCounters.register(${JSON.stringify(file)}, ${places.length}, ${branches.length})`;
  return `const $hits = ${register};\n${body}`;
}
