import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decode, encode, t } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

// r[verify codec.x.float]
suite("floats are copied bit for bit", () => {
  for (const { name, schema, text, value } of [
    { name: "f32 negative zero", schema: t.f32, text: "00 00 00 80", value: -0 },
    { name: "f32 infinity", schema: t.f32, text: "00 00 80 7F", value: Number.POSITIVE_INFINITY },
    { name: "f32 smallest", schema: t.f32, text: "01 00 00 00", value: 2 ** -149 },
    { name: "f32 NaN", schema: t.f32, text: "00 00 C0 7F", value: Number.NaN },
    { name: "f32 NaN with a payload", schema: t.f32, text: "45 23 C1 FF", value: Number.NaN },
    { name: "f32 signalling NaN", schema: t.f32, text: "01 00 80 7F", value: Number.NaN },
    { name: "f64 negative zero", schema: t.f64, text: "00 00 00 00 00 00 00 80", value: -0 },
    { name: "f64 smallest", schema: t.f64, text: "01 00 00 00 00 00 00 00", value: Number.MIN_VALUE },
    { name: "f64 NaN", schema: t.f64, text: "00 00 00 00 00 00 F8 7F", value: Number.NaN },
    { name: "f64 NaN with a payload", schema: t.f64, text: "EF BE 00 00 00 00 F8 FF", value: Number.NaN },
  ]) {
    test(name, () => {
      const decoded = decode(schema, bytes(text), { isStrict: true });
      assert.ok(Object.is(decoded, value), `got ${decoded}`);
      assert.equal(hex(encode(schema, decoded)), text);
    });
  }

  test("a NaN that f32 has no room for stays a NaN", () => {
    const narrow = decode(t.f64, bytes("01 00 00 00 00 00 F0 7F"));
    assert.ok(Number.isNaN(decode(t.f32, encode(t.f32, narrow))));
  });

  test("an offset that is no multiple of the size does not matter", () => {
    const pair = t.tuple([t.u8, t.f64]);
    assert.deepEqual(decode(pair, encode(pair, [1, 0.1])), [1, 0.1]);
  });
});
