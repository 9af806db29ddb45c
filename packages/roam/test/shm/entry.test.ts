import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { ProtocolError } from "roam";
import {
  inlineEntryBytes,
  MAPPING_ENTRY_BYTES,
  readEntry,
  SLOT_ENTRY_BYTES,
  writeInline,
  writeMapping,
  writeSlot,
} from "../../src/shm/entry.ts";

const hex = (text: string) => Uint8Array.from(text.split(" "), (byte) => Number.parseInt(byte, 16));
const shown = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** The entry that `write` writes at byte 4 of memory that is full of other things. */
function written(total: number, write: (bytes: Uint8Array, at: number) => void): Uint8Array {
  const bytes = new Uint8Array(total + 8).fill(0xee);
  write(bytes, 4);
  assert.deepEqual(
    [...bytes.subarray(0, 4), ...bytes.subarray(4 + total)],
    Array(8).fill(0xee),
    "nothing beside it",
  );
  return bytes.subarray(4, 4 + total);
}

suite("entries of a ring, as the contract writes them", () => {
  // r[verify shm.framing]
  // r[verify shm.framing.header]
  // r[verify shm.framing.inline]
  // r[verify shm.framing.alignment]
  test("inline", () => {
    const payload = hex("aa bb cc dd ee");
    const bytes = written(inlineEntryBytes(5), (all, at) =>
      all.set(payload, writeInline(all, at, payload.length)),
    );
    assert.equal(shown(bytes), "10 00 00 00 00 00 05 00 aa bb cc dd ee 00 00 00");
    assert.deepEqual(readEntry(bytes, 0, 16), { kind: "inline", total: 16, at: 8, length: 5 });
    const empty = written(inlineEntryBytes(0), (all, at) => writeInline(all, at, 0));
    assert.equal(shown(empty), "08 00 00 00 00 00 00 00");
    assert.deepEqual(readEntry(empty, 0, 8), { kind: "inline", total: 8, at: 8, length: 0 });
  });

  // r[verify shm.framing.slot-ref]
  test("a slot", () => {
    const ref = { classIndex: 1, slot: 3, generation: 7 };
    const bytes = written(SLOT_ENTRY_BYTES, (all, at) => writeSlot(all, at, ref));
    assert.equal(shown(bytes), "14 00 00 00 01 00 00 00 01 00 00 00 03 00 00 00 07 00 00 00");
    assert.deepEqual(readEntry(bytes, 0, 64), { kind: "slot", total: 20, ref });
  });

  // r[verify shm.framing.mmap-ref]
  test("a mapping", () => {
    const ref = { mapping: 2, generation: 0, offset: 4096n, length: 70_000 };
    const bytes = written(MAPPING_ENTRY_BYTES, (all, at) => writeMapping(all, at, ref));
    assert.equal(
      shown(bytes),
      "20 00 00 00 02 00 00 00 02 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 70 11 01 00 00 00 00 00",
    );
    assert.deepEqual(readEntry(bytes, 0, 32), { kind: "mapping", total: 32, ref });
  });

  for (const { name, bytes, available = 64, rule } of [
    {
      name: "a length beyond what is there",
      bytes: "10 00 00 00 00 00 05 00",
      available: 12,
      rule: "shm.framing.header",
    },
    { name: "a length without a header", bytes: "04 00 00 00 00 00 00 00", rule: "shm.framing.header" },
    {
      name: "a length that is no multiple of 4",
      bytes: "09 00 00 00 00 00 01 00",
      rule: "shm.framing.header",
    },
    { name: "less than a header", bytes: "10 00 00 00", available: 4, rule: "shm.framing.header" },
    { name: "both flags", bytes: "20 00 00 00 03 00 00 00", rule: "shm.framing.flags" },
    { name: "a flag that nobody knows", bytes: "08 00 00 00 04 00 00 00", rule: "shm.framing.flags" },
    {
      name: "an inline payload beyond its entry",
      bytes: "0c 00 00 00 00 00 05 00",
      rule: "shm.framing.inline",
    },
    { name: "a slot that is cut off", bytes: "10 00 00 00 01 00 00 00", rule: "shm.framing.slot-ref" },
    { name: "another extent", bytes: "14 00 00 00 01 00 00 00 01 01", rule: "shm.varslot.extents" },
    { name: "a mapping that is cut off", bytes: "1c 00 00 00 02 00 00 00", rule: "shm.framing.mmap-ref" },
  ]) {
    // r[verify shm.framing.flags]
    // r[verify shm.varslot.extents]
    test(`${name} is refused`, () => {
      const all = new Uint8Array(64);
      all.set(hex(bytes));
      assert.throws(
        () => readEntry(all, 0, available),
        (error) => error instanceof ProtocolError && error.rule === rule,
      );
    });
  }

  test("no bytes do more than give an entry within them, or a ProtocolError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 64 }), (bytes) => {
        try {
          const { total } = readEntry(bytes, 0, bytes.length);
          assert.ok(total >= 8 && total <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }),
    );
  });
});
