import { RoamError } from "roam";
import { LengthPrefix } from "roam/link";
import { BYTES } from "../dictionary.ts";
import { Broken, type FuzzTarget } from "../fuzz-target.ts";
import { expectBytes } from "../same-result.ts";

/** Bytes at the start of an input that decide how the rest is cut into chunks. */
const PLAN_BYTES = 4;
const MOST_SINGLE_BYTES = 48;
/** Limits of payloads (bytes), one chosen by the input. */
const LIMITS = [0, 1, 16, 300, 0x7fff_ffff, 0xffff_ffff];

interface Cut {
  readonly payloads: readonly Uint8Array[];
  readonly isTooLarge: boolean;
  readonly isInside: boolean;
}

/** The stream cut with nothing but arithmetic. */
function expectedOf(stream: Uint8Array, limit: number): Cut {
  const payloads: Uint8Array[] = [];
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  let at = 0;
  while (at + 4 <= stream.length) {
    const length = view.getUint32(at, true);
    if (length > limit) return { payloads, isTooLarge: true, isInside: false };
    if (at + 4 + length > stream.length) return { payloads, isTooLarge: false, isInside: true };
    payloads.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { payloads, isTooLarge: false, isInside: false };
}

function cut(chunks: readonly Uint8Array[], limit: number): Cut {
  const prefix = new LengthPrefix();
  const payloads: Uint8Array[] = [];
  let isTooLarge = false;
  for (const chunk of chunks) {
    try {
      prefix.push(
        chunk,
        () => limit,
        (payload) => payloads.push(payload.whole()),
      );
    } catch (error) {
      if (!(error instanceof RoamError) || error.code !== "too-large") throw error;
      isTooLarge = true;
      break;
    }
  }
  return { payloads, isTooLarge, isInside: prefix.isInsidePayload };
}

/** Chunks of as many bytes as the plan says, over and over; each one's bytes are its own. */
function chunksOf(input: Uint8Array): Uint8Array[] {
  const stream = input.subarray(PLAN_BYTES);
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 1; at < stream.length; turn++) {
    // Zero: an empty chunk, once, for the next turn's size is never zero.
    const size = ((input[1 + (turn % 3)] ?? 1) >> (turn & 3)) + (turn & 1);
    chunks.push(stream.slice(at, at + size));
    at += size;
  }
  return chunks;
}

function limitOf(input: Uint8Array): number {
  return LIMITS[(input[0] ?? 0) % LIMITS.length] as number;
}

function run(input: Uint8Array): void {
  const limit = limitOf(input);
  const stream = input.subarray(PLAN_BYTES);
  const expected = expectedOf(stream, limit);
  // Byte by byte where there are few.
  const byBytes =
    stream.length > MOST_SINGLE_BYTES ? [stream] : Array.from(stream, (byte) => Uint8Array.of(byte));
  for (const chunks of [[stream], chunksOf(input), byBytes]) {
    const found = cut(chunks, limit);
    const { payloads, isTooLarge, isInside } = found;
    if (isTooLarge !== expected.isTooLarge) throw new Broken(`too large: ${isTooLarge}`);
    if (!isTooLarge && isInside !== expected.isInside) throw new Broken(`inside a payload: ${isInside}`);
    if (payloads.length !== expected.payloads.length) throw new Broken(`${payloads.length} payloads`);
    for (const [index, payload] of payloads.entries()) {
      expectBytes(`payload ${index}`, payload, expected.payloads[index] as Uint8Array);
    }
  }
}

/** Streams of bytes that are cut into payloads. */
export const target: FuzzTarget = {
  run,
  measure: (input) => {
    cut(chunksOf(input), limitOf(input));
  },
  seeds: () => [
    Uint8Array.of(3, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9),
    Uint8Array.of(4, 255, 5, 0, 40, 0, 0, 0, ...new Uint8Array(40).fill(1), 3, 0, 0, 0, 1, 2, 3, 0xff),
    Uint8Array.of(5, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3),
  ],
  maxBytes: 256,
  dictionary: [
    ...BYTES,
    ...["00000000", "01000000", "10000000", "2c010000", "ffffffff", "ffffff7f"].map(fromHex),
  ],
};

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
