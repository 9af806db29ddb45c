import { join } from "node:path";
import { kebabCase, type SchemaDocument } from "roam/schema";
import { type Described, documentsFrom } from "../document-from.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { Failure, failureOf, UsageFailure } from "../failure.ts";
import { near, tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { rustWriter, typescriptWriter } from "../parts.ts";
import type { PeerOptions } from "../peer.ts";
import { changed } from "./watch-files.ts";
import { type WrittenFile, writeFiles } from "./write-files.ts";

export interface GenerateOptions extends PeerOptions {
  readonly out: string;
  readonly codec: "runtime" | "static";
  readonly imports: ".ts" | ".js";
  readonly types?: string;
  readonly watch: boolean;
  readonly check: boolean;
  readonly rust: boolean;
}

export async function runGenerate(
  sources: readonly string[],
  options: GenerateOptions,
  io: Io,
): Promise<ExitCode> {
  if (options.watch && options.check) throw new UsageFailure("--watch and --check exclude each other");
  if (!options.watch) return (await generate(sources, options, io)).exit;
  let files: readonly string[] = [];
  for (;;) {
    const readMs = Date.now();
    try {
      const round = await generate(sources, options, io);
      // What cannot be read now keeps the files that were watched before.
      if (round.files.length > 0) files = round.files;
    } catch (error) {
      if (files.length === 0 || io.signal.aborted) throw error;
      const { message } = failureOf(error);
      io.note(`${io.notePaint.red("error:")} ${message}`);
    }
    if (files.length === 0)
      throw new UsageFailure("there are no files to watch", "--watch is for sources that are files");
    io.note(io.notePaint.dim(`watching ${counted(files.length, "file")}; Ctrl-C ends`));
    if (!(await changed(files, readMs, io.signal))) return EXIT.interrupted;
  }
}

async function generate(
  sources: readonly string[],
  options: GenerateOptions,
  io: Io,
): Promise<{ exit: ExitCode; files: readonly string[] }> {
  const started = performance.now();
  const described = await documentsFrom(sources, { ...options, peer: options, isFresh: options.watch }, io);
  const { document, findings } = described;
  const errors = tellFindings(findings, io);
  const isEmpty = document.services.every(({ methods }) => methods.length === 0);
  if (isEmpty && errors === 0) {
    throw new Failure(`no services in ${sources.join(", ")}`, {
      hint: "a Rust service is a trait with #[roam::service]; a TypeScript one is exported by the module that is named",
    });
  }
  const texts = isEmpty ? new Map<string, string>() : await textsOf(document, options);
  const written = writeFiles(texts, options.check);
  await tell(written, described, performance.now() - started, io);
  const stale = written.filter(({ status }) => status === "stale").length;
  if (stale > 0 && !io.isJson)
    io.note(`${io.notePaint.cyan("try:")} the same command without --check writes them`);
  return { exit: stale + errors === 0 ? EXIT.ok : EXIT.failed, files: described.files };
}

async function textsOf(
  document: SchemaDocument,
  { out, rust, codec, imports }: GenerateOptions,
): Promise<Map<string, string>> {
  if (rust) {
    const { rustModule } = await rustWriter();
    const file = out.endsWith(".rs") ? out : join(out, `${rustFileName(document)}.rs`);
    return new Map([[file, rustModule(document)]]);
  }
  const { typescriptModules } = await typescriptWriter();
  return new Map(
    [...typescriptModules(document, { codec, imports })].map(([name, text]) => [join(out, name), text]),
  );
}

/** The service's name in snake case, or what all of them are. */
function rustFileName({ services }: SchemaDocument): string {
  const [only, ...more] = services;
  return only === undefined || more.length > 0 ? "services" : kebabCase(only.name).replaceAll("-", "_");
}

async function tell(
  written: readonly WrittenFile[],
  { document, findings }: Described,
  tookMs: number,
  io: Io,
): Promise<void> {
  const methods = document.services.reduce((sum, service) => sum + service.methods.length, 0);
  if (io.isJson) {
    await io.jsonLine({ files: written, services: document.services.length, methods, findings });
    return;
  }
  const { paint } = io;
  for (const { path, status } of written) {
    const mark = { written: paint.green("wrote"), unchanged: paint.dim("same "), stale: paint.red("stale") }[
      status
    ];
    await io.line(`${mark} ${near(path)}`);
  }
  io.note(
    io.notePaint.dim(
      `${counted(document.services.length, "service")}, ${counted(methods, "method")} in ${tookMs.toFixed(0)} ms`,
    ),
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
