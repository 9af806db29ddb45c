import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compile, encode, t, Writer } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

suite("Writer", () => {
  test("grows as needed, from nothing", () => {
    const writer = new Writer({ initialBytes: 0 });
    for (let index = 0; index < 1000; index++) writer.u8(index & 0xff);
    writer.varint(300);
    writer.f64(1.5);
    writer.raw(new Uint8Array(5000));
    assert.equal(writer.length, 1000 + 2 + 8 + 5000);
    const whole = writer.finish();
    assert.equal(hex(whole.subarray(998, 1010)), "E6 E7 AC 02 00 00 00 00 00 00 F8 3F");
  });

  test("gives each piece away and goes on", () => {
    const writer = new Writer({ initialBytes: 16 });
    writer.raw(bytes("01 02 03"));
    const first = writer.finish();
    writer.raw(bytes("04 05"));
    const second = writer.finish();
    writer.f32(1.5);
    assert.equal(hex(first), "01 02 03");
    assert.equal(hex(second), "04 05");
    assert.equal(hex(writer.finish()), "00 00 C0 3F");
    assert.equal(hex(writer.finish()), "");
  });

  test("goes back to a mark, gathered bytes included", () => {
    const writer = new Writer({ gatherFrom: 4 });
    writer.u8(1);
    const mark = writer.mark();
    writer.raw(bytes("02 03 04 05 06"));
    writer.u8(7);
    assert.equal(writer.length, 7);
    writer.rollback(mark);
    assert.equal(writer.length, 1);
    writer.u8(8);
    assert.equal(hex(writer.finish()), "01 08");
  });

  test("gathers large byte arrays in their place, uncopied", () => {
    const writer = new Writer({ gatherFrom: 4 });
    const large = bytes("0A 0B 0C 0D");
    compile(t.tuple([t.u8, t.bytes, t.bytes, t.u8])).encode(writer, [1, large, bytes("02"), 3]);
    const pieces = writer.take();
    assert.equal(pieces[1], large);
    assert.deepEqual(pieces.map(hex), ["01 04", "0A 0B 0C 0D", "01 02 03"]);
  });

  test("writes a length prefix afterwards", () => {
    const writer = new Writer();
    const at = writer.offset;
    writer.raw(new Uint8Array(4));
    writer.string("abc");
    writer.patchU32(at, writer.length - 4);
    assert.equal(hex(writer.finish()), "04 00 00 00 03 61 62 63");
  });

  test("goes on after an encode that failed, once rolled back", () => {
    const { encode: encodeLists } = compile(Lists);
    const writer = new Writer();
    const mark = writer.mark();
    assert.throws(() => encodeLists(writer, [[[1 as never]]]), { name: "EncodeError" });
    writer.rollback(mark);
    encodeLists(writer, [[]]);
    assert.equal(hex(writer.finish()), "01 00");
  });

  test("every varint takes its shortest form", () => {
    for (const [value, size] of [
      [0, 1],
      [127, 1],
      [128, 2],
      [16383, 2],
      [16384, 3],
      [2 ** 21, 4],
      [2 ** 28, 5],
      [2 ** 31, 5],
      [2 ** 35, 6],
      [2 ** 53 - 1, 8],
    ] as const) {
      const writer = new Writer({ initialBytes: 0 });
      writer.varint(value);
      assert.equal(writer.length, size, `${value}`);
      assert.equal(hex(writer.finish()), hex(encode(t.u64, BigInt(value))));
    }
  });
});

type Lists = Lists[];
const Lists: import("roam-postcard").Schema<Lists> = t.list(t.lazy(() => Lists));
