import type { DescribedService, SchemaDocument } from "roam/schema";
import { command } from "../command.ts";
import { type Described, documentFrom, SOURCE_FORMS } from "../document-from.ts";
import { EXIT } from "../exit-codes.ts";
import { UsageFailure } from "../failure.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { nearest } from "../nearest.ts";
import { openPeer, PEER_OPTIONS, type PeerOptions } from "../peer.ts";
import { printable } from "../printable.ts";
import { methodText, namedTypeText, typesOf } from "../signature-text.ts";
import { schemeOf } from "../url.ts";

interface LsOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  readonly long: boolean;
}

export const ls = command<LsOptions>({
  name: "ls",
  summary: "list the services, methods and types of a peer, or of sources",
  about:
    "Lists what a peer serves, as it tells itself, or what a schema or sources say. With --json it writes the schema, which every command takes in the peer's place.",
  args: [
    { form: "<source>", about: SOURCE_FORMS, complete: "url" },
    { form: "[service]", about: "only this service", complete: "nothing" },
  ],
  options: [
    { flags: "-l, --long", about: "ids and types, too", default: false },
    {
      flags: "--schema <source>",
      about: "for a peer that does not tell: what it should serve; the peer only has to be there",
      complete: "files",
    },
    { flags: "--types <file>", about: "types of foreign crates, for Rust sources", complete: "files" },
    ...PEER_OPTIONS,
  ],
  examples: [
    { command: "roam ls tcp://127.0.0.1:4400", about: "what is served there" },
    {
      command: "roam ls ../billing Billing --long",
      about: "one service of a Rust crate, with ids and types",
    },
    {
      command: "roam ls tcp://127.0.0.1:4400 --json > schema.json",
      about: "keep it, for --schema and roam diff",
    },
  ],
  async run({ args: [source = "", service], options }, io) {
    const { document, findings } = await described(source, options, io);
    const shown = service === undefined ? document : only(document, service);
    if (io.isJson) await io.line(JSON.stringify(shown, undefined, 2));
    else for (const one of shown.services) await print(one, document, options.long, io);
    if (!io.isJson && shown.services.length === 0) io.note("no services");
    return tellFindings(findings, io) === 0 ? EXIT.ok : EXIT.failed;
  },
});

async function described(source: string, options: LsOptions, io: Io): Promise<Described> {
  const { schema } = options;
  if (schema === undefined) return documentFrom(source, { ...options, peer: options }, io);
  if (schemeOf(source) === undefined)
    throw new UsageFailure("--schema is for peers", "list the schema itself");
  const peer = await openPeer(source, options, io);
  await peer.close();
  return documentFrom(schema, options, io);
}

function only(document: SchemaDocument, name: string): SchemaDocument {
  const service = document.services.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (service !== undefined) {
    const keys = typesOf(service, document);
    const types = Object.fromEntries(Object.entries(document.types).filter(([key]) => keys.includes(key)));
    return { ...document, services: [service], types };
  }
  const names = document.services.map((one) => one.name);
  const close = nearest(name, names);
  throw new UsageFailure(
    `there is no service ${name}`,
    `there are ${(close.length > 0 ? close : names).join(", ")}`,
  );
}

async function print(
  service: DescribedService,
  document: SchemaDocument,
  isLong: boolean,
  io: Io,
): Promise<void> {
  const { paint } = io;
  const doc = (text: string | undefined, indent: string) =>
    text === undefined
      ? ""
      : comment(text, isLong)
          .map((line) => `${indent}${paint.dim(`// ${line}`)}\n`)
          .join("");
  let text = `${doc(service.doc, "")}${paint.bold(service.name)}\n`;
  for (const method of service.methods) {
    text += doc(method.doc, "  ");
    text += `  ${methodText(method, paint)}${isLong ? `  ${paint.yellow(`0x${method.id}`)}` : ""}\n`;
  }
  if (isLong) {
    for (const key of typesOf(service, document)) {
      const type = document.types[key];
      if (type !== undefined) text += `${doc(type.doc, "  ")}  ${namedTypeText(key, type)}\n`;
    }
  }
  await io.write(text);
}

/** A comment's lines for a terminal; its first only, unless all was asked for. */
function comment(doc: string, isLong: boolean): string[] {
  const lines = doc
    .trim()
    .split("\n")
    .map((line) => printable(line.trim()));
  return isLong ? lines : lines.slice(0, 1);
}
