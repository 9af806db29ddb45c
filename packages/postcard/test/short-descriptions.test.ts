import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compile, DecodeError, MAX_ELEMENTS, Reader, type Schema, t } from "roam-postcard";
import { forms } from "./forms.ts";

/** Longer than any of these takes by orders of magnitude (ms); what they guard against takes for ever. */
const LIMIT_MS = 5_000;

/** Two of the type before, so often: a type that holds `inner` 2^levels times, in few words. */
function doubled(inner: Schema, levels: number): Schema {
  let schema = inner;
  for (let level = 0; level < levels; level++) schema = t.tuple([schema, schema]);
  return schema;
}

/** Bytes by which the heap grows; what was collected meanwhile is not in it. */
function allocatedBy(run: () => void): number {
  const before = process.memoryUsage().heapUsed;
  run();
  const grown = process.memoryUsage().heapUsed - before;
  return grown < 0 ? Number.POSITIVE_INFINITY : grown;
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
    { name: "2^32 ends of a payload", schema: t.array(t.trailing, 2 ** 32 - 1) },
    { name: "2^16 + 1 ends of a payload", schema: t.array(t.tuple([t.trailing]), 2 ** 16 + 1) },
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

  for (const [name, schema] of Object.entries({
    list: t.list(t.trailing),
    set: t.set(t.trailing),
    map: t.map(t.trailing, t.unit),
  } as Record<string, Schema>)) {
    // r[verify codec.x.limits]
    test(`a ${name} of 2^24 ends of a payload is refused`, { timeout: LIMIT_MS }, () => {
      const payload = Uint8Array.of(0x80, 0x80, 0x80, 0x08, 1);
      assert.throws(() => compile(schema).decode(new Reader(payload)), /elements without bytes/);
    });
  }

  // r[verify codec.x.limits]
  for (const form of ["slow", "fast"] as const) {
    test(`arrays of 2^32 items inside each other are no memory before there are items: ${form}`, () => {
      const inner: Schema = t.lazy(() => hostile) as Schema;
      const hostile: Schema = t.tupleStruct("T", [t.array(inner, 2 ** 32 - 1), t.u8]) as Schema;
      const { decode } = forms(hostile)[form];
      const lists: Schema = t.lazy(() => nested) as Schema;
      const nested: Schema = t.struct("Nested", { items: t.list(lists) }) as Schema;
      const { decode: decodeLists } = forms(nested)[form];
      // Each level claims as many lists as there are bytes left.
      const claims = new Uint8Array(70_000).fill(1);
      for (let level = 0; level < 120; level++) claims.set([0xff, 0xff, 0x03], 3 * level);
      for (const run of [
        () => decode(new Reader(new Uint8Array(64))),
        () => decodeLists(new Reader(claims)),
      ]) {
        const least = Math.min(...[1, 2, 3].map(() => allocatedBy(() => assert.throws(run, DecodeError))));
        assert(least < 4 * 2 ** 20, `${least} bytes`);
      }
    });
  }

  // r[verify codec.x.limits]
  for (const form of ["slow", "fast"] as const) {
    test(`arrays of 2^16 units are one, however often they are in a payload: ${form}`, () => {
      const units = t.array(t.unit, 2 ** 16);
      const maps: Schema = t.array(t.map(units, t.tuple([units, t.bool])), 60) as Schema;
      const { decode } = forms(maps)[form];
      const payload = new Uint8Array(120).fill(1);
      decode(new Reader(payload));
      const run = () => assert.equal((decode(new Reader(payload)) as unknown[]).length, 60);
      assert(Math.min(...[1, 2, 3].map(() => allocatedBy(run))) < 2 ** 18);
    });

    test(`what is made of units and of lists of them is told apart in a set: ${form}`, () => {
      const member = t.tuple([t.list(t.unit), t.option(t.array(t.unit, 2))]);
      const { decode } = forms(t.set(member) as Schema)[form];
      const two = [undefined, undefined];
      assert.deepEqual(
        decode(new Reader(Uint8Array.of(5, 1, 0, 2, 0, 1, 0, 2, 1, 1, 1))),
        new Set([
          [[undefined], null],
          [two, null],
          [two, two],
          [[undefined], two],
        ]),
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
