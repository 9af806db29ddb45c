import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DecodeError, decode, encode, type Schema, t } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

suite("sets and maps", () => {
  // r[verify codec.x.sequence]
  for (const { name, schema, text, value } of [
    { name: "a set in any order", schema: t.set(t.u8), text: "03 05 01 03", value: new Set([5, 1, 3]) },
    { name: "a member twice", schema: t.set(t.u8), text: "03 05 01 05", value: new Set([5, 1]) },
    { name: "a bigint member twice", schema: t.set(t.u64), text: "02 05 05", value: new Set([5n]) },
    {
      name: "a compound member twice",
      schema: t.set(t.tuple([t.u8, t.string])),
      text: "02 01 01 61 01 01 61",
      value: new Set([[1, "a"]]),
    },
    {
      name: "a key twice, the last wins",
      schema: t.map(t.string, t.u8),
      text: "02 01 61 01 01 61 02",
      value: new Map([["a", 2]]),
    },
    {
      name: "a bytes key twice",
      schema: t.map(t.bytes, t.u8),
      text: "02 01 61 01 01 61 02",
      value: new Map([[bytes("61"), 2]]),
    },
    {
      name: "a key twice in two forms",
      schema: t.map(t.tuple([t.u16]), t.u8),
      text: "02 80 00 01 00 02",
      value: new Map([[[0], 2]]),
    },
    {
      name: "a set as key, in two orders",
      schema: t.map(t.set(t.u8), t.u8),
      text: "02 02 01 02 07 02 02 01 08",
      value: new Map([[new Set([1, 2]), 8]]),
    },
    {
      name: "keys that only look alike",
      schema: t.set(t.tuple([t.string, t.string])),
      text: "02 01 61 02 2C 62 02 61 2C 01 62",
      value: new Set([
        ["a", ",b"],
        ["a,", "b"],
      ]),
    },
    {
      name: "option keys",
      schema: t.map(t.option(t.u8), t.u8),
      text: "03 00 01 01 00 02 00 03",
      value: new Map([
        [null, 3],
        [0, 2],
      ]),
    },
    {
      name: "an enum member twice",
      schema: t.set(t.enum("E", { A: t.u8, B: t.unit })),
      text: "03 00 05 01 00 05",
      value: new Set([{ tag: "A", value: 5 }, { tag: "B" }]),
    },
    { name: "units are one member", schema: t.set(t.unit), text: "03", value: new Set([undefined]) },
  ] as readonly { name: string; schema: Schema; text: string; value: unknown }[]) {
    test(name, () => assert.deepEqual(decode(schema, bytes(text), { isStrict: true }), value));
  }

  test("are written in iteration order", () => {
    assert.equal(hex(encode(t.set(t.u8), new Set([3, 1, 2]))), "03 03 01 02");
    assert.equal(
      hex(
        encode(
          t.map(t.u8, t.bool),
          new Map([
            [3, true],
            [1, false],
          ]),
        ),
      ),
      "02 03 01 01 00",
    );
  });
});

suite("what is not the schema's value", () => {
  // r[verify codec.x.array]
  for (const { name, schema, value } of [
    { name: "an array too short", schema: t.array(t.u8, 3), value: [1, 2] },
    { name: "an array too long", schema: t.array(t.u8, 3), value: [1, 2, 3, 4] },
    { name: "a tuple too short", schema: t.tuple([t.u8, t.u8]), value: [1] },
    { name: "a tuple too long", schema: t.tuple([t.u8, t.u8]), value: [1, 2, 3] },
    { name: "an object as a list", schema: t.list(t.u8), value: { length: 0 } },
    { name: "bytes as a list", schema: t.list(t.u8), value: new Uint8Array(1) },
    { name: "a list as bytes", schema: t.bytes, value: [1] },
    { name: "a list as a set", schema: t.set(t.u8), value: [1] },
    { name: "an object as a map", schema: t.map(t.string, t.u8), value: { a: 1 } },
    { name: "a list with a hole", schema: t.list(t.u8), value: new Array(1) },
    { name: "a missing field", schema: t.struct("S", { x: t.u8 }), value: {} },
    { name: "null as a struct", schema: t.struct("S", {}), value: null },
    { name: "undefined as an option", schema: t.option(t.u8), value: undefined },
    { name: "a bare value as a nested option", schema: t.option(t.option(t.u8)), value: 7 },
    { name: "null as a list", schema: t.list(t.u8), value: null },
    { name: "a value as unit", schema: t.unit, value: 0 },
    { name: "neither ok nor err", schema: t.result(t.u8, t.u8), value: { value: 1 } },
    { name: "null as a result", schema: t.result(t.u8, t.u8), value: null },
    { name: "no variant of an enum", schema: t.enum("E", { A: t.unit, B: t.u8 }), value: { tag: "C" } },
    { name: "a name where an object is due", schema: t.enum("E", { A: t.unit, B: t.u8 }), value: "A" },
    { name: "no variant of an enum of units", schema: t.enum("E", { A: t.unit }), value: "toString" },
    { name: "an object where a name is due", schema: t.enum("E", { A: t.unit }), value: { tag: "A" } },
  ] as readonly { name: string; schema: Schema; value: unknown }[]) {
    test(`${name}: not encoded`, () => assert.throws(() => encode(schema, value), { name: "EncodeError" }));
  }
});

