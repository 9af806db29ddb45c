import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fromHex } from "../src/hex.ts";
import type { NeutralType } from "../src/neutral-type.ts";
import { COMMITTED_VECTORS, checkFile, vectorFiles } from "../src/vectors/check-file.ts";
import { hasOverRangeVarint } from "../src/vectors/leniency.ts";

suite("the committed vectors", () => {
  const files = vectorFiles(COMMITTED_VECTORS);
  test("are all there", () => assert.equal(files.length, 8));
  for (const file of files) {
    test(`${file}: no case fails`, () => {
      const { passed, failures } = checkFile(COMMITTED_VECTORS, file);
      assert.deepEqual(failures, []);
      assert.ok(passed > 0);
    });
  }
});

suite("a case that is not as recorded fails", () => {
  const directory = mkdtempSync(join(tmpdir(), "vectors-"));
  after(() => rmSync(directory, { recursive: true }));

  type Case = Record<string, unknown>;
  for (const { file, name, change } of [
    { file: "method_ids.json", name: "another id", change: { method_id: "1" } },
    { file: "method_ids.json", name: "another kebab name", change: { method_kebab: "x" } },
    { file: "method_ids.json", name: "another signature", change: { signature_hex: "1010" } },
    { file: "method_ids.json", name: "an unknown kind", change: { ret: { kind: "u256" } } },
    { file: "postcard_values.json", name: "other bytes", change: { hex: "ffff" } },
    { file: "postcard_values.json", name: "another value", change: { value: 77 } },
    { file: "postcard_invalid.json", name: "bytes that decode", change: { hex: "01" } },
    {
      file: "postcard_invalid.json",
      name: "another value",
      change: { outcome: "accepts", value: true, hex: "00" },
    },
    { file: "messages.json", name: "other bytes", change: { hex: "000901" } },
    { file: "frames.json", name: "another number", change: { flags: 2, seq: 5, last_received: 7 } },
    { file: "frames_observed.json", name: "a frame cut short", change: { sent_hex: "00" } },
  ]) {
    test(`${file}, ${name}`, () => {
      const cases = JSON.parse(readFileSync(join(COMMITTED_VECTORS, file), "utf8")) as Case[];
      writeFileSync(join(directory, file), JSON.stringify([{ ...cases[0], ...change }]));
      const { passed, failures } = checkFile(directory, file);
      assert.equal(passed, 0);
      assert.equal(failures.length, 1);
    });
  }

  for (const { name, from, to } of [
    { name: "a payload", from: '"hex":"00090', to: '"hex":"00080' },
    { name: "what a payload decodes to", from: '"connection_id":"0"', to: '"connection_id":"7"' },
    {
      name: "a payload that arrived",
      from: '"initiator_to_acceptor":["',
      to: '"initiator_to_acceptor":["00',
    },
    { name: "who sent it", from: '"from":"acceptor"', to: '"from":"initiator"' },
  ]) {
    test(`transcripts.json, ${name}`, () => {
      const text = readFileSync(join(COMMITTED_VECTORS, "transcripts.json"), "utf8");
      const compact = JSON.stringify(JSON.parse(text));
      assert.ok(compact.includes(from));
      writeFileSync(join(directory, "transcripts.json"), compact.replace(from, to));
      assert.notEqual(checkFile(directory, "transcripts.json").failures.length, 0);
    });
  }

  test("and so does a file of no known name, or of no JSON", () => {
    writeFileSync(join(directory, "other.json"), "[]");
    writeFileSync(join(directory, "messages.json"), "[");
    assert.deepEqual(vectorFiles(directory).includes("other.json"), true);
    assert.equal(checkFile(directory, "other.json").failures.length, 1);
    assert.equal(checkFile(directory, "messages.json").failures.length, 1);
  });
});

// r[verify codec.x.leniency]
suite("varints that the published decoder cuts and we refuse", () => {
  const u8: NeutralType = { kind: "u8" };
  const pair: NeutralType = {
    kind: "enum",
    name: "E",
    variants: [{ name: "A", payload: { kind: "struct-variant", fields: [["a", { kind: "u16" }]] } }],
  };
  const tree: NeutralType = {
    kind: "tuple-struct",
    name: "T",
    items: [{ kind: "u32" }, { kind: "list", item: { kind: "ref", name: "T" } }],
  };
  for (const { name, type, hex, isOverRange } of [
    { name: "u16 greatest", type: { kind: "u16" }, hex: "ffff03", isOverRange: false },
    { name: "u16 65536", type: { kind: "u16" }, hex: "808004", isOverRange: true },
    { name: "u16 zero in three bytes", type: { kind: "u16" }, hex: "808000", isOverRange: false },
    { name: "u16 zero in four bytes", type: { kind: "u16" }, hex: "80808000", isOverRange: true },
    { name: "i32 of 33 bits", type: { kind: "i32" }, hex: "8080808010", isOverRange: true },
    { name: "u64 of 65 bits", type: { kind: "u64" }, hex: "80808080808080808002", isOverRange: true },
    { name: "u128 greatest", type: { kind: "u128" }, hex: `${"ff".repeat(18)}03`, isOverRange: false },
    { name: "u128 of 129 bits", type: { kind: "u128" }, hex: `${"80".repeat(18)}04`, isOverRange: true },
    { name: "a byte is no varint", type: u8, hex: "ff", isOverRange: false },
    {
      name: "a length in ten bytes",
      type: { kind: "string" },
      hex: "8180808080808080800061",
      isOverRange: false,
    },
    {
      name: "a count of 65 bits",
      type: { kind: "list", item: u8 },
      hex: "8180808080808080800207",
      isOverRange: true,
    },
    { name: "a variant index in seven bytes", type: pair, hex: "8080808080800005", isOverRange: false },
    { name: "a variant's field", type: pair, hex: "00808004", isOverRange: true },
    { name: "inside a tree", type: tree, hex: "0101808080801000", isOverRange: true },
    { name: "no varint inside a tree", type: tree, hex: "01010000", isOverRange: false },
    {
      name: "after text that looks like one",
      type: { kind: "tuple", items: [{ kind: "string" }, u8] },
      hex: "03ffff7f01",
      isOverRange: false,
    },
    {
      name: "2^24 units",
      type: { kind: "list", item: { kind: "unit" } },
      hex: "80808008",
      isOverRange: false,
    },
    {
      name: "in a map behind an option",
      type: { kind: "option", item: { kind: "map", key: u8, value: { kind: "u16" } } },
      hex: "010105ffff7f",
      isOverRange: true,
    },
  ] as readonly { name: string; type: NeutralType; hex: string; isOverRange: boolean }[]) {
    test(name, () => assert.equal(hasOverRangeVarint(type, fromHex(hex)), isOverRange));
  }
});
