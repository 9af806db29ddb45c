import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode, type Schema, t } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

interface Row {
  readonly name: string;
  readonly schema: Schema;
  readonly value: unknown;
  readonly hex: string;
}

function row<T>(name: string, schema: Schema<T>, value: T, text: string): Row {
  return { name, schema, value, hex: text };
}

const Point = t.struct("Point", { x: t.i32, y: t.i32 });
const Shape = t.enum("Shape", {
  Circle: { radius: t.u8 },
  Label: t.string,
  Pair: [t.u8, t.string],
  Empty: t.unit,
  Nothing: [],
  Braces: {},
  Unit: [t.unit],
});
const nothing = t.custom<undefined>({
  name: "handle",
  minBytes: 0,
  encode: () => {},
  decode: () => undefined,
});

// The examples of the contract's table, with more of each kind.
const rows: readonly Row[] = [
  // r[verify codec.x.bool]
  row("bool", t.bool, true, "01"),
  row("bool false", t.bool, false, "00"),
  row("u8 is one raw byte", t.u8, 200, "C8"),
  row("i8 is one raw byte", t.i8, -1, "FF"),
  row("i8 least", t.i8, -128, "80"),
  // r[verify codec.x.varint]
  row("u16 300", t.u16, 300, "AC 02"),
  row("u16 greatest", t.u16, 0xffff, "FF FF 03"),
  row("u32 127", t.u32, 127, "7F"),
  row("u32 128", t.u32, 128, "80 01"),
  row("u32 2^31", t.u32, 0x8000_0000, "80 80 80 80 08"),
  row("u32 greatest", t.u32, 0xffff_ffff, "FF FF FF FF 0F"),
  row("u64 2^53 + 1", t.u64, 2n ** 53n + 1n, "81 80 80 80 80 80 80 10"),
  row("u64 greatest", t.u64, 2n ** 64n - 1n, "FF FF FF FF FF FF FF FF FF 01"),
  row("u128 2^64", t.u128, 2n ** 64n, "80 80 80 80 80 80 80 80 80 02"),
  row("u128 greatest", t.u128, 2n ** 128n - 1n, `${"FF ".repeat(18)}03`),
  // r[verify codec.x.zigzag]
  row("i16 -300", t.i16, -300, "D7 04"),
  row("i16 least", t.i16, -0x8000, "FF FF 03"),
  row("i32 -1", t.i32, -1, "01"),
  row("i32 greatest", t.i32, 0x7fff_ffff, "FE FF FF FF 0F"),
  row("i32 least", t.i32, -0x8000_0000, "FF FF FF FF 0F"),
  row("i64 -1", t.i64, -1n, "01"),
  row("i64 least", t.i64, -(2n ** 63n), "FF FF FF FF FF FF FF FF FF 01"),
  row("i128 -1", t.i128, -1n, "01"),
  row("i128 least", t.i128, -(2n ** 127n), `${"FF ".repeat(18)}03`),
  // r[verify codec.x.usize]
  row("usize is u64", t.usize, 2n ** 64n - 1n, "FF FF FF FF FF FF FF FF FF 01"),
  row("isize is i64", t.isize, -(2n ** 63n), "FF FF FF FF FF FF FF FF FF 01"),
  row("u64 as a number", t.u64.asNumber, Number.MAX_SAFE_INTEGER, "FF FF FF FF FF FF FF 0F"),
  row("i64 as a number", t.i64.asNumber, -300, "D7 04"),
  row("f32", t.f32, 1.5, "00 00 C0 3F"),
  row("f64", t.f64, -2.25, "00 00 00 00 00 00 02 C0"),
  // r[verify codec.x.char]
  row("char", t.char, "é", "02 C3 A9"),
  row("char beyond 16 bits", t.char, "🦀", "04 F0 9F A6 80"),
  row("char NUL", t.char, "\0", "01 00"),
  // r[verify codec.x.string]
  row("string", t.string, "héllo", "06 68 C3 A9 6C 6C 6F"),
  row("empty string", t.string, "", "00"),
  row("a byte-order mark is text", t.string, "\ufeffa", "04 EF BB BF 61"),
  row("bytes", t.bytes, bytes("01 02 FF"), "03 01 02 FF"),
  row("byte slice", t.byteSlice, bytes("01 02 FF"), "03 01 02 FF"),
  row("trailing bytes have no length", t.trailing, bytes("01 02 FF"), "01 02 FF"),
  // r[verify codec.x.sequence]
  row("list", t.list(t.u16), [300, 1], "02 AC 02 01"),
  row("list of u8 is bytes", t.list(t.u8), [1, 2, 255], "03 01 02 FF"),
  row("slice", t.slice(t.u16), [300, 1], "02 AC 02 01"),
  row("set in its order", t.set(t.u8), new Set([9, 1]), "02 09 01"),
  row("map", t.map(t.string, t.u8), new Map(Object.entries({ a: 1, b: 2 })), "02 01 61 01 01 62 02"),
  // r[verify codec.x.array]
  row("array", t.array(t.u16, 2), [300, 1], "AC 02 01"),
  row("array of u8", t.array(t.u8, 3), [1, 2, 3], "01 02 03"),
  // r[verify codec.x.option]
  row("none", t.option(t.u8), null, "00"),
  row("some", t.option(t.u8), 7, "01 07"),
  row("some of some", t.option(t.option(t.u8)), { some: 7 }, "01 01 07"),
  row("some of none", t.option(t.option(t.u8)), { some: null }, "01 00"),
  row("some of unit", t.option(t.unit), undefined, "01"),
  row(
    "some of a none in wrappers",
    t.option(t.newtype("N", t.transparent("M", t.option(t.u8)))),
    { some: null },
    "01 00",
  ),
  row("unit", t.unit, undefined, ""),
  row("unit struct", t.unitStruct("U"), undefined, ""),
  row("empty struct", t.struct("E", {}), {}, ""),
  row("list of units", t.list(t.unit), [undefined, undefined], "02"),
  row("struct", Point, { x: -1, y: 300 }, "01 D8 04"),
  row("tuple", t.tuple([t.u8, t.u16]), [7, 300], "07 AC 02"),
  row("tuple struct", t.tupleStruct("T", [t.u8, t.u16]), [7, 300], "07 AC 02"),
  row("newtype", t.newtype("N", t.u16), 300, "AC 02"),
  row("transparent wrapper", t.transparent("W", t.u16), 300, "AC 02"),
  row("handle without bytes", t.tuple([t.u32, nothing, t.string]), [1, undefined, "x"], "01 01 78"),
  // r[verify codec.x.enum]
  row("struct variant", Shape, { tag: "Circle", radius: 5 }, "00 05"),
  row("newtype variant", Shape, { tag: "Label", value: "x" }, "01 01 78"),
  row("tuple variant", Shape, { tag: "Pair", value: [7, "x"] }, "02 07 01 78"),
  row("unit variant", Shape, { tag: "Empty" }, "03"),
  row("V()", Shape, { tag: "Nothing", value: [] }, "04"),
  row("V{}", Shape, { tag: "Braces" }, "05"),
  row("V(())", Shape, { tag: "Unit", value: undefined }, "06"),
  row("enum of units", t.enum("Color", { Red: t.unit, Green: t.unit }), "Green", "01"),
  // r[verify codec.x.result]
  row("ok", t.result(t.u32, t.string), { ok: 5 }, "00 05"),
  row("err", t.result(t.u32, t.string), { err: "x" }, "01 01 78"),
];

