import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Tally } from "../browser/tally.ts";

/** Everything of OpenTelemetry's that an entry imports, by the package's name. */
async function importedBy(entry: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: {
      contents: `export * from "${entry}";`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["roam-source"],
    external: ["@opentelemetry/*", "ws", "koffi"],
    metafile: true,
    write: false,
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  return [...new Set(imported.filter((path) => path.startsWith("@opentelemetry/")))];
}

/** Who does without telemetry needs no package of OpenTelemetry. */
export async function checkImports(tally: Tally): Promise<void> {
  await tally.check(
    "`roam` imports nothing of OpenTelemetry, `roam/opentelemetry` its API alone",
    async () => {
      assert.deepEqual(await importedBy("roam"), []);
      assert.deepEqual(await importedBy("roam/opentelemetry"), ["@opentelemetry/api"]);
    },
  );
}
