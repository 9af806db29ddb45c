import { readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const HARNESS = fileURLToPath(new URL("harness.ts", import.meta.url));
const PROGRAM = fileURLToPath(new URL("kit.ts", import.meta.url));

/** What shared memory asks of the system, by an optional package and in programs of its own: `npm test` tests it. */
const NATIVE = /\/test\/shm\/(file-mappings|host-guest|mapped-memory|socket-bell)\./;

/** Tests of the packages that a program of any runtime imports; tabs are for pages. */
export function testFiles(): string[] {
  return ["packages/postcard/test", "packages/roam/test"]
    .flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true }).map((name) => join(top, String(name))),
    )
    .filter(
      (path) => path.endsWith(".test.ts") && !/\/test\/(package|tabs)\//.test(path) && !NATIVE.test(path),
    )
    .sort();
}

/**
 * Bundles the tests of the packages into one program that a runtime can run as it is.
 *
 * @param condition of package exports, that the runtime has beside the usual ones
 * @returns its path
 */
export async function bundleKit(files: readonly string[], condition: string): Promise<string> {
  const outdir = join(ROOT, "build/runtimes", condition);
  await rm(outdir, { recursive: true, force: true });
  const imports = files.map(
    (path) => `${JSON.stringify(path)}: () => import(${JSON.stringify(join(ROOT, path))}),`,
  );
  await build({
    stdin: {
      contents: `import { runKit } from ${JSON.stringify(PROGRAM)};\nawait runKit({\n${imports.join("\n")}\n});`,
      resolveDir: ROOT,
    },
    outdir,
    entryNames: "kit",
    bundle: true,
    splitting: true,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["roam-source", condition],
    // Found from the bundle's place, as an installed package is.
    external: ["ws", "fast-check", "esbuild", "koffi", "@opentelemetry/*"],
    alias: { "node:test": HARNESS },
    plugins: [ownPlace],
    logLevel: "warning",
  });
  return join(outdir, "kit.mjs");
}

/** A test that looks for files beside itself finds them, wherever the bundle is. */
const ownPlace: Plugin = {
  name: "own place",
  setup({ onLoad }) {
    onLoad({ filter: /\/test\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)));
      return { contents, loader: "ts" };
    });
  },
};
