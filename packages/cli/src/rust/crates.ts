import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import type { Finding } from "./finding.ts";

/** A crate root: what the compiler would be given, with the names of other crates there. */
export interface CrateSource {
  /** As other crates call it, unless they rename it. */
  readonly name: string;
  readonly rootFile: string;
  /** Further root modules, of directories without a manifest: files that no other module mentions. */
  readonly looseFiles: readonly string[];
  /** By the name that stands in the code: another crate here, or the package of one elsewhere. */
  readonly dependencies: ReadonlyMap<string, CrateSource | string>;
  /** Its services were asked for; others are only read for their types. */
  readonly isAsked: boolean;
}

export interface Crates {
  readonly crates: readonly CrateSource[];
  readonly findings: readonly Finding[];
  /** Manifests that were read. */
  readonly files: readonly string[];
}

/** Crate roots of what the user named: manifests' directories, plain directories, files. */
export function findCrates(paths: readonly string[]): Crates {
  const found = new Manifests();
  for (const path of paths) found.take(resolve(path));
  return found;
}

type Table = Readonly<Record<string, unknown>>;
interface OpenCrate extends CrateSource {
  readonly dependencies: Map<string, CrateSource | string>;
  isAsked: boolean;
}

class Manifests implements Crates {
  readonly crates: OpenCrate[] = [];
  readonly findings: Finding[] = [];
  readonly files: string[] = [];
  readonly #tables = new Map<string, Table | undefined>();
  /** By directory: the library, if there is one. */
  readonly #libraries = new Map<string, OpenCrate | undefined>();

  take(path: string): void {
    if (statSync(path).isFile()) return this.#takeFile(path);
    const manifest = this.#manifest(path);
    if (manifest !== undefined) return this.#takePackage(path, manifest);
    const crates = directoriesWithManifests(path);
    if (crates.length === 0) return this.#takeDirectory(path);
    for (const directory of crates) this.#takePackage(directory, this.#manifest(directory) ?? {});
  }

