import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import { Memory } from "../../src/shm/memory.ts";
import { PEER_STATE, Segment, type SegmentOptions, segmentBytes } from "../../src/shm/segment.ts";

const OPTIONS: SegmentOptions = {
  maxPayloadBytes: 1_048_576,
  inlineThreshold: 0,
  maxGuests: 3,
  ringCapacity: 1_000,
  classes: [
    { slotBytes: 1_024, slots: 4 },
    { slotBytes: 65_536, slots: 2 },
  ],
};
/** 128 + 1,000, padded to 64. */
const STRIDE = 1_152;

function made(options: Partial<SegmentOptions> = {}): { memory: Memory; segment: Segment } {
  const all = { ...OPTIONS, ...options };
  const memory = new Memory(new SharedArrayBuffer(segmentBytes(all)));
  return { memory, segment: Segment.create(memory, all) };
}

suite("Segment", () => {
  // r[verify shm.segment]
  // r[verify shm.segment.header]
  // r[verify shm.peer-table]
  // r[verify shm.bipbuf.layout]
  test("its header, its table and its rings lie as the format has them", () => {
    const { memory } = made();
    const magic = Buffer.from(memory.bytes.subarray(0, 8)).toString("hex");
    assert.equal(magic, "524f414d48554207");
    const words = (at: number, count: number) =>
      Array.from({ length: count }, (_, index) => memory.load(at + 4 * index));
    const poolAt = 128 + 3 * 64 + 3 * 2 * STRIDE;
    assert.equal(poolAt % 64, 0);
    assert.deepEqual(words(8, 2), [7, 128], "version, header_size");
    assert.equal(memory.loadLong(16), BigInt(memory.length), "total_size");
    assert.deepEqual(words(24, 4), [1_048_576, 0, 3, 1_000]);
    assert.equal(memory.loadLong(40), 128n, "peer_table_offset");
    assert.equal(memory.loadLong(48), BigInt(poolAt), "var_pool_offset");
    assert.deepEqual(words(64, 2), [0, 2], "host_goodbye, number of slot classes");
    assert.equal(memory.loadLong(72), BigInt(memory.length), "current_size");
    for (const id of [1, 2, 3]) {
      const entryAt = 128 + 64 * (id - 1);
      const ringsAt = 128 + 3 * 64 + 2 * STRIDE * (id - 1);
      assert.deepEqual([...words(entryAt, 4), memory.loadLong(entryAt + 16)], [0, 0, 0, 0, BigInt(ringsAt)]);
      for (const at of [ringsAt, ringsAt + STRIDE]) assert.deepEqual(words(at, 3), [0, 0, 1_000]);
    }
    assert.deepEqual(words(poolAt, 2), [1_024, 4]);
  });

  // r[verify shm.segment.config]
  test("whoever attaches finds what the host has set", () => {
    const { memory, segment } = made({ inlineThreshold: 128 });
    const seen = Segment.attach(memory);
    for (const one of [segment, seen]) {
      const { maxPayloadBytes, inlineThreshold, maxGuests, ringCapacity, pool } = one;
      assert.deepEqual(
        { maxPayloadBytes, inlineThreshold, maxGuests, ringCapacity, slot: pool.maxPayloadBytes },
        { maxPayloadBytes: 1_048_576, inlineThreshold: 128, maxGuests: 3, ringCapacity: 1_000, slot: 65_532 },
      );
    }
    assert.equal(made().segment.inlineThreshold, 256, "0 stands for that");
  });

  // r[verify shm.topology.peer-id]
  test("each guest has two rings of its own", () => {
    const { memory, segment } = made();
    const seen = Segment.attach(memory);
    for (const id of [1, 2, 3]) {
      for (const way of ["toHost", "toGuest"] as const) {
        const ring = segment.rings(id)[way];
        const at = ring.grant(4) ?? assert.fail();
        memory.store(ring.dataAt + at, id * 10 + (way === "toHost" ? 1 : 2));
        ring.commit(4);
      }
    }
    for (const id of [1, 2, 3]) {
      const { toHost, toGuest } = seen.rings(id);
      assert.deepEqual(
        [toHost, toGuest].map((ring) => memory.load(ring.dataAt + (ring.readable()?.at ?? assert.fail()))),
        [id * 10 + 1, id * 10 + 2],
      );
    }
    for (const id of [0, 4, 1.5]) assert.throws(() => segment.rings(id), RangeError);
  });

  // r[verify shm.peer-table.states]
  // r[verify shm.guest.attach]
  // r[verify shm.guest.attach-failure]
  test("places are kept, taken and given back, and each time they have another epoch", () => {
    const { segment } = made();
    assert.equal(segment.reserve(), 1);
    assert.equal(segment.state(1), PEER_STATE.reserved);
    assert.equal(segment.takePlace(), 2, "the one that is kept is not for anybody");
    assert.equal(segment.takePlace(1), 1);
    assert.deepEqual(
      [1, 2, 3].map((id) => segment.state(id)),
      [1, 1, 0],
    );
    assert.deepEqual(
      [1, 2, 3].map((id) => segment.epoch(id)),
      [1, 1, 0],
    );
    assert.throws(() => segment.takePlace(1), { code: "io" });
    assert.equal(segment.takePlace(), 3);
    assert.equal(segment.reserve(), undefined);
    assert.throws(() => segment.takePlace(), { code: "io", message: /all 3 places/ });
    segment.setState(2, PEER_STATE.goodbye);
    assert.throws(() => segment.takePlace(), { code: "io" }, "it is not free yet");
    segment.setState(2, PEER_STATE.empty);
    assert.equal(segment.takePlace(), 2);
    assert.equal(segment.epoch(2), 2);
  });

  // r[verify shm.host.goodbye]
  test("a host that ends says so to all who are attached", () => {
    const { memory, segment } = made();
    const seen = Segment.attach(memory);
    assert.equal(seen.isHostGone, false);
    segment.sayGoodbye();
    assert.equal(seen.isHostGone, true);
  });

  for (const { name, write, rule } of [
    { name: "another magic", write: (m: Memory) => m.store(4, 0x0642_5548), rule: "shm.segment.magic.v7" },
    { name: "another version", write: (m: Memory) => m.store(8, 6), rule: "shm.segment.magic.v7" },
    { name: "another header", write: (m: Memory) => m.store(12, 64), rule: "shm.segment.header" },
    { name: "no slot classes", write: (m: Memory) => m.store(68, 0), rule: "shm.segment.header" },
    { name: "no guests", write: (m: Memory) => m.store(32, 0), rule: "shm.topology.max-guests" },
    { name: "256 guests", write: (m: Memory) => m.store(32, 256), rule: "shm.topology.max-guests" },
    { name: "a table elsewhere", write: (m: Memory) => m.storeLong(40, 64n), rule: "shm.segment.header" },
    {
      name: "slots beyond its end",
      write: (m: Memory) => m.storeLong(48, 1n << 40n),
      rule: "shm.segment.header",
    },
    { name: "rings of nothing", write: (m: Memory) => m.store(36, 8), rule: "shm.segment.header" },
    {
      name: "classes beyond its end",
      write: (m: Memory) => m.store(68, 1_000_000),
      rule: "shm.varslot.classes",
    },
  ]) {
    // r[verify shm.segment.magic.v7]
    // r[verify shm.topology.max-guests]
    test(`a segment with ${name} is refused`, () => {
      const { memory } = made();
      write(memory);
      assert.throws(
        () => Segment.attach(memory),
        (error) => error instanceof ProtocolError && error.rule === rule,
      );
    });
  }

  test("memory that is no segment is refused, whatever its length", () => {
    for (const length of [0, 8, 128, 4_096]) {
      assert.throws(() => Segment.attach(new Memory(new SharedArrayBuffer(length))), ProtocolError);
    }
  });

  test("rings that were moved or changed are refused", () => {
    for (const write of [
      (memory: Memory) => memory.storeLong(128 + 16, 1n << 40n),
      (memory: Memory) => memory.storeLong(128 + 16, 129n),
      (memory: Memory) => memory.store(128 + 3 * 64 + 8, 0x7fff_ffff),
    ]) {
      const { memory, segment } = made();
      write(memory);
      assert.throws(() => segment.rings(1), ProtocolError);
    }
  });

  for (const options of [
    { maxGuests: 0 },
    { maxGuests: 256 },
    { ringCapacity: 500 },
    { ringCapacity: 1_001 },
    { inlineThreshold: 65_536 },
    { classes: [] },
    { classes: [OPTIONS.classes[1], OPTIONS.classes[0]] as SegmentOptions["classes"] },
    { maxPayloadBytes: -1 },
  ]) {
    test(`${JSON.stringify(options)} makes no segment`, () => {
      assert.throws(() => made(options), RangeError);
    });
  }
});
