import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import type { SlotRef } from "../../src/shm/entry.ts";
import { Memory } from "../../src/shm/memory.ts";
import { poolBytes, type SlotClass, SlotPool } from "../../src/shm/slot-pool.ts";

const CLASSES: readonly SlotClass[] = [
  { slotBytes: 64, slots: 3 },
  { slotBytes: 256, slots: 2 },
];

function poolOf(classes = CLASSES): { memory: Memory; pool: SlotPool } {
  const memory = new Memory(new SharedArrayBuffer(poolBytes(classes)));
  return { memory, pool: SlotPool.create(memory, 0, classes) };
}

const must = (ref: SlotRef | undefined): SlotRef => ref ?? assert.fail("no slot");
const broken = (rule: string) => (error: unknown) => error instanceof ProtocolError && error.rule === rule;

suite("SlotPool", () => {
  // r[verify shm.varslot.classes]
  // r[verify shm.varslot.freelist]
  test("its classes lie as the format has them", () => {
    const { memory } = poolOf();
    const words = (at: number, count: number) =>
      Array.from({ length: count }, (_, index) => memory.load(at + 4 * index));
    assert.deepEqual(words(0, 4), [64, 3, 0, 0], "slot_size, slot_count, free_head");
    assert.deepEqual(words(64, 4), [256, 2, 0, 0]);
    assert.deepEqual(
      [128, 144, 160].map((at) => words(at, 4)),
      [
        [0, 0, 0, 1],
        [0, 0, 0, 2],
        [0, 0, 0, 0xffff_ffff],
      ],
      "generation, state, owner, next_free",
    );
    // 3 × 16 and 2 × 16, each padded to 64; 3 × 64 and 2 × 256.
    assert.equal(memory.length, 128 + 64 + 192 + 64 + 512);
  });

  // r[verify shm.varslot.allocate]
  // r[verify shm.varslot.slot-meta]
  test("a slot that is given out has a generation, a state and an owner", () => {
    const { memory, pool } = poolOf();
    assert.deepEqual(pool.allocate(60, 7), { classIndex: 0, slot: 0, generation: 1 });
    assert.deepEqual(
      [0, 4, 8].map((at) => memory.load(128 + at)),
      [1, 1, 7],
    );
    assert.equal(memory.loadLong(8), (1n << 32n) | 1n, "the next one is free, one change");
  });

  // r[verify shm.varslot.selection]
  test("the smallest class that holds the payload and its length comes first, then larger ones", () => {
    const { pool } = poolOf();
    const classes = (length: number, count: number) =>
      Array.from({ length: count }, () => pool.allocate(length, 1)?.classIndex);
    assert.deepEqual(classes(61, 1), [1], "61 and 4 are more than 64");
    assert.deepEqual(classes(10, 5), [0, 0, 0, 1, undefined]);
    assert.equal(pool.allocate(253, 1), undefined, "none is large enough");
    assert.equal(pool.maxPayloadBytes, 252);
  });

  // r[verify shm.varslot.free]
  test("a slot that is given back is free once, and another one when it comes again", () => {
    const { pool } = poolOf();
    const first = must(pool.allocate(200, 1));
    assert.equal(pool.free(first), true);
    assert.equal(pool.free(first), false, "twice");
    const again = must(pool.allocate(200, 1));
    assert.deepEqual(again, { ...first, generation: 2 });
    assert.equal(pool.free(first), false, "it is somebody else's now");
    assert.throws(() => pool.data(first), broken("shm.varslot.slot-meta"));
    assert.deepEqual([...pool.data(again, 3)], [0, 0, 0]);
  });

  // r[verify shm.varslot]
  test("its data are the payload behind its length", () => {
    const { memory, pool } = poolOf();
    const ref = must(pool.allocate(5, 1));
    pool.data(ref, 5).set([1, 2, 3, 4, 5]);
    assert.deepEqual([...memory.bytes.subarray(192, 201)], [5, 0, 0, 0, 1, 2, 3, 4, 5]);
    assert.deepEqual([...new SlotPool(memory, 0, 2).data(ref)], [1, 2, 3, 4, 5], "seen by another peer");
    assert.throws(() => pool.data(ref, 61), RangeError);
  });

  // r[verify shm.varslot.crash-recovery]
  test("what a peer had that died is given back, and nothing else", () => {
    const { pool } = poolOf();
    for (const owner of [1, 2, 1, 2, 1]) must(pool.allocate(10, owner));
    assert.equal(pool.allocate(10, 3), undefined);
    assert.equal(pool.recover(1), 3);
    assert.equal(pool.recover(1), 0);
    for (let count = 0; count < 3; count++) must(pool.allocate(10, 3));
    assert.equal(pool.allocate(10, 3), undefined);
  });

  for (const { name, write, act, rule } of [
    {
      name: "a length beyond its slot",
      write: (memory: Memory) => memory.store(192, 61),
      act: (pool: SlotPool, ref: SlotRef) => pool.data(ref),
      rule: "shm.framing.slot-ref",
    },
    {
      name: "a free list that leads out of the pool",
      write: (memory: Memory) => memory.storeLong(8, 1_000_000n),
      act: (pool: SlotPool) => pool.allocate(10, 1),
      rule: "shm.varslot.classes",
    },
    {
      name: "a class that there is not",
      write: () => {},
      act: (pool: SlotPool, ref: SlotRef) => pool.data({ ...ref, classIndex: 2 }),
      rule: "shm.framing.slot-ref",
    },
    {
      name: "a slot that there is not",
      write: () => {},
      act: (pool: SlotPool, ref: SlotRef) => pool.free({ ...ref, slot: 3 }),
      rule: "shm.framing.slot-ref",
    },
    {
      name: "classes beyond the memory",
      write: (memory: Memory) => memory.store(4, 1_000_000_000),
      act: (_: SlotPool, __: SlotRef, memory: Memory) => new SlotPool(memory, 0, 2),
      rule: "shm.varslot.classes",
    },
    {
      name: "classes that do not ascend",
      write: (memory: Memory) => memory.store(64, 64),
      act: (_: SlotPool, __: SlotRef, memory: Memory) => new SlotPool(memory, 0, 2),
      rule: "shm.varslot.classes",
    },
  ]) {
    test(`a hostile peer's ${name} is refused`, () => {
      const { memory, pool } = poolOf();
      const ref = must(pool.allocate(10, 1));
      pool.data(ref, 10);
      write(memory);
      assert.throws(() => act(pool, ref, memory), broken(rule));
    });
  }
});
