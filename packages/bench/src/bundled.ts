import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Bundles files of this directory, each into a program of its own, as a user's program would be: tsx
 * marks every function with its name at run time, which costs time and memory. The programs go
 * with this process.
 *
 * @returns where a file's program is
 */
export async function bundled(...names: readonly string[]): Promise<(name: string) => string> {
  const near = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(near("../package.json"), "utf8"),
  ) as Partial<Record<"dependencies" | "devDependencies", object>>;
  mkdirSync(near("../build"), { recursive: true });
  // In this package, where the packages are that only it needs.
  const outdir = mkdtempSync(near("../build/program-"));
  process.once("exit", () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    entryPoints: names.map(near),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // The other systems are loaded only where they are wanted.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["roam-source"],
    // The runtime loads it only where there is shared memory.
    external: [
      ...Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !/^roam/.test(name)),
      "koffi",
    ],
    sourcemap: true,
    logLevel: "warning",
  });
  return (name) => `${outdir}/${name.replace(/\.ts$/, ".mjs")}`;
}
