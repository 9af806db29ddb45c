import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Writer } from "roam-postcard";
import { decodeFrame, MAX_FRAME_HEADER_BYTES, writeFrameHeader } from "../../../src/conduit/stable/frame.ts";

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

// r[verify stable.framing]
// r[verify stable.framing.encoding]
suite("frames", () => {
  for (const { name, header, item, seq, ack } of [
    { name: "the first, without ack", header: "00 00", item: "00 09 01", seq: 0, ack: undefined },
    { name: "seq 300, ack 7", header: "AC 02 01 07", item: "00 0A 00", seq: 300, ack: 7 },
    {
      name: "the last number, ack 0",
      header: "FF FF FF FF 0F 01 00",
      item: "00 09 01",
      seq: 0xffff_ffff,
      ack: 0,
    },
    {
      name: "recorded: seq 16384",
      header: "80 80 01 00",
      item: "000997db8dab86e28c39",
      seq: 16384,
      ack: undefined,
    },
    {
      name: "recorded: ack 2^31",
      header: "8780010180808080 08",
      item: "0009d3a4f9d4fc06",
      seq: 16391,
      ack: 2 ** 31,
    },
    {
      name: "recorded: ack 2^32 - 1",
      header: "88800101ffffffff0f",
      item: "00090f",
      seq: 16392,
      ack: 2 ** 32 - 1,
    },
    { name: "an empty item", header: "05 01 04", item: "", seq: 5, ack: 4 },
  ]) {
    test(name, () => {
      const payload = bytes(header + item);
      assert.deepEqual(decodeFrame(payload), { seq, ack, item: bytes(item) });
      const writer = new Writer();
      writeFrameHeader(writer, seq, ack);
      assert.ok(writer.length <= MAX_FRAME_HEADER_BYTES);
      writer.raw(bytes(item));
      assert.deepEqual(writer.finish(), payload);
    });
  }

  test("the item is a view on the payload", () => {
    const payload = bytes("00 00 00 09 01");
    assert.equal(decodeFrame(payload).item.buffer, payload.buffer);
  });

  for (const { name, hex } of [
    { name: "nothing", hex: "" },
    { name: "a number cut short", hex: "80" },
    { name: "a number without ack", hex: "05" },
    { name: "an ack tag of 2", hex: "05 02 00" },
    { name: "an ack cut short", hex: "05 01" },
    { name: "a number beyond u32", hex: "80 80 80 80 10 00" },
    { name: "an ack beyond u32", hex: "05 01 80 80 80 80 10" },
  ]) {
    test(`${name}: refused`, () => assert.throws(() => decodeFrame(bytes(hex)), { name: "DecodeError" }));
  }
});