suite("bad tags", () => {
  const Shape = t.enum("Shape", { A: t.unit, B: t.u8 });
  for (const { name, schema, text } of [
    // r[verify codec.x.bool]
    { name: "a boolean of 2", schema: t.bool, text: "02" },
    { name: "a boolean of 255", schema: t.bool, text: "FF" },
    { name: "a boolean as a varint", schema: t.bool, text: "81 00" },
    // r[verify codec.x.option]
    { name: "an option of 2", schema: t.option(t.u8), text: "02 05" },
    { name: "an option as a varint", schema: t.option(t.u8), text: "81 00 05" },
    // r[verify codec.x.enum]
    { name: "an index past the last variant", schema: Shape, text: "02" },
    { name: "an index past the last unit", schema: t.enum("E", { A: t.unit }), text: "01" },
    { name: "a variant of an enum without any", schema: t.enum("Never", {}), text: "00" },
    // r[verify codec.x.result]
    { name: "a result of 2", schema: t.result(t.u8, t.u8), text: "02 05" },
  ] as readonly { name: string; schema: Schema; text: string }[]) {
    test(`${name}: refused`, () => assert.throws(() => decode(schema, bytes(text)), DecodeError));
  }
});

// r[verify codec.x.option]
suite("options in options", () => {
  const nested = t.option(t.option(t.option(t.u8)));
  for (const { text, value } of [
    { text: "00", value: null },
    { text: "01 00", value: { some: null } },
    { text: "01 01 00", value: { some: { some: null } } },
    { text: "01 01 01 07", value: { some: { some: 7 } } },
  ]) {
    test(`${text} is its own value`, () => {
      assert.deepEqual(decode(nested, bytes(text)), value);
      assert.equal(hex(encode(nested, value as never)), text);
    });
  }
});

// r[verify codec.x.bytes]
suite("bytes", () => {
  test("decode to a view on the payload", () => {
    const payload = bytes("00 02 0A 0B 0C");
    const [, view, rest] = decode(t.tuple([t.u8, t.bytes, t.trailing]), payload);
    assert.equal(view.buffer, payload.buffer);
    payload[2] = 0x7f;
    assert.deepEqual(view, bytes("7F 0B"));
    assert.equal(rest.buffer, payload.buffer);
    assert.deepEqual(rest, bytes("0C"));
  });

  test("may themselves be part of a larger buffer", () => {
    const payload = bytes("FF FF 02 0A 0B FF").subarray(2, 5);
    assert.deepEqual(decode(t.bytes, payload, { isStrict: true }), bytes("0A 0B"));
    assert.deepEqual(decode(t.f32, bytes("FF 00 00 C0 3F").subarray(1)), 1.5);
  });
});

suite("names that JavaScript treats specially", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "tag", "value", "kind"];
  const Odd = t.struct("Odd", Object.fromEntries(names.map((name) => [name, t.u8])));
  const value = Object.fromEntries(names.map((name, index) => [name, index]));

  test("are fields like any other", () => {
    const encoded = encode(Odd, value);
    assert.equal(hex(encoded), "00 01 02 03 04 05 06");
    const decoded = decode(Odd, encoded);
    assert.deepEqual(Object.entries(decoded), Object.entries(value));
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
  });

  test("are no field where the value has none", () => {
    assert.throws(() => encode(t.struct("S", { constructor: t.u8 }), {} as never), { name: "EncodeError" });
  });

  test("are variants and variant fields like any other", () => {
    const shape = t.enum("E", Object.fromEntries(names.map((name) => [name, { ["__proto__"]: t.u8 }])));
    const variant = Object.fromEntries([
      ["tag", "__proto__"],
      ["__proto__", 5],
    ]);
    assert.equal(hex(encode(shape, variant as never)), "00 05");
    assert.deepEqual(Object.entries(decode(shape, bytes("00 05"))), Object.entries(variant));
  });

  test("a tag under another name", () => {
    const Tagged = t.enum("Tagged", { A: { tag: t.u8 }, B: t.unit }, { tag: "kind" });
    assert.deepEqual(decode(Tagged, bytes("00 05")), { kind: "A", tag: 5 });
    assert.equal(hex(encode(Tagged, { kind: "B" })), "01");
  });
});
