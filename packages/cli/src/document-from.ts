import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Introspected } from "roam/introspection";
import { checkDocument, type SchemaDocument } from "roam/schema";
import { EXIT } from "./exit-codes.ts";
import { Failure, UsageFailure } from "./failure.ts";
import { freshDocument } from "./generate/fresh-document.ts";
import type { Io } from "./io.ts";
import { mergeDocuments } from "./merge-documents.ts";
import { type Finding, rustReader, typescriptReader } from "./parts.ts";
import { openPeer, type Peer, type PeerOptions } from "./peer.ts";
import { schemeOf } from "./url.ts";

/** What a source says of its services. */
export interface Described {
  readonly document: SchemaDocument;
  /** What could not be known. */
  readonly findings: readonly Finding[];
  /** Files that were read, for watching. */
  readonly files: readonly string[];
}

export interface SourceOptions {
  /** Types of foreign crates, stated by the user: `--types FILE`. */
  readonly types?: string;
  /** How live peers are reached. */
  readonly peer?: PeerOptions;
  /** Modules may have changed since they were last imported. */
  readonly isFresh?: boolean;
}

export const SOURCE_FORMS =
  "a URL of a peer, a Rust crate or workspace, a .rs file, a .ts or .js module, or a schema as .json";

export const MODULE_EXTENSIONS: readonly string[] = [".ts", ".mts", ".js", ".mjs"];

type Kind = "peer" | "json" | "rust" | "module";

/**
 * The services of a source: a live peer's, a schema file's, of Rust or of TypeScript sources.
 *
 * @throws UsageFailure for what is none of these
 */
export function documentFrom(source: string, options: SourceOptions, io: Io): Promise<Described> {
  return documentsFrom([source], options, io);
}

/** Several sources as one document; Rust ones are read together, for they may use one another. */
export async function documentsFrom(
  sources: readonly string[],
  options: SourceOptions,
  io: Io,
): Promise<Described> {
  const kinds = sources.map((source) => [kindOf(source), source] as const);
  const rust = kinds.filter(([kind]) => kind === "rust").map(([, source]) => source);
  const parts: Described[] = rust.length === 0 ? [] : [await rustDocument(rust, options)];
  for (const [kind, source] of kinds) {
    if (kind === "json") parts.push(jsonDocument(source));
    else if (kind === "peer") parts.push(await peerDocument(source, options, io));
    else if (kind === "module") parts.push(await moduleDocument(source, options, io));
  }
  return {
    document: mergeDocuments(parts.map(({ document }) => document)),
    findings: parts.flatMap(({ findings }) => findings),
    files: parts.flatMap(({ files }) => files),
  };
}

function kindOf(source: string): Kind {
  if (schemeOf(source) !== undefined) return "peer";
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new UsageFailure(`${source}: there is no such file or directory`, `a source is ${SOURCE_FORMS}`);
  if (stat.isDirectory()) {
    if (hasRust(source)) return "rust";
    throw new UsageFailure(
      `${source}: there is no Cargo.toml and no .rs file in it`,
      "a directory is a Rust crate or workspace; of TypeScript, name the module that exports the services",
    );
  }
  const extension = extname(source);
  if (extension === ".json") return "json";
  if (extension === ".rs" || source.endsWith("Cargo.toml")) return "rust";
  if (MODULE_EXTENSIONS.includes(extension)) return "module";
  throw new UsageFailure(`${source}: what is this?`, `a source is ${SOURCE_FORMS}`);
}

function hasRust(directory: string): boolean {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).some(
    (name) => name.endsWith(".rs") || name.endsWith("Cargo.toml"),
  );
}

async function rustDocument(paths: readonly string[], { types }: SourceOptions): Promise<Described> {
  const { describeRust } = await rustReader();
  const foreignTypes = types === undefined ? undefined : readJson(types);
  return describeRust(
    paths.map((path) => (path.endsWith("Cargo.toml") ? join(path, "..") : path)),
    foreignTypes === undefined ? {} : { foreignTypes },
  );
}

async function moduleDocument(file: string, { isFresh }: SourceOptions, io: Io): Promise<Described> {
  const document = isFresh
    ? await freshDocument(file, io.signal)
    : await (await typescriptReader()).describeTypescript(file);
  return { document, findings: [], files: [file] };
}

function jsonDocument(file: string): Described {
  const document = readJson(file);
  try {
    checkDocument(document);
  } catch (cause) {
    throw new UsageFailure(`${file}: ${(cause as Error).message}`, "roam ls SOURCE --json writes a schema");
  }
  return { document, findings: [], files: [file] };
}

/** @throws UsageFailure with the file's name */
export function readJson(file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageFailure(`${file}: ${(cause as Error).message}`);
  }
}

async function peerDocument(url: string, { peer: options }: SourceOptions, io: Io): Promise<Described> {
  if (options === undefined) throw new UsageFailure(`${url}: a file is expected here`);
  const peer = await openPeer(url, options, io);
  try {
    const told = await introspected(peer, io);
    if (told !== undefined) return { document: told.document, findings: [], files: [] };
  } finally {
    await peer.close();
  }
  throw new Failure(`${url} does not tell what it serves`, { exit: EXIT.peer, hint: NO_INTROSPECTION });
}

export const NO_INTROSPECTION =
  "state it with --schema SOURCE (the Rust trait's source, a module or a .json schema), or have the server started with { introspection: true }";

/** Asks a peer what it serves; undefined if it does not tell. */
export async function introspected({ session }: Peer, io: Io): Promise<Introspected | undefined> {
  // Not before somebody is asked: most commands never do.
  const { introspect } = await import("roam/introspection");
  return introspect(session, { signal: io.signal });
}