suite("bytes of the contract", () => {
  for (const { name, schema, value, hex: text } of rows) {
    test(name, () => {
      assert.equal(hex(encode(schema, value)), text);
      assert.deepEqual(decode(schema, bytes(text), { isStrict: true }), value);
    });
  }
});

suite("variant indexes of more than a byte", () => {
  const names = Array.from({ length: 300 }, (_, index) => `V${index}`);
  const Wide = t.enum("Wide", Object.fromEntries(names.map((name) => [name, t.unit])));
  test("are varints", () => {
    assert.equal(hex(encode(Wide, "V299")), "AB 02");
    assert.equal(decode(Wide, bytes("AB 02")), "V299");
  });
});

suite("a Call message", () => {
  const Metadata = t.list(t.tuple([t.string, t.string, t.u64]));
  const Call = t.struct("Call", {
    method_id: t.u64,
    channels: t.list(t.u64),
    metadata: Metadata,
    args: t.trailing,
  });
  const Message = t.tuple([t.u64, t.u8, t.u64, t.u8, Call]);
  const text = "00 07 01 00 B4 F5 8F B8 87 DE F0 BC 97 01 00 00 03 05";

  // r[verify codec.x.trailing]
  test("keeps its arguments as the bytes up to the end", () => {
    const args = encode(t.tuple([t.u32, t.u32]), [3, 5]);
    const value = [0n, 7, 1n, 0, { method_id: 0x9779_c2f0_7703_fab4n, channels: [], metadata: [], args }];
    assert.equal(hex(encode(Message, value as never)), text);
    const decoded = decode(Message, bytes(text), { isStrict: true });
    assert.deepEqual(decoded, value);
    assert.deepEqual(decode(t.tuple([t.u32, t.u32]), decoded[4].args), [3, 5]);
  });
});
