import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { Worker } from "node:worker_threads";
import { type ByteRing, RING_HEADER_BYTES, RingReader, RingWriter } from "../../src/transports/byte-ring.ts";

const WORKER = new URL("fixtures/shared-buffer-worker.mjs", import.meta.url);
const TAIL = 0;
const HEAD = 16;

function ringOf(bytes: number): ByteRing {
  return {
    words: new Int32Array(new SharedArrayBuffer(RING_HEADER_BYTES)),
    bytes: new Uint8Array(new SharedArrayBuffer(bytes)),
  };
}

function pair(bytes: number) {
  const ring = ringOf(bytes);
  return { ring, writer: new RingWriter(ring), reader: new RingReader(ring) };
}

function take(reader: RingReader): number[] {
  const taken = reader.take();
  return taken === undefined ? [] : [...taken.bytes.subarray(taken.start, taken.end)];
}

const counted = (from: number, length: number) => Uint8Array.from({ length }, (_, index) => from + index);

suite("a ring of bytes", () => {
  test("nothing is seen before it is published, and then all at once", () => {
    const { writer, reader } = pair(16);
    writer.write(counted(1, 3));
    writer.write(counted(4, 3));
    assert.equal(reader.available(), 0);
    assert.deepEqual(take(reader), []);
    writer.publish();
    assert.equal(reader.available(), 6);
    assert.deepEqual(take(reader), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(take(reader), []);
  });

  test("it can be filled to the last byte, and has room again when that was taken", () => {
    const { writer, reader } = pair(16);
    assert.equal(writer.room(), 16);
    writer.write(counted(0, 16));
    assert.equal(writer.room(), 0);
    writer.publish();
    assert.deepEqual(take(reader), [...counted(0, 16)]);
    assert.equal(writer.room(), 16);
  });

  for (let start = 0; start < 16; start++) {
    test(`bytes from place ${start} on wrap around`, () => {
      const { writer, reader } = pair(16);
      writer.write(new Uint8Array(start));
      writer.publish();
      reader.take();
      writer.write(counted(7, 16), 13);
      writer.publish();
      assert.deepEqual(take(reader), [...counted(7, 13)]);
    });
  }

  test("what was taken stays as it is, whatever is written then", () => {
    const { writer, reader } = pair(16);
    const before = [1, 2, 3].map((value) => {
      writer.write(new Uint8Array(10).fill(value));
      writer.publish();
      return reader.take();
    });
    writer.write(new Uint8Array(16).fill(9));
    writer.publish();
    assert.deepEqual(
      before.map((taken) => taken && [...taken.bytes.subarray(taken.start, taken.end)]),
      [1, 2, 3].map((value) => new Array(10).fill(value)),
    );
    assert(before.every((taken) => taken?.bytes.buffer instanceof ArrayBuffer));
  });

  test("a position is passed when everything ahead of it was taken", () => {
    const { writer, reader } = pair(16);
    writer.write(counted(0, 5));
    const { position } = writer;
    writer.publish();
    writer.write(counted(0, 5));
    assert.equal(writer.isTaken(position), false);
    reader.take();
    assert.equal(writer.isTaken(position), true);
  });

  test("its counters go beyond 2^31 and 2^32", () => {
    const bytes = 2 ** 20;
    const { writer, reader } = pair(bytes);
    const piece = new Uint8Array(bytes);
    for (let round = 0; round < 2 ** 12 + 2; round++) {
      // A few bytes less, so that the wrap is in the midst of a piece.
      piece[0] = round;
      writer.write(piece, bytes - 3);
      const { position } = writer;
      writer.publish();
      assert.equal(writer.room(), 3);
      assert.equal(writer.isTaken(position), false);
      const taken = reader.take();
      assert(taken !== undefined);
      assert.equal(taken.end - taken.start, bytes - 3);
      assert.equal(taken.bytes[taken.start], round & 255);
      assert.equal(writer.isTaken(position), true);
      assert.equal(writer.room(), bytes);
    }
  });

  for (const tail of [-1, 17, 2 ** 31 - 1, -(2 ** 31)]) {
    test(`a tail of ${tail} is refused by the reader`, () => {
      const { ring, reader } = pair(16);
      ring.words[TAIL] = tail;
      assert.throws(() => reader.available(), { code: "io", message: /counters/ });
      assert.throws(() => reader.take(), { code: "io" });
    });
  }

  for (const head of [1, -17, 2 ** 31 - 1, -(2 ** 31)]) {
    test(`a head of ${head} is refused by the writer`, () => {
      const { ring, writer } = pair(16);
      ring.words[HEAD] = head;
      assert.throws(() => writer.room(), { code: "io", message: /counters/ });
    });
  }

  for (const ringBytes of [128, 1024, 65_536]) {
    test(`between two threads every byte comes, in order, by ${ringBytes} bytes`, async () => {
      const ring = ringOf(ringBytes);
      const bytes = 5_000_000;
      const thread = new Worker(WORKER, { workerData: { kind: "ring", ring, bytes } });
      const failed = once(thread, "error").then(([error]) => Promise.reject(error));
      const reader = new RingReader(ring);
      const read = async () => {
        for (let received = 0; received < bytes; ) {
          const taken = reader.take();
          if (taken === undefined) {
            await new Promise(setImmediate);
            continue;
          }
          for (let at = taken.start; at < taken.end; at++, received++) {
            if (taken.bytes[at] !== received % 251) assert.fail(`byte ${received} is ${taken.bytes[at]}`);
          }
        }
      };
      try {
        await Promise.race([read(), failed]);
        assert.equal(reader.available(), 0);
      } finally {
        await thread.terminate();
      }
    });
  }
});
