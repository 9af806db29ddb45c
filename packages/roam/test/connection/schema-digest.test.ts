import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { blake3 } from "@noble/hashes/blake3.js";
import { method, service, t } from "roam";
import { Metadata, MetadataEntry } from "roam/wire";
import { compareSchemas, describeMismatch, digestEntries } from "../../src/connection/schema-digest.ts";

const E1 = t.enum("E", { A: t.unit });
const E2 = t.enum("E", { A: t.unit, B: t.unit });
const Calc = service("Calc", {
  half: method({ n: t.i64 }, t.i64, E1),
  feed: method({ numbers: t.rx(t.i32) }, t.i64),
  plain: method({ n: t.u8 }, t.u8),
});
const announced = (...services: Parameters<typeof digestEntries>[0]) => new Metadata(digestEntries(services));
const methods = Calc.methods;

suite("what is announced", () => {
  const entries = digestEntries([Calc]);

  test("is one digest and one list of methods for each service, flags 0", () => {
    assert.deepEqual(
      digestEntries([Calc, service("Other", {})]).map(({ key, flags }) => [key, flags]),
      [
        ["service-strict-hash", 0n],
        ["service-strict-methods", 0n],
        ["service-strict-hash", 0n],
        ["service-strict-methods", 0n],
      ],
    );
  });

  test("lists 8 bytes of method id, little-endian, and 8 of the strict hash", () => {
    const list = entries[1]?.value;
    assert(list instanceof Uint8Array);
    const expected = [...Calc.descriptors().values()].flatMap(({ id, strictHash }) => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setBigUint64(0, id, true);
      bytes.set(strictHash?.subarray(0, 8) ?? [], 8);
      return [...bytes];
    });
    assert.deepEqual([...list], expected);
    assert.equal(expected.length, 48);
  });

  test("the digest is BLAKE3 over ids and strict hashes in order of the ids", () => {
    const input = [...Calc.descriptors().values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .flatMap(({ id, strictHash }) => {
        const bytes = new Uint8Array(40);
        new DataView(bytes.buffer).setBigUint64(0, id, true);
        bytes.set(strictHash ?? [], 8);
        return [...bytes];
      });
    assert.deepEqual(entries[0]?.value, blake3(Uint8Array.from(input)));
  });
});

// r[verify signature.x.result-guard]
suite("compareSchemas", () => {
  for (const { name, theirs, called, differing, missing } of [
    { name: "the same", theirs: Calc, called: true },
    { name: "the same in another order", theirs: service("Calc", reversed(methods)), called: true },
    {
      name: "another error type",
      theirs: service("Calc", { ...methods, half: method({ n: t.i64 }, t.i64, E2) }),
      called: true,
      differing: ["Calc.half"],
    },
    {
      name: "another result type",
      theirs: service("Calc", { ...methods, half: method({ n: t.i64 }, t.string, E1) }),
      called: false,
      differing: ["Calc.half"],
    },
    {
      name: "another credit",
      theirs: service("Calc", { ...methods, feed: method({ numbers: t.rx(t.i32, 64) }, t.i64) }),
      called: true,
      differing: ["Calc.feed"],
    },
    {
      name: "two methods changed",
      theirs: service("Calc", {
        ...methods,
        half: method({ n: t.i64 }, t.i64, E2),
        feed: method({ numbers: t.rx(t.i32, 64) }, t.i64),
      }),
      called: true,
      differing: ["Calc.half", "Calc.feed"],
    },
    { name: "more methods there", theirs: service("Calc", { ...methods, more: method({}) }), called: true },
    {
      name: "fewer methods there",
      theirs: service("Calc", { half: methods.half }),
      called: true,
      missing: ["Calc.feed", "Calc.plain"],
    },
    {
      name: "fewer methods, where we only serve",
      theirs: service("Calc", { half: methods.half }),
      called: false,
    },
    {
      name: "other arguments",
      theirs: service("Calc", { ...methods, plain: method({ n: t.u16 }, t.u8) }),
      called: true,
      missing: ["Calc.plain"],
    },
  ]) {
    test(`${name}${called ? "" : " (served)"}: ${differing ?? missing ?? "nothing to say"}`, () => {
      const mismatch = compareSchemas([Calc], called ? [Calc] : [], announced(theirs));
      if (differing === undefined && missing === undefined) return assert.equal(mismatch, undefined);
      assert.deepEqual(mismatch, { differing: differing ?? [], missing: missing ?? [] });
    });
  }

  test("finds the service among several announced", () => {
    const other = service("Other", { x: method({}) });
    assert.equal(compareSchemas([Calc], [Calc], announced(other, Calc)), undefined);
  });

  const differing = service("Calc", { ...methods, half: method({ n: t.i64 }, t.i64, E2) });
  const [digest, list] = digestEntries([differing]);
  assert(digest !== undefined && list?.value instanceof Uint8Array);
  for (const { name, entries, names } of [
    { name: "nothing", entries: [], names: [] },
    { name: "a list without a digest", entries: [list], names: [] },
    { name: "a digest that is text", entries: [new MetadataEntry(digest.key, "text"), list], names: [] },
    {
      name: "a digest without a list",
      entries: [digest],
      names: ["Calc.half", "Calc.feed", "Calc.plain"],
    },
    {
      name: "a list cut inside an entry",
      entries: [digest, new MetadataEntry(list.key, list.value.subarray(0, 47))],
      names: ["Calc.half", "Calc.plain"],
    },
    {
      name: "a list that is text",
      entries: [digest, new MetadataEntry(list.key, "text"), list],
      names: ["Calc.half"],
    },
    {
      name: "a digest of another length",
      entries: [new MetadataEntry(digest.key, Uint8Array.of(1)), list],
      names: ["Calc.half"],
    },
  ]) {
    test(`takes ${name} for what it is`, () => {
      const mismatch = compareSchemas([Calc], [Calc], new Metadata(entries));
      assert.deepEqual(
        [...(mismatch?.differing ?? []), ...(mismatch?.missing ?? [])].sort(),
        [...names].sort(),
      );
    });
  }

  test("says it in words", () => {
    assert.equal(
      describeMismatch({ differing: ["A.b", "A.c"], missing: ["A.d"] }),
      "A.b, A.c: other results, errors or credit there; A.d: not known there",
    );
  });
});

function reversed<M extends object>(record: M): M {
  return Object.fromEntries(Object.entries(record).reverse()) as M;
}
