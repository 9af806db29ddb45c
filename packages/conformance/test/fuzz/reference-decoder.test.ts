import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { t } from "roam-postcard";
import { referenceOf } from "../../src/fuzz/reference-decoder.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { neutral } from "../../src/neutral.ts";
import type { NeutralType } from "../../src/neutral-type.ts";
import { hasOverRangeVarint } from "../../src/vectors/leniency.ts";

interface Vector {
  readonly name: string;
  readonly type: NeutralType;
  readonly hex: string;
  readonly outcome?: "error" | "accepts";
}

const VECTORS = new URL("../../vectors/", import.meta.url);

function vectors(file: string): Vector[] {
  const all = JSON.parse(readFileSync(new URL(file, VECTORS), "utf8")) as Vector[];
  // Channels and types without values have codecs of their own.
  return all.filter(({ type }) => !/"(tx|rx)"|Infallible|trailing-payload/.test(JSON.stringify(type)));
}

suite("the fuzzer's own decoder against bytes of the published crates", () => {
  test("takes every value, to its end, and gives its bytes", () => {
    const values = vectors("postcard_values.json");
    for (const { name, type, hex } of values) {
      const found = referenceOf(neutral(type).schema, fromHex(hex));
      assert.equal(found && toHex(found.bytes), hex, name);
      assert.equal(found?.end, hex.length / 2, name);
    }
    assert.ok(values.length > 300);
  });

  test("refuses what they refuse, and what the contract has refused besides", () => {
    const invalid = vectors("postcard_invalid.json");
    for (const { name, type, hex, outcome } of invalid) {
      const isTaken = outcome === "accepts" && !hasOverRangeVarint(type, fromHex(hex));
      assert.equal(referenceOf(neutral(type).schema, fromHex(hex)) !== undefined, isTaken, name);
    }
    assert.ok(invalid.length > 200);
  });

  test("counts 128 levels, and no more", () => {
    const nested = t.struct("Nested", { items: t.list(t.lazy((): typeof t.unit => nested as never)) });
    const levels = (count: number) =>
      referenceOf(nested, Uint8Array.from([...new Array(count - 1).fill(1), 0]));
    assert.notEqual(levels(64), undefined);
    assert.equal(levels(65), undefined);
  });
});

suite("over-range varints", () => {
  // The length of a text is behind it by as many bytes as it takes itself.
  for (const { name, type, hex, isOver } of [
    { name: "behind a text", type: ["string", "u16"], hex: "0161ffff04", isOver: true },
    { name: "not behind a text", type: ["string", "u16"], hex: "0161ffff03", isOver: false },
    { name: "behind empty bytes", type: ["bytes", "i64"], hex: "00ffffff93ffffffffff7f", isOver: true },
  ]) {
    test(name, () => {
      const items = type.map((kind) => ({ kind }) as NeutralType);
      assert.equal(hasOverRangeVarint({ kind: "tuple", items }, fromHex(hex)), isOver);
    });
  }
});
