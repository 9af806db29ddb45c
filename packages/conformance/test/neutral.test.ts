import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeValue, encodeValue } from "../src/coded.ts";
import { fromHex, toHex } from "../src/hex.ts";
import { neutral } from "../src/neutral.ts";
import { isClosed, type Json, type NeutralType } from "../src/neutral-type.ts";
import { sameValue } from "../src/same-value.ts";

const u8: NeutralType = { kind: "u8" };
const unit: NeutralType = { kind: "unit" };
const unitVariant = { kind: "unit-variant" } as const;
const option = (item: NeutralType): NeutralType => ({ kind: "option", item });
const tuple = (...items: readonly NeutralType[]): NeutralType => ({ kind: "tuple", items });
const ref = (name: string): NeutralType => ({ kind: "ref", name });

const everyVariant: NeutralType = {
  kind: "enum",
  name: "E",
  variants: [
    { name: "A", payload: unitVariant },
    { name: "B", payload: { kind: "newtype-variant", item: unit } },
    { name: "C", payload: { kind: "tuple-variant", items: [] } },
    { name: "D", payload: { kind: "tuple-variant", items: [u8] } },
    { name: "F", payload: { kind: "tuple-variant", items: [u8, option(unit)] } },
    { name: "G", payload: { kind: "struct-variant", fields: [] } },
    {
      name: "H",
      payload: {
        kind: "struct-variant",
        fields: [
          ["tag", u8],
          ["tag_", u8],
          ["value", u8],
          ["__proto__", u8],
        ],
      },
    },
    { name: "I", payload: { kind: "newtype-variant", item: tuple(u8, u8) } },
  ],
};
const variant = (index: number, value: Json): Json => ({
  variant: "ABCDFGHI"[index] as string,
  index,
  value,
});

const chain: NeutralType = { kind: "struct", name: "Chain", fields: [["next", option(ref("Chain"))]] };
const through = (inner: NeutralType): NeutralType => ({
  kind: "tuple-struct",
  name: "T",
  items: [u8, inner],
});

