import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compile, DecodeError, MAX_ELEMENTS, Reader, type Schema, t } from "roam-postcard";

/** Longer than any of these takes by orders of magnitude (ms); what they guard against takes for ever. */
const LIMIT_MS = 5_000;

/** Two of the type before, so often: a type that holds `inner` 2^levels times, in few words. */
function doubled(inner: Schema, levels: number): Schema {
  let schema = inner;
  for (let level = 0; level < levels; level++) schema = t.tuple([schema, schema]);
  return schema;
}

// Found by `npm run -s fuzz -- --target schema-document`: a peer may describe its types.
suite("types that a short description makes large", () => {
  for (const { name, schema } of [
    { name: "a list of 2^40 bytes each", schema: t.list(doubled(t.u8, 40)) },
    { name: "a map from them to them", schema: t.map(doubled(t.u8, 40), doubled(t.u16, 40)) },
    { name: "a set of 2^60 strings each", schema: t.set(doubled(t.string, 60)) },
  ]) {
    // r[verify codec.x.limits]
    test(`${name} is compiled at once, and its count is checked`, { timeout: LIMIT_MS }, () => {
      const codec = compile(schema as Schema);
      assert.throws(() => codec.decode(new Reader(Uint8Array.of(1, 0, 0, 0))), DecodeError);
      assert.equal(codec.decode(new Reader(Uint8Array.of(0))) === undefined, false);
    });
  }

  for (const { name, schema } of [
    { name: "2^40 units in tuples", schema: doubled(t.unit, 40) },
    { name: "2^40 units in a list's items", schema: t.list(t.tuple([t.u8, doubled(t.unit, 40)])) },
    { name: "an array of 2^53 - 1 units", schema: t.array(t.unit, Number.MAX_SAFE_INTEGER) },
    { name: "2^24 arrays of 2^24 units", schema: t.array(t.array(t.unit, MAX_ELEMENTS), MAX_ELEMENTS) },
    { name: "one more unit than elements may be", schema: t.array(t.unit, MAX_ELEMENTS + 1) },
  ]) {
    // r[verify codec.x.limits]
    test(`${name} is refused, for all values without bytes share one limit`, { timeout: LIMIT_MS }, () => {
      const codec = compile(schema as Schema);
      assert.throws(
        () => codec.decode(new Reader(Uint8Array.of(1, 0, 0))),
        (error) => error instanceof DecodeError && /elements without bytes/.test(error.reason),
      );
    });
  }

  test("an array of a few units, and structs of units, are what they were", () => {
    const nothing = new Reader(new Uint8Array());
    assert.deepEqual(compile(t.array(t.unit, 3)).decode(nothing), [undefined, undefined, undefined]);
    assert.deepEqual(compile(t.array(t.unit, 0)).decode(nothing), []);
    const pair = t.struct("Pair", { a: t.unit, b: t.tuple([]) });
    assert.deepEqual(compile(pair).decode(nothing), { a: undefined, b: [] });
  });
});
