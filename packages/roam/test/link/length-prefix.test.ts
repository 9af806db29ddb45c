import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { LengthPrefix } from "roam/link";

const HELLO = [0, 0, 7, 0, 0x40, 0];
const LONG = Array.from({ length: 300 }, (_, index) => index & 0xff);
// A Hello, an empty payload, one of 300 bytes, one of 1 byte.
const STREAM = [6, 0, 0, 0, ...HELLO, 0, 0, 0, 0, 0x2c, 1, 0, 0, ...LONG, 1, 0, 0, 0, 9];
const PAYLOADS = [HELLO, [], LONG, [9]];

function cut(chunks: readonly (readonly number[])[], maxBytes = 1_000): number[][] {
  const framing = new LengthPrefix();
  const payloads: number[][] = [];
  for (const chunk of chunks) {
    framing.push(
      Uint8Array.from(chunk),
      () => maxBytes,
      (payload) => payloads.push([...payload.whole()]),
    );
  }
  return payloads;
}

// r[verify transport.stream]
// r[verify zerocopy.framing.link.stream]
suite("LengthPrefix", () => {
  test("cuts one chunk into its payloads", () => {
    assert.deepEqual(cut([STREAM]), PAYLOADS);
  });

  // r[verify link.message]
  test("gives the same payloads wherever the stream is cut in two, or in three", () => {
    for (let first = 0; first <= STREAM.length; first++) {
      const tail = STREAM.slice(first);
      for (const width of [tail.length, 1, 5]) {
        const chunks = [STREAM.slice(0, first), tail.slice(0, width), tail.slice(width)];
        assert.deepEqual(cut(chunks), PAYLOADS, `cut at ${first} and ${width} further on`);
      }
    }
  });

  test("gives the same payloads byte by byte", () => {
    assert.deepEqual(cut(STREAM.map((byte) => [byte])), PAYLOADS);
  });

  // r[verify link.x.length-limit]
  for (const { prefix, length } of [
    { prefix: [0xe9, 3, 0, 0], length: 1_001 },
    { prefix: [0, 0, 0, 0x80], length: 0x8000_0000 },
    { prefix: [0xff, 0xff, 0xff, 0xff], length: 0xffff_ffff },
  ]) {
    test(`refuses a length of ${length} as soon as the prefix is complete`, () => {
      assert.deepEqual(cut([prefix.slice(0, 3)]), [], "three bytes say nothing yet");
      assert.throws(() => cut([prefix]), { code: "too-large" });
    });
  }

  test("takes a payload of exactly the limit", () => {
    assert.equal(cut([[0xe8, 3, 0, 0, ...new Array<number>(1_000).fill(7)]])[0]?.length, 1_000);
  });

  // r[verify zerocopy.recv.stream]
  test("a payload inside a chunk is a view on it; one across chunks has one buffer of its own size", () => {
    const framing = new LengthPrefix();
    const payloads: Uint8Array[] = [];
    const push = (chunk: Uint8Array) =>
      framing.push(
        chunk,
        () => 1_000,
        (payload) => payloads.push(payload.whole()),
      );
    const first = Uint8Array.of(2, 0, 0, 0, 1, 2, 3, 0, 0, 0, 7);
    push(first);
    push(Uint8Array.of(8));
    push(Uint8Array.of(9));
    assert.equal(payloads[0]?.buffer, first.buffer);
    assert.notEqual(payloads[1]?.buffer, first.buffer);
    assert.deepEqual([...(payloads[1] ?? [])], [7, 8, 9]);
    assert.equal(payloads[1]?.buffer.byteLength, 3);
  });

  // r[verify link.x.lazy-alloc]
  test("an announced length costs no memory until its bytes come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const framings = Array.from({ length: 8 }, () => new LengthPrefix());
    for (const framing of framings) {
      const push = (chunk: Uint8Array) =>
        framing.push(
          chunk,
          () => 0xffff_ffff,
          () => assert.fail("nothing is complete"),
        );
      push(Uint8Array.of(0, 0, 0, 0x10)); // 256 MiB
      push(new Uint8Array(100_000));
      assert(framing.isInsidePayload);
    }
    const grown = process.memoryUsage().arrayBuffers - before;
    assert(grown < 8 * 1024 * 1024, `${grown} bytes for 8 announcements with 100 kB each`);
  });

  test("a large payload that comes in small chunks is whole", () => {
    const framing = new LengthPrefix();
    let got: Uint8Array | undefined;
    const bytes = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 7) & 0xff);
    const push = (chunk: Uint8Array) =>
      framing.push(
        chunk,
        () => 2_000_000,
        (payload) => {
          got = payload.whole();
        },
      );
    push(Uint8Array.of(0x43, 0x42, 0x0f, 0));
    for (let at = 0; at < bytes.length; at += 1_777) push(bytes.slice(at, at + 1_777));
    assert.deepEqual(got, bytes);
  });
});