// The bytes follow from the contract's table of encodings.
suite("neutral types", () => {
  for (const { name, type, json, hex } of [
    { name: "u64", type: { kind: "u64" }, json: "18446744073709551615", hex: "ffffffffffffffffff01" },
    { name: "isize", type: { kind: "isize" }, json: "-1", hex: "01" },
    {
      name: "i128",
      type: { kind: "i128" },
      json: "-170141183460469231731687303715884105728",
      hex: `${"ff".repeat(18)}03`,
    },
    { name: "f32", type: { kind: "f32" }, json: { value: "1.5", bits: "3fc00000" }, hex: "0000c03f" },
    {
      name: "signalling f32",
      type: { kind: "f32" },
      json: { value: "NaN", bits: "ff800001" },
      hex: "010080ff",
    },
    {
      name: "f64 -0",
      type: { kind: "f64" },
      json: { value: "0", bits: "8000000000000000" },
      hex: "0000000000000080",
    },
    { name: "char", type: { kind: "char" }, json: "é", hex: "02c3a9" },
    { name: "bytes", type: { kind: "bytes" }, json: "0aff", hex: "020aff" },
    { name: "slice of u8", type: { kind: "slice", item: u8 }, json: "0aff", hex: "020aff" },
    { name: "slice of bool", type: { kind: "slice", item: { kind: "bool" } }, json: [true], hex: "0101" },
    { name: "array of u8", type: { kind: "array", len: 2, item: u8 }, json: [1, 2], hex: "0102" },
    {
      name: "trailing payload",
      type: tuple(u8, { kind: "trailing-payload" }),
      json: [1, "0203"],
      hex: "010203",
    },
    { name: "list of units", type: { kind: "list", item: unit }, json: [null, null], hex: "02" },
    { name: "none of none", type: option(option(unit)), json: { none: null }, hex: "00" },
    { name: "some of none", type: option(option(unit)), json: { some: { none: null } }, hex: "0100" },
    { name: "some of some", type: option(option(unit)), json: { some: { some: null } }, hex: "0101" },
    {
      name: "option behind wrappers",
      type: option({
        kind: "transparent",
        name: "W",
        inner: { kind: "tuple-struct", name: "N", items: [option(u8)] },
      }),
      json: { some: [{ none: null }] },
      hex: "0100",
    },
    {
      name: "map with tuple keys",
      type: { kind: "map", key: tuple(u8, { kind: "string" }), value: option(u8) },
      json: [
        [[1, "a"], { none: null }],
        [[1, "b"], { some: 2 }],
      ],
      hex: "02010161000101620102",
    },
    {
      name: "set of byte strings",
      type: { kind: "set", item: { kind: "bytes" } },
      json: ["0a", ""],
      hex: "02010a00",
    },
    { name: "unit struct", type: { kind: "unit-struct", name: "U" }, json: null, hex: "" },
    { name: "empty struct", type: { kind: "struct", name: "S", fields: [] }, json: {}, hex: "" },
    { name: "tuple struct of none", type: { kind: "tuple-struct", name: "T", items: [] }, json: [], hex: "" },
    {
      name: "newtypes in newtypes",
      type: { kind: "tuple-struct", name: "A", items: [{ kind: "tuple-struct", name: "B", items: [u8] }] },
      json: [[7]],
      hex: "07",
    },
    {
      name: "result",
      type: { kind: "result", ok: unit, err: { kind: "string" } },
      json: { err: "x" },
      hex: "010178",
    },
    { name: "ok of unit", type: { kind: "result", ok: unit, err: unit }, json: { ok: null }, hex: "00" },
    {
      name: "channels",
      type: tuple(option({ kind: "tx", item: u8, credit: 4 }), { kind: "rx", item: u8, credit: 4 }),
      json: [{ some: null }, null],
      hex: "01",
    },
    {
      name: "enum of units",
      type: {
        kind: "enum",
        name: "C",
        variants: [
          { name: "X", payload: unitVariant },
          { name: "Y", payload: unitVariant },
        ],
      },
      json: { variant: "Y", index: 1, value: null },
      hex: "01",
    },
    { name: "unit variant", type: everyVariant, json: variant(0, null), hex: "00" },
    { name: "variant of unit", type: everyVariant, json: variant(1, null), hex: "01" },
    { name: "variant of no fields", type: everyVariant, json: variant(2, []), hex: "02" },
    { name: "tuple variant of one", type: everyVariant, json: variant(3, [7]), hex: "0307" },
    { name: "tuple variant", type: everyVariant, json: variant(4, [7, { some: null }]), hex: "040701" },
    { name: "struct variant of no fields", type: everyVariant, json: variant(5, {}), hex: "05" },
    {
      name: "struct variant whose fields are called as we call the tag",
      type: everyVariant,
      json: variant(6, JSON.parse('{"tag":1,"tag_":2,"value":3,"__proto__":4}')),
      hex: "0601020304",
    },
    { name: "variant of a tuple", type: everyVariant, json: variant(7, [1, 2]), hex: "070102" },
    {
      name: "recursion through an option",
      type: chain,
      json: { next: { some: { next: { none: null } } } },
      hex: "0100",
    },
    {
      name: "recursion through a list",
      type: through({ kind: "list", item: ref("T") }),
      json: [1, [[2, []]]],
      hex: "01010200",
    },
    {
      name: "recursion through a map",
      type: through({ kind: "map", key: u8, value: ref("T") }),
      json: [1, [[5, [2, []]]]],
      hex: "0101050200",
    },
    {
      name: "recursion through a result",
      type: through({ kind: "result", ok: ref("T"), err: unit }),
      json: [1, { ok: [2, { err: null }] }],
      hex: "01000201",
    },
    {
      name: "recursion through a tuple",
      type: through(option(tuple(unit, ref("T")))),
      json: [1, { some: [null, [2, { none: null }]] }],
      hex: "01010200",
    },
    {
      name: "recursion of a transparent type",
      type: { kind: "transparent", name: "W", inner: { kind: "list", item: ref("W") } },
      json: [[], [[]]],
      hex: "02000100",
    },
    {
      name: "recursion of options",
      type: { kind: "transparent", name: "O", inner: option(ref("O")) },
      json: { some: { some: { none: null } } },
      hex: "010100",
    },
    {
      name: "a name that hides an outer one",
      type: {
        kind: "struct",
        name: "S",
        fields: [["a", { kind: "struct", name: "S", fields: [["b", option(ref("S"))]] }]],
      },
      json: { a: { b: { some: { b: { none: null } } } } },
      hex: "0100",
    },
  ] as readonly { name: string; type: NeutralType; json: Json; hex: string }[]) {
    test(name, () => {
      const { schema, toValue, toJson } = neutral(type);
      const value = toValue(json);
      assert.equal(toHex(encodeValue(schema, value)), hex);
      const decoded = decodeValue(schema, fromHex(hex), { isStrict: true });
      assert.ok(sameValue(decoded, value));
      assert.deepEqual(withoutText(toJson(decoded)), withoutText(json));
    });
  }

  for (const { name, type, json } of [
    { name: "a missing field", type: chain, json: {} },
    { name: "a field too many", type: chain, json: { next: { none: null }, more: 1 } },
    {
      name: "an index of another variant",
      type: everyVariant,
      json: { variant: "A", index: 1, value: null },
    },
    { name: "an item too few", type: tuple(u8, u8), json: [1] },
    { name: "an integer as a wide one", type: { kind: "u64" }, json: 1 },
    { name: "odd hex", type: { kind: "bytes" }, json: "0" },
    {
      name: "bits of the wrong width",
      type: { kind: "f32" },
      json: { value: "0", bits: "0000000000000000" },
    },
    { name: "null as an option", type: option(u8), json: null },
  ] as readonly { name: string; type: NeutralType; json: Json }[]) {
    test(`${name} is no value`, () => assert.throws(() => neutral(type).toValue(json), TypeError));
  }

  test("an unknown kind or name is no type", () => {
    assert.throws(() => neutral({ kind: "u256" } as never), /unknown kind/);
    assert.throws(() => neutral(option(ref("Nowhere"))), /no type Nowhere/);
  });

  test("a reference to a variant's name is open", () => {
    assert.ok(isClosed(chain));
    assert.ok(!isClosed(option(ref("Chain"))));
    const named = {
      kind: "enum",
      name: "E",
      variants: [{ name: "F", payload: { kind: "newtype-variant", item: ref("F") } }],
    };
    assert.ok(!isClosed(named as NeutralType));
  });

  test("types of one text are one schema, within one method", () => {
    const known = new Map();
    assert.equal(neutral(chain, known).schema, neutral({ ...chain }, known).schema);
    assert.notEqual(neutral(chain).schema, neutral(chain).schema);
  });
});

