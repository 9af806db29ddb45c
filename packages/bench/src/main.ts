// Benchmarks: `npm run -s bench -- --help`. Bundles the measuring and the serving process, as a
// user's program would be (tsx marks every function with its name at run time, which costs), and
// runs them.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { readOptions, USAGE } from "./options.ts";

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}
try {
  readOptions(args);
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}

const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const outdir = source("../../../build/bench");
await build({
  entryPoints: [source("client.ts"), source("server.ts")],
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["roam-source"],
  external: ["ws"],
  sourcemap: true,
  logLevel: "warning",
});
const client = fork(`${outdir}/client.mjs`, args, { execArgv: [] });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => client.kill(signal));
const [code] = (await once(client, "exit")) as [number | null];
process.exitCode = code ?? 1;
