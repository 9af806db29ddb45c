import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DecodeError, decode, encode, Reader, type Schema, t, Writer } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

// r[verify codec.x.leniency]
suite("varints that no encoder would write", () => {
  for (const { name, schema, text, value } of [
    { name: "u16 zero in two bytes", schema: t.u16, text: "80 00", value: 0 },
    { name: "u16 in its longest form", schema: t.u16, text: "81 80 00", value: 1 },
    { name: "u32 in its longest form", schema: t.u32, text: "81 80 80 80 00", value: 1 },
    { name: "i32 in its longest form", schema: t.i32, text: "81 80 80 80 00", value: -1 },
    { name: "u64 in its longest form", schema: t.u64, text: "81 80 80 80 80 80 80 80 80 00", value: 1n },
    { name: "u128 in its longest form", schema: t.u128, text: `81 ${"80 ".repeat(17)}00`, value: 1n },
    { name: "a length in ten bytes", schema: t.string, text: "81 80 80 80 80 80 80 80 80 00 61", value: "a" },
    { name: "a count in two bytes", schema: t.list(t.u8), text: "81 00 07", value: [7] },
    {
      name: "a variant index in ten bytes",
      schema: t.enum("E", { A: t.unit, B: t.unit }),
      text: "81 80 80 80 80 80 80 80 80 00",
      value: "B",
    },
    {
      name: "a result's index in seven bytes",
      schema: t.result(t.u8, t.u8),
      text: "80 80 80 80 80 80 00 07",
      value: { ok: 7 },
    },
  ] as readonly { name: string; schema: Schema; text: string; value: unknown }[]) {
    test(`${name}: accepted`, () => {
      assert.deepEqual(decode(schema, bytes(text), { isStrict: true }), value);
    });
  }

  for (const { name, schema, text } of [
    { name: "u16 70000", schema: t.u16, text: "F0 A2 04" },
    { name: "u16 65536", schema: t.u16, text: "80 80 04" },
    { name: "u16 in four bytes", schema: t.u16, text: "80 80 80 00" },
    { name: "i16 of 17 bits", schema: t.i16, text: "80 80 04" },
    { name: "u32 2^32", schema: t.u32, text: "80 80 80 80 10" },
    { name: "u32 in six bytes", schema: t.u32, text: "80 80 80 80 80 00" },
    { name: "i32 of 33 bits", schema: t.i32, text: "80 80 80 80 10" },
    { name: "u64 2^64", schema: t.u64, text: "80 80 80 80 80 80 80 80 80 02" },
    { name: "i64 of 65 bits", schema: t.i64, text: "80 80 80 80 80 80 80 80 80 02" },
    { name: "u64 in eleven bytes", schema: t.u64, text: "80 80 80 80 80 80 80 80 80 80 00" },
    { name: "usize 2^64", schema: t.usize, text: "80 80 80 80 80 80 80 80 80 02" },
    { name: "u128 2^128", schema: t.u128, text: `${"80 ".repeat(18)}04` },
    { name: "u128 in twenty bytes", schema: t.u128, text: `${"80 ".repeat(19)}00` },
    { name: "a length of 2^64", schema: t.bytes, text: "80 80 80 80 80 80 80 80 80 02" },
    {
      name: "a variant index of 2^64",
      schema: t.enum("E", { A: t.unit }),
      text: "80 80 80 80 80 80 80 80 80 02",
    },
  ] as readonly { name: string; schema: Schema; text: string }[]) {
    test(`${name}: refused`, () => {
      assert.throws(() => decode(schema, bytes(text)), DecodeError);
    });
  }

  test("bytes after the value: ignored, refused in strict mode", () => {
    assert.equal(decode(t.u8, bytes("01 02")), 1);
    assert.throws(() => decode(t.u8, bytes("01 02"), { isStrict: true }), {
      name: "DecodeError",
      message: "1 bytes left over at byte 1",
    });
  });
});

