import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Method, method, service, t } from "roam";
import { documentOf } from "roam/schema";
import { diffDocuments } from "../../src/diff/diff-documents.ts";
import { Files, roam } from "./roam-command.ts";

const Invoice = { id: t.u64, lines: t.list(t.string) };
const Failed = { NotFound: t.unit, Denied: t.unit };
const invoice = (fields: Parameters<typeof t.struct>[1] = Invoice) => t.struct("Invoice", fields);
const failed = (variants: Parameters<typeof t.enum>[1] = Failed) => t.enum("Failed", variants);
type Node = { readonly next: Node | null };

// Name, before, after; then: does the id change, does it break, the edits as `place: what`.
type Case = readonly [
  string,
  before: Method,
  after: Method,
  newId: boolean,
  breaks: boolean,
  edits: readonly string[],
];
const any = (one: unknown) => one as Method;
const CASES: readonly Case[] = [
  ["nothing", any(method({ a: t.u8 }, t.u8)), any(method({ a: t.u8 }, t.u8)), false, false, []],
  [
    "an argument's type",
    any(method({ a: t.u8 })),
    any(method({ a: t.u16 })),
    true,
    true,
    ["args.a: type changed: u8 to u16"],
  ],
  [
    "an argument's name, which nobody sends",
    any(method({ a: t.u8 })),
    any(method({ b: t.u8 })),
    false,
    false,
    ["args.b: argument renamed: a to b"],
  ],
  [
    "one argument more",
    any(method({ a: t.u8 })),
    any(method({ a: t.u8, b: t.u8 })),
    true,
    true,
    ["args.b: argument added: b"],
  ],
  [
    "arguments in another order, of one type",
    any(method({ a: t.u8, b: t.u16 })),
    any(method({ b: t.u16, a: t.u8 })),
    true,
    true,
    ["args.*: arguments reordered: a, b to b, a"],
  ],
  [
    "a field added",
    any(method({}, invoice())),
    any(method({}, invoice({ ...Invoice, paid: t.bool }))),
    true,
    true,
    ["Invoice.paid: field added: paid (bool)"],
  ],
  [
    "a field removed",
    any(method({}, invoice())),
    any(method({}, invoice({ id: t.u64 }))),
    true,
    true,
    ["Invoice.lines: field removed: lines (Vec<String>)"],
  ],
  [
    "a field renamed",
    any(method({}, invoice())),
    any(method({}, invoice({ id: t.u64, rows: t.list(t.string) }))),
    true,
    true,
    ["Invoice.lines: field renamed: lines to rows"],
  ],
  [
    "fields reordered",
    any(method({}, invoice())),
    any(method({}, invoice({ lines: t.list(t.string), id: t.u64 }))),
    true,
    true,
    ["Invoice: fields reordered: id, lines to lines, id"],
  ],
  [
    "a type's own name, which is not hashed",
    any(method({}, t.struct("A", Invoice))),
    any(method({}, t.struct("B", Invoice))),
    false,
    false,
    [],
  ],
  [
    "a transparent wrapper",
    any(method({ a: t.u64 })),
    any(method({ a: t.transparent("Id", t.u64) })),
    false,
    false,
    [],
  ],
  [
    "a plain newtype: other id, same bytes",
    any(method({ a: t.u64 })),
    any(method({ a: t.newtype("Id", t.u64) })),
    true,
    true,
    ["args.a: type changed: u64 to Id"],
  ],
  ["usize for u64", any(method({ a: t.u64 })), any(method({ a: t.usize })), false, false, []],
  [
    "a slice for a list",
    any(method({ a: t.list(t.u16) })),
    any(method({ a: t.slice(t.u16) })),
    false,
    false,
    [],
  ],
  [
    "a slice of u8 for bytes: other id, same bytes",
    any(method({ a: t.bytes })),
    any(method({ a: t.byteSlice })),
    true,
    true,
    ["args.a: type changed: Vec<u8> to [u8]"],
  ],
  [
    "an array's length",
    any(method({ a: t.array(t.u8, 2) })),
    any(method({ a: t.array(t.u8, 3) })),
    true,
    true,
    ["args.a: length changed: 2 to 3"],
  ],
  [
    "inside containers",
    any(method({ a: t.option(t.map(t.string, t.list(t.u16))) })),
    any(method({ a: t.option(t.map(t.string, t.list(t.u32))) })),
    true,
    true,
    ["args.a.1: type changed: u16 to u32"],
  ],
  [
    "the error type of a result: the id stays",
    any(method({}, t.u8, failed())),
    any(method({}, t.u8, failed({ ...Failed, Late: t.unit }))),
    false,
    true,
    ["Failed.Late: variant added: Late"],
  ],
  [
    "the value type of a result: the id stays",
    any(method({}, t.u8, failed())),
    any(method({}, t.u16, failed())),
    false,
    true,
    ["returns.Ok: type changed: u8 to u16"],
  ],
  [
    "a name inside a result, which is on no wire",
    any(method({}, invoice(), failed())),
    any(method({}, invoice({ id: t.u64, rows: t.list(t.string) }), failed())),
    false,
    false,
    ["Invoice.lines: field renamed: lines to rows"],
  ],
  [
    "unit becomes fallible: the id stays, the bytes do not",
    any(method({}, t.unit)),
    any(method({}, t.unit, failed())),
    false,
    true,
    ["returns: type changed: () to Result<(), Failed>"],
  ],
  [
    "credit: the id stays",
    any(method({ out: t.tx(t.u8, 16) })),
    any(method({ out: t.tx(t.u8, 64) })),
    false,
    true,
    ["args.out: credit changed: 16 to 64"],
  ],
  [
    "a stream's direction",
    any(method({ out: t.tx(t.u8) })),
    any(method({ out: t.rx(t.u8) })),
    true,
    true,
    ["args.out: type changed: Tx<u8> to Rx<u8>"],
  ],
  [
    "what an opaque type is sent as",
    any(method({ a: t.opaque("D", t.string) })),
    any(method({ a: t.opaque("D", t.u64) })),
    false,
    true,
    ["args.a: type changed: String to u64"],
  ],
  [
    "variants reordered",
    any(method({ a: failed() })),
    any(method({ a: failed({ Denied: t.unit, NotFound: t.unit }) })),
    true,
    true,
    ["Failed: variants reordered: NotFound, Denied to Denied, NotFound"],
  ],
  [
    "a variant renamed",
    any(method({ a: failed() })),
    any(method({ a: failed({ NotFound: t.unit, Forbidden: t.unit }) })),
    true,
    true,
    ["Failed.Denied: variant renamed: Denied to Forbidden"],
  ],
  [
    "what a variant carries",
    any(method({ a: failed({ NotFound: t.unit, Denied: t.string }) })),
    any(method({ a: failed({ NotFound: t.unit, Denied: { why: t.string } }) })),
    true,
    true,
    ["Failed.Denied: the variant carries something else"],
  ],
  [
    "a type that contains itself",
    any(method({ a: recursive(t.u8) })),
    any(method({ a: recursive(t.u16) })),
    true,
    true,
    ["Node.v: type changed: u8 to u16"],
  ],
];

