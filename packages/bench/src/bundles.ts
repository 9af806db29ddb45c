import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Bundles the serving and the measuring process, as a user's program would be: tsx marks every
 * function with its name at run time, which costs. Packages of other people stay outside.
 *
 * @param outdir below this package, so that they find the others
 */
export async function bundleProcesses(outdir: string): Promise<void> {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(source("../package.json"), "utf8"),
  ) as Partial<Record<"dependencies" | "devDependencies", object>>;
  await build({
    entryPoints: ["client.ts", "server.ts", "port-worker.ts"].map(source),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // Loads the packages of the other systems only where they are wanted.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["roam-source"],
    external: Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !/^roam/.test(name)),
    sourcemap: true,
    logLevel: "warning",
  });
}
