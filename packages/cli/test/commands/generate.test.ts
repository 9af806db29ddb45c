import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { method, service, t } from "roam";
import { documentOf } from "roam/schema";
import { mergeDocuments } from "../../src/merge-documents.ts";
import { Billing } from "./call-example.ts";
import { Files, roam, start } from "./roam-command.ts";

const Other = service("Other", { ping: method({ invoice: t.struct("Invoice", { no: t.u8 }) }) });

suite("generate", () => {
  test("writes what changed, and nothing else", async () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const out = join(files.directory, "out");
    const first = await roam(["generate", schema, "--out", out]);
    assert.deepEqual([first.exit, /^wrote .*billing\.ts$/m.test(first.out)], [0, true]);
    const file = join(out, "billing.ts");
    const { mtimeMs } = statSync(file);
    const second = await roam(["generate", schema, "--out", out, "--json"]);
    assert.equal(statSync(file).mtimeMs, mtimeMs);
    const { files: written, methods } = JSON.parse(second.out);
    assert.deepEqual(written, [{ path: file, status: "unchanged" }]);
    assert.equal(methods, 9);
  });

  test("--check writes nothing, and is exit 1 when a file is out of date or missing", async () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const out = join(files.directory, "out");
    const missing = await roam(["generate", schema, "--out", out, "--check"]);
    assert.deepEqual([missing.exit, existsSync(out)], [1, false]);
    await roam(["generate", schema, "--out", out]);
    assert.equal((await roam(["generate", schema, "--out", out, "--check"])).exit, 0);
    const file = join(out, "billing.ts");
    writeFileSync(file, `${readFileSync(file, "utf8")}// edited\n`);
    const stale = await roam(["generate", schema, "--out", out, "--check"]);
    assert.equal(stale.exit, 1);
    assert.match(stale.out, /^stale .*billing\.ts$/m);
    assert.match(stale.err, /try: the same command without --check writes them/);
  });

  test("--watch writes again when a source changes, tells what is wrong meanwhile, and ends by Ctrl-C", async () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const out = join(files.directory, "out");
    const run = start(["generate", schema, "--out", out, "--watch"], { stdin: null });
    await run.seen("watching 1 file");
    const before = readFileSync(join(out, "billing.ts"), "utf8");
    writeFileSync(schema, "{");
    await run.seen("error:");
    const changed = service("Billing", { ...Billing.methods, fresh: method({}, t.u8) });
    writeFileSync(schema, JSON.stringify(documentOf([changed])));
    await run.seen("1 service, 10 methods");
    assert.notEqual(readFileSync(join(out, "billing.ts"), "utf8"), before);
    run.interrupt();
    assert.equal((await run.done).exit, 130);
  });

  test("no services is a failure that says what one is", async () => {
    using files = new Files();
    const empty = files.write("empty.json", '{"roamSchema":1,"services":[],"types":{}}');
    const { exit, err } = await roam(["generate", empty, "--out", files.directory]);
    assert.equal(exit, 1);
    assert.match(err, /no services in .*\ntry: a Rust service is a trait/);
  });
});

suite("several sources as one", () => {
  test("types that differ under one name both stay", () => {
    const { services, types } = mergeDocuments([documentOf([Billing]), documentOf([Other])]);
    assert.deepEqual(
      services.map(({ name }) => name),
      ["Billing", "Other"],
    );
    assert.deepEqual(services[1]?.methods[0]?.args[0]?.type, { ref: "Invoice2" });
    assert.equal(types.Invoice?.kind === "struct" && types.Invoice.fields.length, 3);
    assert.equal(types.Invoice2?.kind === "struct" && types.Invoice2.fields.length, 1);
  });

  test("the same types and services are there once", () => {
    const one = documentOf([Billing]);
    assert.deepEqual(mergeDocuments([one, documentOf([Billing])]), one);
  });

  test("a type is another one if what it refers to is", () => {
    const wrap = (inner: typeof t.u8 | typeof t.u16, name: string) =>
      documentOf([
        service(name, { m: method({ a: t.struct("Outer", { inner: t.struct("Inner", { v: inner }) }) }) }),
      ]);
    const { services, types } = mergeDocuments([wrap(t.u8, "A"), wrap(t.u16 as never, "B")]);
    assert.deepEqual(services[1]?.methods[0]?.args[0]?.type, { ref: "Outer2" });
    assert.deepEqual(types.Outer2, {
      name: "Outer",
      kind: "struct",
      fields: [{ name: "inner", type: { ref: "Inner2" } }],
    });
  });

  test("one service in two versions is refused", () => {
    const newer = service("Billing", { lookup: method({ id: t.u32 }) });
    assert.throws(
      () => mergeDocuments([documentOf([Billing]), documentOf([newer])]),
      /two sources have a service Billing/,
    );
  });
});