function recursive(v: typeof t.u8 | typeof t.u16) {
  const node: unknown = t.struct("Node", { next: t.option(t.lazy(() => node as typeof t.u8)), v });
  return node as typeof t.u8 & Node;
}

suite("one edit", () => {
  for (const [name, before, after, newId, breaks, edits] of CASES) {
    test(name, () => {
      const [found] = diffDocuments(
        documentOf([service("S", { m: before })]),
        documentOf([service("S", { m: after })]),
      ).methods;
      assert.deepEqual(
        found?.edits.map(({ place, what }) => `${place}: ${what}`),
        edits,
      );
      assert.equal(found?.idBefore !== found?.idAfter, newId, "a new id");
      assert.equal(found?.breaks, breaks, "breaks");
      // What is said of each edit is true of the whole.
      assert.equal(
        found?.edits.some((edit) => edit.changesId),
        newId,
        "an edit that changes the id",
      );
    });
  }
});

const A = service("Billing", {
  lookup: method({ id: t.u64 }, t.u8),
  sum: method({}, t.u8),
  old: method({}, t.i8),
});

test("methods that came, went or were renamed", () => {
  const b = service("Billing", {
    find: method({ id: t.u64 }, t.u8),
    sum: method({}, t.u8),
    fresh: method({}, t.f32),
  });
  const { breaks, methods } = diffDocuments(documentOf([A]), documentOf([b]));
  assert.equal(breaks, true);
  assert.deepEqual(
    methods.map((one) => [one.method, one.change, one.breaks]),
    [
      ["find", "renamed", true],
      ["sum", "same", false],
      ["old", "removed", true],
      ["fresh", "added", false],
    ],
  );
});

test("a renamed service changes every id", () => {
  const b = service("Invoicing", A.methods);
  const { methods } = diffDocuments(documentOf([A]), documentOf([b]));
  assert.deepEqual(
    methods.map((one) => [one.service, one.change, one.edits[0]?.what]),
    Array.from({ length: 3 }, () => ["Invoicing", "renamed", "service renamed: Billing to Invoicing"]),
  );
});

test("names in another case are the same names", () => {
  const b = service("billing", { Lookup: A.methods.lookup, sum: A.methods.sum, old: A.methods.old });
  assert.deepEqual(
    diffDocuments(documentOf([A]), documentOf([b])).methods.map(({ change }) => change),
    ["same", "same", "same"],
  );
});

test("the command says what follows, and exits with 1 on a break only", async () => {
  using files = new Files();
  const before = files.schema("before.json", A);
  const after = files.schema(
    "after.json",
    service("Billing", { ...A.methods, lookup: method({ id: t.u32 }, t.u8), fresh: method({}) }),
  );
  const grown = files.schema("grown.json", service("Billing", { ...A.methods, fresh: method({}) }));
  const broken = await roam(["diff", before, after]);
  assert.equal(broken.exit, 1);
  assert.match(broken.out, /^~ Billing\.lookup {2}0x[\da-f]{16} -> 0x[\da-f]{16} {2}breaks$/m);
  assert.match(broken.out, /args\.id: type changed: u64 to u32 {2}\(changes the id\)/);
  assert.match(broken.out, /old callers get unknown-method/);
  assert.match(broken.out, /^4 methods: 1 break, 1 changed safely, 2 same$/m);
  const safe = await roam(["diff", before, grown, "--json"]);
  assert.equal(safe.exit, 0);
  assert.deepEqual(JSON.parse(safe.out).breaks, false);
});

test("a schema edited by hand is judged by its signatures, not by the ids it states", async () => {
  using files = new Files();
  const document = documentOf([A]);
  const before = files.write("before.json", JSON.stringify(document));
  const after = files.write("after.json", JSON.stringify(document).replaceAll('"u64"', '"u32"'));
  const { exit, out, err } = await roam(["diff", before, after]);
  assert.equal(exit, 1);
  assert.match(out, /Billing\.lookup {2}0x[\da-f]{16} -> /);
  assert.match(err, /states 0x[\da-f]{16} for Billing\.lookup, which its signature does not have/);
  const ids = await roam(["ids", after]);
  assert.equal(ids.exit, 1);
  assert.match(ids.err, /Billing\.lookup states 0x/);
});
