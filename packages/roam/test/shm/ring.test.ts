import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { Memory } from "../../src/shm/memory.ts";
import { RING_HEADER_BYTES, Ring, ringStride } from "../../src/shm/ring.ts";

/** Memory that lets somebody look on between any two stores. */
class WatchedMemory extends Memory {
  onStore: (() => void) | undefined;

  override store(at: number, value: number): void {
    super.store(at, value);
    this.onStore?.();
  }
}

function ringOf(capacity: number): { memory: WatchedMemory; ring: Ring } {
  const memory = new WatchedMemory(new SharedArrayBuffer(ringStride(capacity)));
  return { memory, ring: Ring.create(memory, 0, capacity) };
}

/** Puts the bytes in; false if there is no room now. */
function put(memory: Memory, ring: Ring, bytes: Uint8Array): boolean {
  const at = ring.grant(bytes.length);
  if (at === undefined) return false;
  memory.bytes.set(bytes, ring.dataAt + at);
  ring.commit(bytes.length);
  return true;
}

/** Takes what can be read in one piece, at most so many bytes. */
function take(memory: Memory, ring: Ring, most = Number.POSITIVE_INFINITY): Uint8Array {
  const readable = ring.readable();
  if (readable === undefined) return new Uint8Array();
  const from = ring.dataAt + readable.at;
  const bytes = memory.bytes.slice(from, from + Math.min(readable.length, most));
  ring.release(bytes.length);
  return bytes;
}

const bytes = (length: number, first = 0) => Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);

suite("Ring", () => {
  // r[verify shm.bipbuf.header]
  // r[verify shm.bipbuf.init]
  test("its header is 128 bytes: write, watermark, capacity; read on the second cache line", () => {
    const { memory, ring } = ringOf(64);
    put(memory, ring, bytes(48));
    take(memory, ring, 24);
    const words = new Uint32Array(memory.bytes.buffer, 0, RING_HEADER_BYTES / 4);
    assert.deepEqual([...words.subarray(0, 4), words[16]], [48, 0, 64, 0, 24]);
    assert.equal(words.filter((word) => word !== 0).length, 3, "everything else is zero");
    assert.equal(ring.dataAt, 128);
    assert.equal(ringStride(100), 256);
  });

  // r[verify shm.bipbuf]
  // r[verify shm.bipbuf.grant]
  // r[verify shm.bipbuf.commit]
  test("what does not fit behind is put in front, and the rest is left out", () => {
    const { memory, ring } = ringOf(64);
    assert.equal(put(memory, ring, bytes(48)), true);
    assert.equal(put(memory, ring, bytes(24)), false, "nothing has been read");
    assert.deepEqual(take(memory, ring, 32), bytes(32));
    assert.equal(ring.grant(24), 0, "in front, for behind are 16");
    memory.bytes.set(bytes(24, 100), ring.dataAt);
    ring.commit(24);
    assert.deepEqual(take(memory, ring), bytes(16, 32), "up to the watermark");
    assert.deepEqual(take(memory, ring), bytes(24, 100));
    assert.deepEqual(take(memory, ring), new Uint8Array());
  });

  // r[verify shm.bipbuf.backpressure]
  test("a full ring gives nothing, and takes no harm", () => {
    const { memory, ring } = ringOf(32);
    assert.equal(put(memory, ring, bytes(32)), true);
    for (let attempt = 0; attempt < 3; attempt++) assert.equal(ring.grant(4), undefined);
    assert.deepEqual(take(memory, ring), bytes(32));
    assert.equal(put(memory, ring, bytes(32, 7)), false, "it has wrapped, and only a look resets it");
    assert.deepEqual(take(memory, ring), new Uint8Array());
    assert.equal(put(memory, ring, bytes(32, 7)), true);
    assert.deepEqual(take(memory, ring), bytes(32, 7));
  });

  test("what is larger than the ring never fits", () => {
    const { ring } = ringOf(32);
    assert.equal(ring.grant(33), undefined);
  });

  // r[verify shm.bipbuf.read]
  test("a consumer that looks between any two stores of a wrap sees nothing twice", () => {
    const { memory, ring } = ringOf(64);
    put(memory, ring, bytes(56));
    assert.deepEqual(take(memory, ring), bytes(56));
    const seen: Uint8Array[] = [];
    memory.onStore = () => {
      memory.onStore = undefined;
      seen.push(take(memory, ring));
    };
    assert.equal(put(memory, ring, bytes(16, 200)), true);
    memory.onStore = undefined;
    assert.deepEqual(seen, [new Uint8Array()]);
    assert.deepEqual(take(memory, ring), bytes(16, 200));
  });

  // r[verify shm.bipbuf.read]
  // r[verify shm.bipbuf.release]
  test("beside a published producer, which marks first, it waits until the wrap is through", () => {
    const { memory, ring } = ringOf(64);
    put(memory, ring, bytes(40));
    assert.deepEqual(take(memory, ring, 32), bytes(32));
    const [WRITE, WATERMARK] = [0, 4];
    memory.store(WATERMARK, 40);
    assert.deepEqual(take(memory, ring), bytes(8, 32), "what was there is good");
    assert.equal(ring.readable(), undefined);
    assert.equal(ring.isBetween, true, "and has to be looked at again");
    memory.store(WRITE, 0);
    assert.equal(ring.isBetween, false);
    assert.equal(ring.readable(), undefined);
    assert.equal(put(memory, ring, bytes(16, 9)), true);
    assert.deepEqual(take(memory, ring), bytes(16, 9));
  });

  test("gives back every byte in order, whatever is put and taken in turn", () => {
    const step = fc.oneof(
      fc.record({ put: fc.integer({ min: 1, max: 24 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 64 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 32 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
        const { memory, ring } = ringOf(capacity * 4);
        let put_ = 0;
        let taken = 0;
        const takeSome = (most: number) => {
          const got = take(memory, ring, most);
          assert.deepEqual(got, bytes(got.length, taken));
          taken += got.length;
          return got.length;
        };
        for (const one of steps) {
          if ("take" in one) takeSome(one.take * 4);
          else if (put(memory, ring, bytes(one.put * 4, put_))) put_ += one.put * 4;
        }
        while (takeSome(64) > 0);
        assert.equal(taken, put_);
      }),
    );
  });
});
