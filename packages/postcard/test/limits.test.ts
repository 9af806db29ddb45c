import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DecodeError, decode, encode, MAX_DEPTH, MAX_ELEMENTS, Reader, type Schema, t } from "roam-postcard";
import { bytes } from "./hex.ts";

/** The counts and lengths that a few bytes can claim. */
const CLAIMS = [
  { name: "one more than there is", varint: "03" },
  { name: "2^24", varint: "80 80 80 08" },
  { name: "2^24 + 1", varint: "81 80 80 08" },
  { name: "2^32 - 1", varint: "FF FF FF FF 0F" },
  { name: "2^53", varint: "80 80 80 80 80 80 80 10" },
  { name: "2^64 - 1", varint: "FF FF FF FF FF FF FF FF FF 01" },
];

// r[verify codec.x.limits]
suite("a count or length that promises more than follows", () => {
  for (const [kind, schema] of Object.entries({
    string: t.string,
    char: t.char,
    bytes: t.bytes,
    "byte slice": t.byteSlice,
    "list of u8": t.list(t.u8),
    "list of f64": t.list(t.f64),
    "list of strings": t.list(t.string),
    "list of options": t.list(t.option(t.unit)),
    "list of lists": t.list(t.list(t.unit)),
    set: t.set(t.u16),
    map: t.map(t.unit, t.u8),
  } as Record<string, Schema>)) {
    for (const { name, varint } of CLAIMS) {
      test(`${kind}, ${name}: refused where it stands`, () => {
        assert.throws(
          () => decode(schema, bytes(`${varint} 00 00`)),
          (error) => error instanceof DecodeError && error.offset === 0,
        );
      });
    }
  }

  for (const [kind, schema, smallest] of [
    ["bool", t.bool, "00"],
    ["u128", t.u128, "00"],
    ["f32", t.f32, "00 00 00 00"],
    ["f64", t.f64, "00 00 00 00 00 00 00 00"],
    ["char", t.char, "01 61"],
    ["string", t.string, "00"],
    ["bytes", t.bytes, "00"],
    ["option", t.option(t.f64), "00"],
    ["list", t.list(t.f64), "00"],
    ["map", t.map(t.f64, t.f64), "00"],
    ["array", t.array(t.char, 2), "01 61 01 61"],
    ["tuple", t.tuple([t.u8, t.unit, t.u64]), "01 02"],
    ["struct", t.struct("S", { a: t.f32, b: t.unit }), "00 00 00 00"],
    ["enum", t.enum("E", { A: t.f64, B: t.unit }), "01"],
    ["result with the smaller err", t.result(t.f64, t.unit), "01"],
    ["result with the smaller ok", t.result(t.u8, t.f64), "00 01"],
    ["newtype", t.newtype("N", t.u8), "00"],
  ] as readonly [kind: string, schema: Schema, smallest: string][]) {
    test(`three of the smallest ${kind} are no such promise`, () => {
      const values = decode(t.list(schema), bytes(`03 ${`${smallest} `.repeat(3)}`), { isStrict: true });
      assert.equal((values as readonly unknown[]).length, 3);
      const map = decode(
        t.map(t.u8, schema),
        bytes(`03 ${[0, 1, 2].map((key) => `0${key} ${smallest}`).join(" ")}`),
      );
      assert.equal((map as ReadonlyMap<unknown, unknown>).size, 3);
    });
  }

  test("is refused by the size of its elements, before any is read", () => {
    let reads = 0;
    const counted = t.custom({
      name: "counted",
      minBytes: 4,
      encode: () => {},
      decode: (reader) => {
        reads++;
        return reader.f32();
      },
    });
    assert.throws(() => decode(t.list(t.tuple([counted, t.u8])), bytes(`02 ${"00 ".repeat(9)}`)), {
      message: "count 2 runs past the end at byte 0",
    });
    assert.equal(reads, 0);
  });
});

