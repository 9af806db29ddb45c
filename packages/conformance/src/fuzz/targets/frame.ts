import { Reader, Writer } from "roam-postcard";
import { encodeFrame, readFrame } from "../../../../roam/src/conduit/stable/frame.ts";
import frames from "../../../vectors/frames.json" with { type: "json" };
import { BYTES } from "../dictionary.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { expectBytes, expectSame, fillerFor, type Outcome, outcome } from "../same-result.ts";

const AROUND = 12;

function framed(bytes: Uint8Array, start: number, end: number): Outcome {
  return outcome(() => {
    const { seq, ack, item } = readFrame(new Reader(bytes, start, end));
    const own = bytes.slice(item.start, item.end);
    return { value: { seq, ack, item: own }, end: item.end - start };
  });
}

function run(input: Uint8Array): void {
  const expected = framed(input, 0, input.length);
  const filler = fillerFor(input);
  const chunk = new Uint8Array(AROUND + input.length + AROUND).fill(filler);
  chunk.set(input, AROUND);
  expectSame(`in a chunk of ${filler}`, framed(chunk, AROUND, AROUND + input.length), expected);
  if ("error" in expected) return;
  const { seq, ack, item } = expected.value as { seq: number; ack: number | undefined; item: Uint8Array };
  const writer = new Writer();
  encodeFrame(writer, { seq, ack, item: { bytes: item, start: 0, end: item.length } });
  const bytes = writer.finish();
  expectSame("encoded and decoded", framed(bytes, 0, bytes.length), { ...expected, end: bytes.length });
  // What is behind the header is the item, byte for byte.
  expectBytes("the item", bytes.subarray(bytes.length - item.length), item);
}

/** Frames of the stable conduit. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    framed(input, 0, input.length);
  },
  seeds: () => frames.map(({ hex }) => new Uint8Array(Buffer.from(hex, "hex"))),
  maxBytes: 256,
  dictionary: BYTES,
};
