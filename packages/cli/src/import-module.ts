import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, UsageFailure } from "./failure.ts";

export type Exports = Readonly<Record<string, unknown>>;

let loader: Promise<void> | undefined;

/**
 * Imports a module of the user's, TypeScript too: by Node itself where it can, else by `tsx`.
 *
 * @throws UsageFailure if nothing here loads TypeScript
 * @throws Failure with what the module threw
 */
export async function importModule(file: string): Promise<Exports> {
  const path = resolve(file);
  if (/\.m?ts$/.test(extname(path))) await loadsTypescript(path);
  try {
    return (await import(pathToFileURL(path).href)) as Exports;
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const { code, message } = cause as { code?: string; message?: string };
    if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
      throw new UsageFailure(
        `${file}: ${message}`,
        "Node runs erasable TypeScript only; compile the module and name the .js",
      );
    }
    throw new Failure(`${file} could not be loaded: ${message ?? String(cause)}`, { cause });
  }
}

async function loadsTypescript(path: string): Promise<void> {
  // Newer than our oldest Node, whose types are used here.
  const { typescript } = process.features as { typescript?: unknown };
  // Run from sources, this very module went through such a loader.
  if (typescript || import.meta.url.endsWith(".ts")) return;
  loader ??= registerTsx(path);
  await loader;
}

async function registerTsx(path: string): Promise<void> {
  const found = [path, import.meta.url].map(tsxFrom).find((entry) => entry !== undefined);
  if (found === undefined) {
    throw new UsageFailure(
      `Node ${process.version} does not load TypeScript`,
      "use Node 22.18 or newer, or npm install --save-dev tsx, or name the compiled .js",
    );
  }
  const { register } = (await import(pathToFileURL(found).href)) as { register: () => unknown };
  register();
}

/** Where the loader of `tsx` is, as seen from a file. */
function tsxFrom(from: string): string | undefined {
  const require = createRequire(from);
  try {
    // What `require` resolves of the loader itself is its form for CommonJS.
    const manifest = require.resolve("tsx/package.json");
    const { exports } = require(manifest) as { exports: Record<string, { import?: { default?: string } }> };
    const entry = exports["./esm/api"]?.import?.default;
    return entry === undefined ? undefined : join(dirname(manifest), entry);
  } catch {
    return undefined;
  }
}