// r[verify codec.x.limits]
suite("elements without bytes", () => {
  const atLimit = bytes("80 80 80 08");
  const aboveLimit = bytes("81 80 80 08");

  for (const [kind, schema] of Object.entries({
    "list of units": t.list(t.unit),
    "slice of unit structs": t.slice(t.unitStruct("U")),
    "list of empty arrays": t.list(t.array(t.u8, 0)),
    "set of units": t.set(t.unit),
    "map of units": t.map(t.unit, t.struct("E", {})),
  } as Record<string, Schema>)) {
    test(`${kind}: 2^24 + 1 are refused`, () => {
      assert.throws(() => decode(schema, aboveLimit), {
        message: `count ${MAX_ELEMENTS + 1} exceeds ${MAX_ELEMENTS} at byte 0`,
      });
    });
  }

  test("2^24 are accepted", () => {
    assert.equal((decode(t.list(t.unit), atLimit) as readonly undefined[]).length, MAX_ELEMENTS);
    const E = t.struct("E", { nothing: t.unit });
    assert.deepEqual(decode(t.set(E), atLimit), new Set([{ nothing: undefined }]));
    assert.deepEqual(decode(t.map(E, t.unit), atLimit), new Map([[{ nothing: undefined }, undefined]]));
  });

  test("2^24 take one value and the list of them, not an object each", () => {
    const before = process.memoryUsage().heapUsed;
    const list = decode(t.list(t.struct("E", { nothing: t.unit })), atLimit);
    assert.deepEqual([list.length, list.at(-1)], [MAX_ELEMENTS, { nothing: undefined }]);
    assert.ok(process.memoryUsage().heapUsed - before < 16 * MAX_ELEMENTS);
  });

  test("many lists of them in one payload share the limit", () => {
    const lists = t.list(t.list(t.unit));
    const half = "80 80 80 04";
    assert.equal(decode(lists, bytes(`02 ${half} ${half}`)).length, 2);
    assert.throws(() => decode(lists, bytes(`03 ${half} ${half} 01`)), {
      message: `more than ${MAX_ELEMENTS} elements without bytes at byte 9 in [2]`,
    });
  });

  test("elements with bytes do not count against it", () => {
    const reader = new Reader(new Uint8Array(16));
    for (let index = 0; index < 3; index++) assert.equal(reader.count(1), 0);
  });
});

// r[verify codec.x.limits]
suite("nesting", () => {
  type Lists = Lists[];
  const Lists: Schema<Lists> = t.list(t.lazy(() => Lists));
  interface Chain {
    next: Chain | null;
  }
  const Chain: Schema<Chain> = t.struct("Chain", { next: t.option(t.lazy(() => Chain)) });
  type Tree = { tag: "Leaf" } | { tag: "Node"; value: Tree };
  const Tree: Schema<Tree> = t.enum("Tree", { Leaf: t.unit, Node: [t.lazy((): Schema<Tree> => Tree)] });
  const Wrapped: Schema<Lists> = t.transparent("Wrapped", t.list(t.lazy(() => Wrapped)));
  const deep = (levels: number, around: (inner: unknown) => unknown, core: unknown): unknown =>
    levels === 0 ? core : deep(levels - 1, around, around(core));

  for (const { name, schema, open, core, value } of [
    {
      name: "lists",
      schema: Lists,
      open: "01",
      core: "00",
      value: (n: number) => deep(n - 1, (inner) => [inner], []),
    },
    {
      name: "transparent wrappers, which are no level,",
      schema: Wrapped,
      open: "01",
      core: "00",
      value: (n: number) => deep(n - 1, (inner) => [inner], []),
    },
    {
      name: "enums",
      schema: Tree,
      open: "01",
      core: "00",
      value: (n: number) => deep(n - 1, (inner) => ({ tag: "Node", value: inner }), { tag: "Leaf" }),
    },
  ] as readonly {
    name: string;
    schema: Schema;
    open: string;
    core: string;
    value: (levels: number) => unknown;
  }[]) {
    const payload = (levels: number) => bytes(`${open.repeat(levels - 1)}${core}`);
    test(`${MAX_DEPTH} ${name} are accepted`, () => {
      assert.deepEqual(decode(schema, payload(MAX_DEPTH), { isStrict: true }), value(MAX_DEPTH));
      assert.deepEqual(encode(schema, value(MAX_DEPTH)), payload(MAX_DEPTH));
    });
    test(`${MAX_DEPTH + 1} ${name} are refused`, () => {
      assert.throws(() => decode(schema, payload(MAX_DEPTH + 1)), {
        reason: "nesting deeper than 128",
        name: "DecodeError",
      });
      assert.throws(() => encode(schema, value(MAX_DEPTH + 1)), {
        reason: "nesting deeper than 128",
        name: "EncodeError",
      });
    });
  }

  test("a struct and its option are two levels", () => {
    const chain = (links: number) => deep(links - 1, (next) => ({ next }), { next: null }) as Chain;
    assert.equal(encode(Chain, chain(64)).length, 64);
    assert.throws(() => encode(Chain, chain(65)), { name: "EncodeError" });
    assert.throws(() => decode(Chain, bytes(`${"01".repeat(64)}00`)), DecodeError);
  });

  test("siblings do not add up", () => {
    const wide = Array.from({ length: 1000 }, () => [[[]]]);
    assert.deepEqual(decode(Lists, encode(Lists, wide)), wide);
  });

  test("a value that contains itself is refused", () => {
    const endless: Lists = [];
    endless.push(endless);
    assert.throws(() => encode(Lists, endless), { reason: "nesting deeper than 128" });
  });

  test("a type written out beyond the limit is counted too", () => {
    const written = deep(MAX_DEPTH, (inner) => t.list(inner as Schema), t.list(t.u8)) as Schema;
    assert.throws(() => decode(written, bytes("01".repeat(MAX_DEPTH + 2))), {
      reason: "nesting deeper than 128",
    });
  });
});