// r[verify codec.x.numbers]
suite("numbers out of range", () => {
  for (const { name, schema, values } of [
    {
      name: "u8",
      schema: t.u8,
      values: [-1, 256, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n, null, undefined],
    },
    { name: "u16", schema: t.u16, values: [-1, 65536, 0.1, 1n] },
    { name: "u32", schema: t.u32, values: [-1, 2 ** 32, 0.5, 1n] },
    { name: "i8", schema: t.i8, values: [-129, 128, 0.5] },
    { name: "i16", schema: t.i16, values: [-32769, 32768] },
    { name: "i32", schema: t.i32, values: [-(2 ** 31) - 1, 2 ** 31, Number.NEGATIVE_INFINITY] },
    { name: "u64", schema: t.u64, values: [-1n, 2n ** 64n, 1, "1"] },
    { name: "usize", schema: t.usize, values: [-1n, 2n ** 64n, 1] },
    { name: "i64", schema: t.i64, values: [-(2n ** 63n) - 1n, 2n ** 63n, 1] },
    { name: "isize", schema: t.isize, values: [-(2n ** 63n) - 1n, 2n ** 63n, 1] },
    { name: "u128", schema: t.u128, values: [-1n, 2n ** 128n, 1] },
    { name: "i128", schema: t.i128, values: [-(2n ** 127n) - 1n, 2n ** 127n, 1] },
    { name: "u64 as a number", schema: t.u64.asNumber, values: [-1, 2 ** 53, 0.5, 1n, Number.NaN] },
    { name: "i64 as a number", schema: t.i64.asNumber, values: [-(2 ** 53), 2 ** 53, 0.5, 1n] },
    { name: "f64", schema: t.f64, values: ["1", 1n, null, undefined] },
    { name: "bool", schema: t.bool, values: [0, 1, "true", undefined] },
  ] as readonly { name: string; schema: Schema; values: readonly unknown[] }[]) {
    test(`${name} is not encoded`, () => {
      for (const value of values)
        assert.throws(() => encode(schema, value), { name: "EncodeError" }, String(value));
    });
  }

  for (const { name, schema, wide } of [
    { name: "u64", schema: t.u64.asNumber, wide: encode(t.u64, 2n ** 53n) },
    { name: "i64", schema: t.i64.asNumber, wide: encode(t.i64, 2n ** 53n) },
    { name: "negative i64", schema: t.i64.asNumber, wide: encode(t.i64, -(2n ** 53n)) },
  ]) {
    test(`${name} beyond 2^53 - 1 is not rounded to a number`, () => {
      assert.throws(() => decode(schema, wide), DecodeError);
    });
  }

  for (const value of [
    0n,
    127n,
    128n,
    2n ** 49n - 1n,
    2n ** 49n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 64n - 1n,
  ]) {
    test(`an id of ${value} is exact: a number up to 2^53 - 1, a bigint above`, () => {
      const reader = new Reader(encode(t.u64, value));
      const id = reader.id();
      assert.equal(id, value < 2n ** 53n ? Number(value) : value);
      assert.equal(reader.remaining, 0);
      const writer = new Writer();
      writer.id(id);
      assert.equal(hex(writer.finish()), hex(encode(t.u64, value)));
    });
  }
});

suite("a u64 in halves", () => {
  for (const value of [
    0n,
    1n,
    127n,
    2n ** 28n - 1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 35n,
    2n ** 63n,
    2n ** 64n - 1n,
  ]) {
    test(`${value} is the same varint`, () => {
      const lo = Number(value & 0xffff_ffffn);
      const hi = Number(value >> 32n);
      const writer = new Writer();
      writer.varintHalves(lo, hi);
      const written = writer.finish();
      assert.equal(hex(written), hex(encode(t.u64, value)));
      const reader = new Reader(written);
      assert.deepEqual([reader.u64Low(), reader.u64High()], [lo, hi]);
    });
  }

  for (const { name, text } of [
    { name: "2^64", text: "80 80 80 80 80 80 80 80 80 02" },
    { name: "eleven bytes", text: "80 80 80 80 80 80 80 80 80 80 00" },
    { name: "half a number", text: "80 80" },
    { name: "nothing", text: "" },
  ]) {
    test(`${name}: refused`, () => {
      assert.throws(() => new Reader(bytes(text)).u64Low(), DecodeError);
    });
  }
});