/** Without the text of floats, whose bits decide. */
function withoutText(json: Json): Json {
  return JSON.parse(
    JSON.stringify(json, (_name, part) => (typeof part?.bits === "string" ? part.bits : part)),
  );
}

suite("sameValue", () => {
  const nan = (bits: string) => neutral({ kind: "f64" }).toValue({ value: "NaN", bits });
  for (const { name, a, b, isSame } of [
    { name: "a NaN and itself", a: nan("7ff8000000000001"), b: nan("7ff8000000000001"), isSame: true },
    { name: "NaNs of other payloads", a: nan("7ff8000000000001"), b: nan("7ff8000000000002"), isSame: false },
    { name: "0 and -0", a: [0], b: [-0], isSame: false },
    { name: "a number and a bigint", a: 1, b: 1n, isSame: false },
    { name: "sets in any order", a: new Set([[1], [2]]), b: new Set([[2], [1]]), isSame: true },
    { name: "sets of other members", a: new Set([[1], [1]]), b: new Set([[1], [2]]), isSame: false },
    {
      name: "maps in any order",
      a: new Map([
        [1, "a"],
        [2, "b"],
      ]),
      b: new Map([
        [2, "b"],
        [1, "a"],
      ]),
      isSame: true,
    },
    { name: "maps of other values", a: new Map([[1, "a"]]), b: new Map([[1, "b"]]), isSame: false },
    { name: "a set and a map", a: new Set(), b: new Map(), isSame: false },
    { name: "bytes", a: fromHex("01"), b: fromHex("01"), isSame: true },
    { name: "bytes and a list", a: fromHex("01"), b: [1], isSame: false },
    { name: "a missing property", a: { x: undefined }, b: {}, isSame: false },
    { name: "null and an object", a: null, b: {}, isSame: false },
    { name: "a list and an object", a: [], b: {}, isSame: false },
  ] as readonly { name: string; a: unknown; b: unknown; isSame: boolean }[]) {
    test(name, () => {
      assert.equal(sameValue(a, b), isSame);
      assert.equal(sameValue(b, a), isSame);
    });
  }
});