  #takeFile(file: string): void {
    if (this.crates.some(({ rootFile }) => rootFile === file)) return;
    const name = identifier(basename(file, ".rs"));
    this.crates.push({ name, rootFile: file, looseFiles: [], dependencies: new Map(), isAsked: true });
  }

  /** Sources without a manifest: each file is a module of one crate. */
  #takeDirectory(directory: string): void {
    const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".rs"))
      .map((name) => join(directory, name))
      .sort();
    const rootFile = ["lib.rs", "main.rs", "mod.rs"]
      .map((name) => join(directory, name))
      .find((file) => files.includes(file));
    const first = rootFile ?? files[0];
    if (first === undefined) return;
    const looseFiles = files.filter((file) => file !== first);
    this.crates.push({
      name: identifier(basename(directory)),
      rootFile: first,
      looseFiles,
      dependencies: new Map(),
      isAsked: true,
    });
  }

  #takePackage(directory: string, manifest: Table): void {
    if ("package" in manifest) this.#package(directory, manifest, true);
    const { members = [], exclude = [] } = tableOf(manifest.workspace) as {
      members?: readonly string[];
      exclude?: readonly string[];
    };
    const excluded = exclude.map((name) => resolve(directory, name));
    for (const member of members.flatMap((pattern) => matching(directory, pattern))) {
      if (excluded.includes(member)) continue;
      const own = this.#manifest(member);
      if (own !== undefined && "package" in own) this.#package(member, own, true);
    }
  }

  /** @returns its library */
  #package(directory: string, manifest: Table, isAsked: boolean): OpenCrate | undefined {
    const key = realpathSync(directory);
    if (this.#libraries.has(key)) {
      const known = this.#libraries.get(key);
      if (known !== undefined && isAsked) known.isAsked = true;
      return known;
    }
    const { name = basename(directory) } = tableOf(manifest.package) as { name?: string };
    const { path = "src/lib.rs", name: libName = name } = tableOf(manifest.lib) as {
      path?: string;
      name?: string;
    };
    const dependencies = new Map<string, CrateSource | string>();
    const make = (crate: string, file: string): OpenCrate | undefined => {
      const rootFile = join(directory, file);
      if (!existsSync(rootFile)) return undefined;
      const open = { name: identifier(crate), rootFile, looseFiles: [], dependencies, isAsked };
      this.crates.push(open);
      return open;
    };
    const library = make(libName, path);
    this.#libraries.set(key, library);
    this.#dependencies(directory, manifest, dependencies);
    if (library !== undefined) dependencies.set(library.name, library);
    if (!isAsked) return library;
    const bins = Array.isArray(manifest.bin) ? (manifest.bin as { path?: string }[]) : [];
    const stated = bins.flatMap((bin) => (bin.path === undefined ? [] : [bin.path]));
    for (const bin of new Set(["src/main.rs", ...stated, ...binaries(directory)])) make(`${name}-bin`, bin);
    return library;
  }

  #dependencies(directory: string, manifest: Table, into: Map<string, CrateSource | string>): void {
    const targets = Object.values(tableOf(manifest.target)).map(tableOf);
    for (const table of [manifest, ...targets]) {
      for (const [key, stated] of Object.entries(tableOf(table.dependencies))) {
        const [name, crate] = this.#dependency(directory, key, stated);
        into.set(name, crate);
      }
    }
  }

  /** A dependency and what it is called in the code: as the manifest renames it, or as its library is. */
  #dependency(directory: string, key: string, stated: unknown): readonly [string, CrateSource | string] {
    let { path, package: renamed, workspace } = tableOf(stated) as Dependency;
    let base = directory;
    if (workspace === true) {
      const [root, inherited] = this.#inherited(directory, key);
      base = root;
      path = inherited.path;
      renamed = inherited.package ?? renamed;
    }
    if (path !== undefined) {
      const there = resolve(base, path);
      const manifest = this.#manifest(there);
      const library = manifest === undefined ? undefined : this.#package(there, manifest, false);
      if (library !== undefined) return [renamed === undefined ? library.name : identifier(key), library];
    }
    return [identifier(key), identifier(renamed ?? key)];
  }

  /** What the workspace states about a dependency. */
  #inherited(directory: string, key: string): readonly [root: string, Dependency] {
    for (let at = directory; ; at = dirname(at)) {
      const workspace = this.#manifest(at)?.workspace;
      if (workspace !== undefined) {
        return [at, tableOf(tableOf(tableOf(workspace).dependencies)[key]) as Dependency];
      }
      if (dirname(at) === at) return [directory, {}];
    }
  }

  #manifest(directory: string): Table | undefined {
    if (this.#tables.has(directory)) return this.#tables.get(directory);
    const file = join(directory, "Cargo.toml");
    let table: Table | undefined;
    if (existsSync(file)) {
      this.files.push(file);
      try {
        table = parseToml(readFileSync(file, "utf8")) as Table;
      } catch (error) {
        const { line = 1, column = 1, message } = error as Error & { line?: number; column?: number };
        const [first = ""] = message.split("\n");
        this.findings.push({ file, line, column, severity: "error", message: first });
        table = {};
      }
    }
    this.#tables.set(directory, table);
    return table;
  }
}

interface Dependency {
  path?: string;
  package?: string;
  workspace?: boolean;
}

function tableOf(value: unknown): Table {
  return typeof value === "object" && value !== null ? (value as Table) : {};
}

function identifier(name: string): string {
  return name.replaceAll("-", "_");
}

function binaries(directory: string): string[] {
  const bin = join(directory, "src/bin");
  if (!existsSync(bin)) return [];
  return readdirSync(bin)
    .sort()
    .flatMap((name) => {
      if (name.endsWith(".rs")) return [`src/bin/${name}`];
      return existsSync(join(bin, name, "main.rs")) ? [`src/bin/${name}/main.rs`] : [];
    });
}

/** Directories that a member's pattern means; `*` stands for one name. */
function matching(directory: string, pattern: string): string[] {
  let found = [directory];
  for (const part of pattern.split("/").filter((one) => one !== "" && one !== ".")) {
    const test = new RegExp(
      `^${part
        .replace(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".")}$`,
    );
    found = found.flatMap((at) => {
      if (!/[*?]/.test(part)) return existsSync(join(at, part)) ? [join(at, part)] : [];
      return readdirSync(at, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && test.test(entry.name))
        .map((entry) => join(at, entry.name))
        .sort();
    });
  }
  return found;
}

/** Manifests below a directory that has none, not looking into those found, nor where builds go. */
function directoriesWithManifests(directory: string): string[] {
  if (existsSync(join(directory, "Cargo.toml"))) return [directory];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|target$|node_modules$)/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => directoriesWithManifests(join(directory, entry.name)));
}
