import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { RoamError } from "roam";
import {
  decodeMessage,
  encodeMessage,
  Metadata,
  MetadataEntry,
  type MetadataInit,
  NO_PROPAGATE,
  SENSITIVE,
} from "roam/wire";
import { Reader, Writer } from "roam-postcard";
import { checkMetadata } from "../../src/wire/metadata.ts";

const SECRET = "hunter2";

function throughTheWire(metadata: Metadata): Metadata {
  const writer = new Writer();
  encodeMessage(writer, { tag: "ConnectionClose", connectionId: 1, metadata });
  const message = decodeMessage(new Reader(writer.finish()));
  assert(message.tag === "ConnectionClose");
  return message.metadata;
}

suite("metadata on the wire", () => {
  // r[verify rpc.metadata.duplicates]
  // r[verify rpc.metadata.keys]
  test("keeps the order, repeated keys, and the case of keys", () => {
    const metadata = throughTheWire(
      new Metadata([
        new MetadataEntry("b", "1"),
        new MetadataEntry("a", "2"),
        new MetadataEntry("b", 3n),
        new MetadataEntry("B", "4"),
      ]),
    );
    assert.deepEqual(
      [...metadata].map(({ key }) => key),
      ["b", "a", "b", "B"],
    );
    assert.deepEqual(metadata.getAll("b"), ["1", 3n]);
    assert.equal(metadata.get("b"), "1");
    assert.equal(metadata.get("c"), undefined);
  });

  // r[verify rpc.metadata.flags]
  test("carries flags that nobody knows, also when forwarded", () => {
    const flags = (1n << 63n) | (1n << 17n) | SENSITIVE;
    const metadata = throughTheWire(new Metadata([new MetadataEntry("k", "v", flags)]));
    assert.deepEqual(
      [...throughTheWire(metadata.forwarded())].map((entry) => entry.flags),
      [flags],
    );
  });

  // r[verify rpc.metadata.flags.no-propagate]
  test("leaves NO_PROPAGATE entries behind when forwarded, and them alone", () => {
    const metadata = new Metadata([
      new MetadataEntry("a", "kept"),
      new MetadataEntry("a", "stripped", NO_PROPAGATE),
      new MetadataEntry("b", "stripped", NO_PROPAGATE | SENSITIVE),
      new MetadataEntry("c", "kept", SENSITIVE),
    ]);
    assert.deepEqual(
      [...metadata.forwarded()].map(({ key, value, flags }) => [key, value, flags]),
      [
        ["a", "kept", 0n],
        ["c", "kept", SENSITIVE],
      ],
    );
  });
});

suite("a SENSITIVE value", () => {
  const bytes = new TextEncoder().encode(SECRET);
  for (const { kind, value, secret } of [
    { kind: "string", value: SECRET, secret: /hunter2/ },
    { kind: "bytes", value: bytes, secret: /hunter2|104,\s*117|68\s*75\s*6e/i },
    { kind: "number", value: 987654321n, secret: /987654321/ },
  ]) {
    const entry = new MetadataEntry("password", value, SENSITIVE);
    const metadata = new Metadata([entry]);
    // r[verify rpc.metadata.flags.sensitive]
    for (const { name, shown } of [
      { name: "util.inspect of the entry", shown: () => inspect(entry) },
      { name: "util.inspect of the list", shown: () => inspect({ deep: { metadata } }, { depth: 9 }) },
      {
        name: "util.inspect with hidden properties",
        shown: () => inspect(metadata, { showHidden: true, depth: 9 }),
      },
      { name: "JSON of the entry", shown: () => JSON.stringify(entry) },
      { name: "JSON of the list", shown: () => JSON.stringify({ metadata }) },
      { name: "String of the entry", shown: () => String(entry) },
      { name: "String of the list", shown: () => `${metadata}` },
    ]) {
      test(`${kind}: is not in ${name}`, () => {
        assert.doesNotMatch(shown(), secret);
      });
    }
  }

  test("is still there for who asks for it", () => {
    const metadata = Metadata.from({ password: { value: SECRET, sensitive: true } });
    assert.equal(metadata.get("password"), SECRET);
    assert.match(inspect(Metadata.from({ user: "ann" })), /ann/);
  });
});

suite("metadata made here", () => {
  test("takes bare values and values with flags", () => {
    const metadata = Metadata.from({
      a: "text",
      b: Uint8Array.of(1),
      c: 5n,
      d: { value: "both", sensitive: true, noPropagate: true },
    });
    assert.deepEqual(
      [...metadata].map(({ key, value, flags }) => [key, value, flags]),
      [
        ["a", "text", 0n],
        ["b", Uint8Array.of(1), 0n],
        ["c", 5n, 0n],
        ["d", "both", 3n],
      ],
    );
  });

  // r[verify rpc.metadata.flags]
  for (const { name, init, type } of [
    { name: "a number", init: { k: 5 }, type: TypeError },
    { name: "null", init: { k: null }, type: TypeError },
    { name: "a boolean", init: { k: true }, type: TypeError },
    { name: "an object without a value", init: { k: {} }, type: TypeError },
    { name: "a list", init: { k: [1, 2] }, type: TypeError },
    { name: "a negative bigint", init: { k: -1n }, type: RangeError },
    { name: "a bigint above u64", init: { k: 2n ** 64n }, type: RangeError },
    { name: "an unknown flag", init: [new MetadataEntry("k", "v", 4n)], type: RangeError },
    { name: "flags above 64 bits", init: [new MetadataEntry("k", "v", 2n ** 64n)], type: RangeError },
    { name: "negative flags", init: [new MetadataEntry("k", "v", -1n)], type: RangeError },
  ]) {
    test(`${name} is a ${type.name} that names the key`, () => {
      assert.throws(
        () => Metadata.from(init as unknown as MetadataInit),
        (error) => error instanceof type && /metadata k/.test(error.message),
      );
    });
  }

  // r[verify rpc.metadata.flags.sensitive]
  test("an error does not show the value of a sensitive entry", () => {
    const init = { password: { value: 2n ** 64n + 987654321n, sensitive: true } };
    assert.throws(
      () => Metadata.from(init),
      (error) => error instanceof RangeError && !inspect(error).includes((2n ** 64n + 987654321n).toString()),
    );
  });
});

// r[verify session.x.limits]
suite("checkMetadata", () => {
  const limits = { maxMetadataBytes: 100, maxMetadataEntries: 3 };
  for (const { name, init, isTaken } of [
    { name: "as many entries as allowed", init: { a: "", b: "", c: "" }, isTaken: true },
    { name: "one entry more", init: { a: "", b: "", c: "", d: "" }, isTaken: false },
    { name: "as many bytes as allowed", init: { ab: "x".repeat(98) }, isTaken: true },
    { name: "one byte more", init: { ab: "x".repeat(99) }, isTaken: false },
    { name: "bytes count like text", init: { ab: new Uint8Array(99) }, isTaken: false },
    { name: "keys count", init: { ["k".repeat(101)]: "" }, isTaken: false },
  ] as { name: string; init: MetadataInit; isTaken: boolean }[]) {
    test(`${name}: ${isTaken ? "taken" : "refused"}`, () => {
      const check = () => checkMetadata(Metadata.from(init), limits);
      if (isTaken) check();
      else assert.throws(check, (error) => error instanceof RoamError && error.code === "too-large");
    });
  }
});
