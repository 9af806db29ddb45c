import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A program that runs modules, from an npm package. */
export interface Runtime {
  readonly name: string;
  /** Of package exports, beside `import` and `default`. */
  readonly condition: "node" | "deno" | "bun";
  readonly path: string;
  readonly args: readonly string[];
}

const DIRECTORY = fileURLToPath(new URL("../../../../build/runtimes", import.meta.url));
const PLATFORM = `${process.platform}-${process.arch}`;
const GC = "--expose-gc";

/** Packages with the programs in them, without any step at installing: name, version, path, how they are run. */
const PACKAGES = [
  {
    name: "Node 24",
    source: `node-${PLATFORM}@24.21.0`,
    alias: "node24",
    path: "bin/node",
    args: [GC],
    condition: "node",
  },
  {
    name: "Node 26",
    source: `node-${PLATFORM}@26.10.0`,
    alias: "node26",
    path: "bin/node",
    args: [GC],
    condition: "node",
  },
  {
    name: "Deno 2.9",
    source: `@deno/${PLATFORM}-glibc@2.9.6`,
    alias: "deno",
    path: "deno",
    args: ["run", "-A", "--v8-flags=--expose-gc"],
    condition: "deno",
  },
  {
    name: "Bun 1.4",
    source: `@oven/bun-${PLATFORM}@1.4.5`,
    alias: "bun",
    path: "bin/bun",
    args: [GC],
    condition: "bun",
  },
] as const;

/**
 * This Node and the others, installed where they are not there yet.
 *
 * @throws Error what the package manager says, on a platform without them too
 */
export async function installedRuntimes(): Promise<Runtime[]> {
  const pathOf = (alias: string, path: string) => join(DIRECTORY, "node_modules", alias, path);
  if (!PACKAGES.every(({ alias, path }) => existsSync(pathOf(alias, path)))) {
    await mkdir(DIRECTORY, { recursive: true });
    // A project of its own: the packages are no business of this one's lock file.
    await writeFile(join(DIRECTORY, "package.json"), '{ "private": true }\n');
    const wanted = PACKAGES.map(({ alias, source }) => `${alias}@npm:${source}`);
    await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", ...wanted], {
      cwd: DIRECTORY,
    });
  }
  const own = {
    name: `Node ${process.versions.node.split(".")[0]}`,
    condition: "node",
    path: process.execPath,
  } as const;
  return [
    { ...own, args: [GC] },
    ...PACKAGES.map(({ alias, path, ...rest }) => ({ ...rest, path: pathOf(alias, path) })),
  ];
}
