import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * Bundles a program of this package as a user's would be: tsx marks every function with its name at run
 * time, which costs.
 *
 * @returns where the bundle is
 */
export async function bundleProgram(source: URL): Promise<string> {
  const entry = fileURLToPath(source);
  const name = basename(entry, ".ts");
  const outfile = fileURLToPath(new URL(`../../../build/programs/${name}.mjs`, import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["roam-source"],
    external: ["ws"],
    logLevel: "warning",
  });
  return outfile;
}
