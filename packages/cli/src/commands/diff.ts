import type { SchemaDocument } from "roam/schema";
import { command } from "../command.ts";
import { type DocumentDiff, diffDocuments, type MethodDiff } from "../diff/diff-documents.ts";
import { documentFrom, SOURCE_FORMS } from "../document-from.ts";
import { EXIT } from "../exit-codes.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { identitiesOf, withComputedIds } from "../method-identity.ts";
import { PEER_OPTIONS, type PeerOptions } from "../peer.ts";

interface DiffOptions extends PeerOptions {
  readonly types?: string;
  readonly all: boolean;
}

export const diff = command<DiffOptions>({
  name: "diff",
  summary: "say which edit changes which method's id, and what that breaks",
  about:
    "Compares two versions of services, method by method: which edit changed which id, and which edits leave the id but change the bytes (error and value types of results, opaque types, credit), so that calls go through and are misread. Exits with 1 if callers or servers of the old version cannot work with the new one.",
  args: [
    { form: "<before>", about: SOURCE_FORMS },
    { form: "<after>", about: "the same" },
  ],
  options: [
    { flags: "--all", about: "methods that stayed the same, too", default: false },
    { flags: "--types <file>", about: "types of foreign crates, for Rust sources", complete: "files" },
    ...PEER_OPTIONS,
  ],
  examples: [
    {
      command: "roam diff schema.json ../billing",
      about: "did the crate move away from the schema that clients have?",
    },
    {
      command: "roam diff tcp://old:4400 tcp://new:4400",
      about: "may clients of the one be sent to the other?",
    },
    { command: "roam diff main.json src/billing.ts --json", about: "for CI" },
  ],
  async run({ args: [before = "", after = ""], options }, io) {
    const sources = { ...options, peer: options };
    const a = await documentFrom(before, sources, io);
    const b = await documentFrom(after, sources, io);
    const found = diffDocuments(computed(a.document, before, io), computed(b.document, after, io));
    const findings = [...a.findings, ...b.findings];
    const errors = tellFindings(findings, io);
    if (io.isJson) await io.line(JSON.stringify({ ...found, findings }, undefined, 2));
    else await print(found, options.all, io);
    return found.breaks || errors > 0 ? EXIT.failed : EXIT.ok;
  },
});

/** Ids as the signatures give them: a schema may have been edited by hand. */
function computed(document: SchemaDocument, source: string, io: Io): SchemaDocument {
  const stale = identitiesOf(document).filter((one) => one.id !== one.computed);
  for (const { name, id } of io.isJson ? [] : stale) {
    io.note(
      `${io.notePaint.yellow("warning:")} ${source} states ${id} for ${name}, which its signature does not have`,
    );
  }
  return withComputedIds(document);
}

const MARKS = { same: "=", changed: "~", renamed: "~", added: "+", removed: "-" } as const;

async function print({ methods }: DocumentDiff, isAll: boolean, io: Io): Promise<void> {
  const { paint } = io;
  for (const one of methods) {
    if (one.change === "same" && !isAll) continue;
    const verdict = one.breaks ? paint.red("breaks") : paint.green(one.change === "same" ? "same" : "safe");
    await io.line(
      `${MARKS[one.change]} ${paint.bold(`${one.service}.${one.method}`)}  ${idsText(one)}  ${verdict}`,
    );
    for (const { place, what, changesId, changesBytes } of one.edits) {
      const effect = changesId
        ? "changes the id"
        : changesBytes
          ? "changes the bytes, not the id"
          : "nothing on the wire";
      await io.line(`    ${place}: ${what}  ${paint.dim(`(${effect})`)}`);
    }
    for (const text of one.consequences) await io.line(`    ${paint.yellow(text)}`);
  }
  const count = (test: (one: MethodDiff) => boolean) => methods.filter(test).length;
  const breaks = count((one) => one.breaks);
  await io.line(
    `${methods.length} methods: ${breaks} break, ${count((one) => !one.breaks && one.change !== "same")} changed safely, ${count((one) => one.change === "same")} same`,
  );
}

function idsText({ idBefore, idAfter }: MethodDiff): string {
  if (idBefore === idAfter) return `0x${idBefore} unchanged`;
  return [idBefore, idAfter].map((id) => (id === undefined ? "none" : `0x${id}`)).join(" -> ");
}
