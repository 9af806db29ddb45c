// What is published, as somebody gets it: `npm run -s packages:check`. Packs every package, lets publint and
// are-the-types-wrong look at it, installs all into an empty project, imports, requires and type checks each entry,
// and runs the servers of docs/adapters there.
import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Tally } from "./browser/tally.ts";
import { checkAdapterPages, PAGE_PACKAGES } from "./packages/adapter-pages.ts";
import { installedRuntimes } from "./runtimes/runtimes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BUILD = join(ROOT, "build/packages");
/** In the order in which they need each other. */
const PUBLISHED = ["postcard", "roam", "react", "cli"] as const;
/** Of a project of their own: they bring compilers along, which are no business of this one. */
const TOOLS = ["publint@0.3.25", "@arethetypeswrong/cli@0.18.5"];

interface Packed {
  readonly name: string;
  readonly tarball: string;
  /** As one would import them. */
  readonly entries: readonly string[];
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { cwd, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}

async function project(name: string): Promise<string> {
  const directory = join(BUILD, name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
  return directory;
}

async function install(directory: string, packages: readonly string[]): Promise<void> {
  await run("npm", ["install", "--no-audit", "--no-fund", ...packages], directory);
}

async function pack(folder: string): Promise<Packed> {
  const from = join(ROOT, "packages", folder);
  const manifest = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  const told = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", BUILD], from));
  const entries = Object.keys(manifest.exports ?? {}).map((path) => manifest.name + path.slice(1));
  return { name: manifest.name, tarball: join(BUILD, told[0].filename), entries };
}

/** Everything is loaded by one program, so that what is missing in one entry is told by its name. */
const LOAD_ALL = `
const failed = [];
for (const entry of process.argv.slice(2)) {
  try { await load(entry); } catch (error) { failed.push(entry + ": " + error.message); }
}
if (failed.length > 0) { console.error(failed.join("\\n")); process.exit(1); }
`;

async function checkInstalled(directory: string, entries: readonly string[], tally: Tally): Promise<void> {
  const program = async (name: string, load: string) => {
    await writeFile(join(directory, name), `${load}\n${LOAD_ALL}`);
    await run(process.execPath, [name, ...entries], directory);
  };
  await tally.check(`${entries.length} entries can be imported`, () =>
    program("import.mjs", "const load = (entry) => import(entry);"),
  );
  await tally.check(`${entries.length} entries can be required`, () =>
    program(
      "require.mjs",
      'import { createRequire } from "node:module"; const load = createRequire(import.meta.url);',
    ),
  );
  for (const resolution of ["nodenext", "bundler"] as const) {
    await tally.check(`their types are there for who resolves as ${resolution}`, async () => {
      const module = resolution === "nodenext" ? "nodenext" : "esnext";
      const compilerOptions = {
        module,
        moduleResolution: resolution,
        strict: true,
        noEmit: true,
        target: "es2023",
      };
      const config = { compilerOptions: { ...compilerOptions, types: [] }, files: ["all.ts"] };
      await writeFile(join(directory, "tsconfig.json"), JSON.stringify(config));
      const uses = entries.map((entry, at) => `import * as e${at} from "${entry}";\nvoid e${at};`);
      await writeFile(join(directory, "all.ts"), `${uses.join("\n")}\n${TYPED}`);
      await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", "."], directory);
    });
  }
  await tally.check("the command runs", async () => {
    const help = await run(join(directory, "node_modules/.bin/roam"), ["--help"], directory);
    if (!help.includes("generate")) throw new Error(help);
  });
}

/** What the types are for: a service, a client of it, and a mistake that is seen. */
const TYPED = `
import { connect, method, service, t } from "roam";
const Adder = service("Adder", { add: method({ a: t.u32, b: t.u32 }, t.u32) });
const adder = await connect("ws://127.0.0.1:1", Adder);
const sum: number = await adder.add({ a: 1, b: 2 });
// @ts-expect-error: b is missing
await adder.add({ a: sum });
export {};
`;

const tally = new Tally();
await mkdir(BUILD, { recursive: true });
const packed: Packed[] = [];
for (const folder of PUBLISHED) packed.push(await pack(folder));
const tools = await project("tools");
await install(tools, TOOLS);
for (const { name, tarball, entries } of packed) {
  await tally.check(`${name}: publint`, async () => {
    const told = await run(join(tools, "node_modules/.bin/publint"), ["run", tarball, "--strict"], tools);
    if (!/All good/.test(told)) throw new Error(told);
  });
  // A command alone has nothing to import.
  if (entries.length === 0) continue;
  await tally.check(`${name}: are the types wrong`, async () => {
    // Without CommonJS there is nothing for the resolutions that know nothing else.
    await run(join(tools, "node_modules/.bin/attw"), [tarball, "--profile", "esm-only", "--no-color"], tools);
  });
}
const empty = await project("empty");
await tally.check("all of them can be installed into an empty project", () =>
  install(empty, [
    ...packed.map(({ tarball }) => tarball),
    "ws",
    "@types/node",
    "@types/ws",
    "react",
    "@types/react",
    ...PAGE_PACKAGES,
  ]),
);
await checkInstalled(
  empty,
  packed.flatMap(({ entries }) => entries),
  tally,
);
await tally.check("docs/react.md is typed", async () => {
  const directory = join(empty, "react");
  await mkdir(directory, { recursive: true });
  const blocks = { "billing.ts": "README.md", "react.tsx": "docs/react.md" };
  for (const [name, page] of Object.entries(blocks)) {
    const [, code] = /```tsx?\n([\s\S]*?)```/.exec(await readFile(join(ROOT, page), "utf8")) ?? [];
    await writeFile(join(directory, name), code ?? "");
  }
  const compilerOptions = {
    module: "nodenext",
    strict: true,
    noEmit: true,
    target: "es2023",
    jsx: "react-jsx",
    allowImportingTsExtensions: true,
    types: [],
  };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", "."], directory);
});
await checkAdapterPages(empty, await installedRuntimes(), tally);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
