import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Reader, Writer } from "roam-postcard";
import {
  encodeFrame,
  MAX_FRAME_HEADER_BYTES,
  readFrame,
  writeFrameHeader,
} from "../../../src/conduit/stable/frame.ts";

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
      const frame = readFrame(new Reader(payload));
      assert.deepEqual({ seq: frame.seq, ack: frame.ack }, { seq, ack });
      assert.deepEqual(payload.subarray(frame.item.start, frame.item.end), bytes(item));
      const writer = new Writer();
      writeFrameHeader(writer, seq, ack);
      assert.ok(writer.length <= MAX_FRAME_HEADER_BYTES);
      writer.raw(bytes(item));
      assert.deepEqual(writer.finish(), payload);
      encodeFrame(writer, frame);
      assert.deepEqual(writer.finish(), payload);
    });
  }

  test("the item stays where it is, the reader before it", () => {
    const payload = bytes("00 00 00 09 01");
    const reader = new Reader(payload);
    assert.equal(readFrame(reader).item.bytes, payload);
    assert.deepEqual(reader.rest(), bytes("00 09 01"));
  });

  test("the item ends where its payload does, whatever follows in the chunk", () => {
    const chunk = bytes("FF 05 01 04 09 08 FF FF");
    const reader = new Reader(chunk, 1, 6);
    assert.deepEqual(readFrame(reader), { seq: 5, ack: 4, item: { bytes: chunk, start: 4, end: 6 } });
    assert.deepEqual(reader.rest(), bytes("09 08"));
  });

  // r[verify zerocopy.scatter.replay]
  test("a large item goes to the link as it is, a small one is copied from its chunk", () => {
    for (const { length, isCopied } of [
      { length: 100, isCopied: true },
      { length: 20_000, isCopied: false },
    ]) {
      const item = new Uint8Array(length).fill(7);
      const writer = new Writer({ gatherFrom: 16 * 1024 });
      encodeFrame(writer, { seq: 1, ack: 2, item: { bytes: item, start: 0, end: length } });
      const pieces = writer.take();
      assert.equal(
        pieces.some(({ buffer }) => buffer === item.buffer),
        !isCopied,
      );
    }
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
    test(`${name}: refused`, () =>
      assert.throws(() => readFrame(new Reader(bytes(hex))), { name: "DecodeError" }));
  }
});
