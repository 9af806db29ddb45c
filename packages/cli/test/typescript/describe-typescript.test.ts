import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { describeTypescript } from "../../src/typescript/describe-typescript.ts";
import { typescriptModules } from "../../src/typescript/typescript-modules.ts";
import { richDocument } from "./documents.ts";
import { Project } from "./project.ts";

const MODULE = `import { method, service as define, t } from "roam";
import { Shared } from "./shared.js";

/** Not this one. */
/**
 * What is owed,
 *   and by whom.
 */
export const Invoice = t.struct("Invoice", {
  /** From 1 on. */
  id: t.u64,
  // no comment for users
  lines: t.list(t.string),
  /** Elsewhere. */
  shared: Shared,
});

/** Why not. */
const Reason = t.enum('Reason', {
  /** Never was. */
  NotFound: t.unit,
  Other: {
    /** In words. */
    text: t.string,
  },
} as const);
/** One. */
const One = t.struct("Twice", { a: t.u8 });
/** Two. */
const Two = t.struct("Twice", { b: t.u8 });
/** A number. */
const Id = t.newtype("Id", t.u64);

/** All about money *\\/. */
export const Billing = define("Billing", {
  /** Finds it. */
  lookup: method({ id: Id }, Invoice, Reason),
  "odd name": method({ one: One, two: Two }),
});
export const other = 1;
`;
const SHARED = `import { t } from "roam";
/** Used by many. */
export const Shared = t.unitStruct("Shared");
`;

suite("a TypeScript module", () => {
  test("is described with the comments of its source, and of what it imports", async () => {
    using project = new Project([
      ["billing.ts", MODULE],
      ["shared.ts", SHARED],
    ]);
    const document = await describeTypescript(join(project.directory, "billing.ts"));
    const [billing] = document.services;
    assert.equal(billing?.doc, "All about money */.");
    assert.deepEqual(
      billing?.methods.map(({ name, doc }) => [name, doc]),
      [
        ["lookup", "Finds it."],
        ["odd name", undefined],
      ],
    );
    const { Invoice, Reason, Twice, Twice2, Id, Shared } = document.types;
    assert.equal(Invoice?.doc, "What is owed,\n  and by whom.");
    assert.equal(Invoice?.kind, "struct");
    assert.deepEqual(
      Invoice.fields.map(({ doc }) => doc),
      ["From 1 on.", undefined, "Elsewhere."],
    );
    assert.equal(Reason?.kind, "enum");
    assert.deepEqual([Reason.doc, Reason.variants[0]?.doc], ["Why not.", "Never was."]);
    assert.equal(Reason.variants[1]?.fields?.[0]?.doc, "In words.");
    assert.deepEqual(
      [Twice?.doc, Twice2?.doc, Id?.doc, Shared?.doc],
      ["One.", "Two.", "A number.", "Used by many."],
    );
  });

  for (const codec of ["runtime", "static"] as const) {
    test(`that was generated is described as its source was (${codec})`, async () => {
      const modules = typescriptModules(richDocument, { codec });
      using project = new Project(modules);
      assert.deepEqual(await describeTypescript(join(project.directory, "rich.ts")), richDocument);
      const undocumented = (modules.get("rich.ts") ?? "").replace(/export const docs.*/s, "");
      using again = new Project([...modules, ["rich.ts", undocumented]]);
      assert.deepEqual(await describeTypescript(join(again.directory, "rich.ts")), richDocument);
    });
  }

  test("without a service, or that cannot be loaded, is refused with its name", async () => {
    using project = new Project([
      ["none.ts", "export const a = 1;"],
      ["broken.ts", "throw new Error('on purpose');"],
    ]);
    await assert.rejects(
      describeTypescript(join(project.directory, "none.ts")),
      /none.ts exports no service/,
    );
    await assert.rejects(describeTypescript(join(project.directory, "broken.ts")), /broken.ts.*on purpose/);
  });
});
