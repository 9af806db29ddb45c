import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compile, Reader, type Schema, t, Writer } from "roam-postcard";
import { useGeneratedCode } from "roam-postcard/generated";
import { typeArbitrary, valueArbitrary } from "./arbitrary.ts";
import { assertSameDecoding, assertSameEncoding, forms, outcome } from "./forms.ts";
import { bytes, hex } from "./hex.ts";

const typed = typeArbitrary.chain((schema) => fc.tuple(fc.constant(schema), valueArbitrary(schema)));

// fast-check prints the seed and the smallest failing case.
suite("generated code does what closures do, for any type", () => {
  // r[verify codec.x.plan]
  test("with its values", () => {
    fc.assert(
      fc.property(typed, ([schema, value]) => {
        const both = forms(schema);
        assertSameEncoding(both, value);
        assertSameDecoding(both, both.slow.toBytes(value));
      }),
      { numRuns: 300 },
    );
  });

  test("with the values of another type, whole or in part", () => {
    fc.assert(
      fc.property(typed, typed, ([schema], [, value]) => {
        const both = forms(schema);
        assertSameEncoding(both, value);
        assertSameEncoding({ slow: both.slow, fast: both.fast }, [value]);
      }),
      { numRuns: 300 },
    );
  });

  test("with a value that is spoilt in one place", () => {
    const junk = fc.constantFrom<unknown[]>(
      undefined,
      null,
      -1,
      0.5,
      2 ** 53,
      1n,
      "\ud800",
      "x",
      {},
      [],
      true,
    );
    fc.assert(
      fc.property(typed, junk, fc.nat(), ([schema, value], replacement, at) => {
        assertSameEncoding(forms(schema), spoilt(value, replacement, at));
      }),
      { numRuns: 600 },
    );
  });

  // r[verify codec.x.invalid]
  test("with a payload cut short, or with a byte changed", () => {
    fc.assert(
      fc.property(typed, fc.nat(), fc.integer({ min: 0, max: 255 }), ([schema, value], at, byte) => {
        const both = forms(schema);
        const payload = both.slow.toBytes(value).slice();
        if (payload.length === 0) return;
        assertSameDecoding(both, payload.subarray(0, at % payload.length));
        payload[at % payload.length] = byte;
        assertSameDecoding(both, payload);
      }),
      { numRuns: 600 },
    );
  });

  test("with any bytes", () => {
    fc.assert(
      fc.property(typeArbitrary, fc.uint8Array({ maxLength: 200 }), (schema, payload) => {
        assertSameDecoding(forms(schema), payload);
      }),
      { numRuns: 600 },
    );
  });
});

/** The value with something else in its n-th place, counted through all levels and around. */
function spoilt(value: unknown, replacement: unknown, at: number): unknown {
  const total = places(value);
  let left = at % total;
  const visit = (part: unknown): unknown => {
    if (left-- === 0) return replacement;
    if (Array.isArray(part)) return part.map(visit);
    if (part instanceof Map) return new Map([...part].map(([key, own]) => [visit(key), visit(own)]));
    if (part instanceof Set) return new Set([...part].map(visit));
    if (typeof part !== "object" || part === null || part instanceof Uint8Array) return part;
    return Object.fromEntries(Object.entries(part).map(([key, own]) => [key, visit(own)]));
  };
  return visit(value);
}

function places(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 1;
  const parts =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return parts.reduce<number>((sum, part) => sum + places(part), 1);
}

interface Tree {
  value: number;
  children: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u32, children: t.list(t.lazy(() => Tree)) });
const chain = (depth: number): Tree => ({ value: depth, children: depth === 0 ? [] : [chain(depth - 1)] });

const units = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`V${at}`, t.unit]));
const wideStruct = t.struct(
  "Wide",
  Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`f${at}`, at % 3 === 0 ? t.string : t.i32])),
);
const text = (length: number, character = "x") => character.repeat(length);

// What random types and values come upon rarely or never.
suite("generated code does what closures do, for", () => {
  for (const { name, schema, values } of [
    {
      name: "integers at their limits and beyond",
      schema: t.tuple([t.u8, t.u16, t.u32, t.i8, t.i16, t.i32]),
      values: [
        [0xff, 0xffff, 0xffff_ffff, 0x7f, 0x7fff, 0x7fff_ffff],
        [0, 0, 0, -0x80, -0x8000, -0x8000_0000],
        [-0, -0, -0, -0, -0, -0],
        [0x100, 0, 0, 0, 0, 0],
        [0, 0x1_0000, 0, 0, 0, 0],
        [0, 0, 0x1_0000_0000, 0, 0, 0],
        [0, 0, 0, 0x80, 0, 0],
        [0, 0, 0, 0, -0x8001, 0],
        [0, 0, 0, 0, 0, 0x8000_0000],
        [0, 0, 0, 0, 0, "1"],
        [0, 0, Number.NaN, 0, 0, 1],
        [0, 0, 0, 0, 0, { valueOf: () => 1 }],
        [0, 0, 0, 0, 0, Symbol("x")],
      ],
    },
    {
      name: "integers of every length, many in a row",
      schema: t.list(t.i32),
      values: [
        Array.from({ length: 64 }, (_, bits) => (bits % 2 === 0 ? 1 : -1) * Math.floor(2 ** (bits / 2))),
      ],
    },
    {
      name: "lists of every small number",
      schema: t.list(t.u16),
      values: [Array.from({ length: 70_000 }, (_, at) => at & 0xffff)],
    },
    {
      name: "bigints at their limits and beyond",
      schema: t.tuple([t.u64, t.i64, t.u128, t.i128]),
      values: [
        [0n, 0n, 0n, 0n],
        [2n ** 64n - 1n, 2n ** 63n - 1n, 2n ** 128n - 1n, 2n ** 127n - 1n],
        [2n ** 32n, -(2n ** 63n), 2n ** 64n, -(2n ** 127n)],
        [2n ** 31n, -(2n ** 31n), 2n ** 63n, -1n],
        [2n ** 64n, 0n, 0n, 0n],
        [-1n, 0n, 0n, 0n],
        [0n, 2n ** 63n, 0n, 0n],
        [0n, -(2n ** 63n) - 1n, 0n, 0n],
        [1, 0n, 0n, 0n],
      ],
    },
    {
      name: "floats, NaN with bits of its own among them",
      schema: t.tuple([t.f32, t.f64, t.list(t.f64), t.list(t.f32)]),
      values: [
        [1.5, -0, [0, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE], [Number.NaN, -0, 1e300]],
        [1, 2, [3, "4"], []],
      ],
    },
    {
      name: "texts of all lengths",
      schema: t.tuple([t.string, t.list(t.string)]),
      values: Array.from({ length: 300 }, (_, length) => [
        text(length),
        [text(length), text(length), text(length)],
      ]),
    },
    {
      name: "lists of texts that are short, long, empty, not ASCII, in any order",
      schema: t.tuple([t.list(t.string), t.u64]),
      values: [
        [Array.from({ length: 200 }, (_, at) => text(at)), 2n ** 64n - 1n],
        [Array.from({ length: 200 }, () => text(20)), 300n],
        [Array.from({ length: 200 }, (_, at) => (at % 30 === 0 ? text(600) : text(at % 20, "é🦀"))), 0n],
        [Array.from({ length: 200 }, () => ""), 0n],
        [Array.from({ length: 30 }, (_, at) => (at === 29 ? "\ufffd" : text(10))), 0n],
        [Array.from({ length: 30 }, (_, at) => (at === 29 ? "\udc00" : text(10))), 0n],
      ],
    },
    {
      name: "enums of more variants than are compared by name, or fit a byte",
      schema: t.list(t.enum("Many", { ...units(200), Last: { value: t.string } })),
      values: [
        [{ tag: "V0" }, { tag: "V127" }, { tag: "V128" }, { tag: "Last", value: "x" }],
        [{ tag: "None" }],
      ],
    },
    {
      name: "enums of as many units",
      schema: t.list(t.enum("Units", units(200))),
      values: [["V0", "V127", "V128", "V199"], ["V200"], [0]],
    },
    {
      name: "names that mean something in JavaScript",
      schema: t.struct('"];throw 1;//', {
        ["__proto__"]: t.u8,
        "a b": t.u8,
        "\u2028": t.u8,
        '"]': t.u8,
        constructor: t.u8,
      }),
      values: [
        Object.fromEntries([
          ["__proto__", 1],
          ["a b", 2],
          ["\u2028", 3],
          ['"]', 4],
          ["constructor", 5],
        ]),
      ],
    },
    {
      name: "structs of many fields",
      schema: t.list(wideStruct),
      values: [[wideValue(), wideValue()], [{}]],
    },
    {
      name: "types in one another to the limit and beyond",
      schema: Tree,
      values: [chain(0), chain(20), chain(62), chain(63), chain(64), chain(200)],
    },
    {
      name: "options of options, results, maps and sets",
      schema: t.struct("All", {
        option: t.option(t.option(t.string)),
        result: t.result(t.string, t.unit),
        map: t.map(t.string, t.list(t.u8)),
        set: t.set(t.tuple([t.u8])),
      }),
      values: [
        { option: null, result: { ok: "x" }, map: new Map([["a", [1]]]), set: new Set([[1], [1], [2]]) },
        { option: { some: null }, result: { err: undefined }, map: new Map(), set: new Set() },
        { option: { some: "x" }, result: {}, map: new Map(), set: new Set() },
      ],
    },
    {
      name: "what holds custom parts, or items without bytes",
      schema: t.struct("Rare", {
        own: t.custom<number>({
          name: "own",
          minBytes: 1,
          encode: (w, value: number) => w.u8(value),
          decode: (r) => r.u8(),
        }),
        units: t.list(t.unit),
      }),
      values: [
        { own: 1, units: [undefined, undefined] },
        { own: 1, units: [1] },
      ],
    },
  ] as readonly { name: string; schema: Schema; values: readonly unknown[] }[]) {
    test(name, () => {
      for (const value of values) {
        const both = forms(schema);
        assertSameEncoding(both, value);
        const payload = outcome(() => both.slow.toBytes(value)) as { value?: Uint8Array };
        if (payload.value === undefined) continue;
        assertSameDecoding(both, payload.value);
        for (let cut = 0; cut < Math.min(payload.value.length, 40); cut++) {
          assertSameDecoding(both, payload.value.subarray(0, cut));
        }
      }
    });
  }

  for (const { name, schema, hex: text } of [
    { name: "a varint in more bytes than it needs", schema: t.u32, hex: "80 80 00" },
    { name: "a u16 in more bytes than it may take", schema: t.u16, hex: "80 80 80 00" },
    { name: "a u16 above its limit", schema: t.list(t.u16), hex: "01 80 80 04" },
    { name: "a u32 above its limit", schema: t.u32, hex: "FF FF FF FF 10" },
    { name: "a u32 above its limit in a list", schema: t.list(t.u32), hex: "01 FF FF FF FF 10" },
    {
      name: "an i32 above its limit in a list",
      schema: t.list(t.i32),
      hex: "02 FF FF FF FF 0F FF FF FF FF 1F",
    },
    { name: "an integer cut short in a list", schema: t.list(t.i32), hex: "02 01 80 80" },
    { name: "a u32 without end", schema: t.list(t.u32), hex: "01 FF FF FF FF FF FF" },
    { name: "a length in more bytes than it needs", schema: t.string, hex: "81 80 00 61" },
    { name: "a length beyond 2^32", schema: t.string, hex: "80 80 80 80 10 61" },
    {
      name: "a variant in more bytes than it needs",
      schema: t.enum("E", { A: t.u8, B: t.unit }),
      hex: "80 00 05",
    },
    { name: "a variant that is none", schema: t.list(t.enum("E", { A: t.u8, B: t.unit })), hex: "02 01 02" },
    { name: "an option that is none", schema: t.list(t.option(t.u8)), hex: "01 02 00" },
    { name: "text that is none", schema: t.list(t.string), hex: "02 01 61 02 C3 28" },
    { name: "text that is none among many", schema: t.list(t.string), hex: `07 ${"01 61 ".repeat(6)} 01 FF` },
    {
      name: "a varint in more bytes than it needs, some levels deep",
      schema: Tree,
      hex: "01 01 02 80 80 80 80 80 00",
    },
    {
      name: "more items without bytes than a payload may have",
      schema: t.list(t.list(t.lazy(() => t.unit))),
      hex: "02 80 80 80 08 80 80 80 08",
    },
    { name: "a count above the limit", schema: t.list(t.u8), hex: "81 80 80 08 00" },
    {
      name: "a short text behind a long length",
      schema: t.list(t.string),
      hex: `07 ${"01 61 ".repeat(6)} 81 00 62`,
    },
  ] as readonly { name: string; schema: Schema; hex: string }[]) {
    test(name, () => assertSameDecoding(forms(schema), bytes(text)));
  }
});

function wideValue(): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`f${at}`, at % 3 === 0 ? text(at) : at * 1_000_003]),
  );
}

suite("a codec that becomes warm", () => {
  const Point = t.struct("Point", { x: t.i32, y: t.i32 });

  test("exchanges its functions, and those taken from it before go on to work", () => {
    const uses = 3;
    assert.ok(useGeneratedCode({ afterUses: uses }));
    const codec = compile(Point);
    const { encode, decode, fromBytes, toBytes } = codec;
    for (let use = 0; use < uses + 3; use++) {
      const isOld = use <= uses;
      assert.equal(codec.encode === encode, isOld);
      assert.equal(codec.decode === decode, isOld);
      assert.equal(codec.toBytes === toBytes, isOld);
      assert.equal(codec.fromBytes === fromBytes, isOld);
      const point = { x: use, y: ~use };
      const payload = toBytes(point);
      assert.deepEqual(fromBytes(payload), point);
      assert.deepEqual(decode(new Reader(payload)), point);
      const writer = new Writer();
      encode(writer, point);
      assert.deepEqual(writer.finish(), payload);
    }
    assert.match(String(codec.fromBytes), /"x":/, "straight-line code");
  });

  test("leaves what was in the writer and in the reader", () => {
    const { fast } = forms(t.tuple([t.bytes, t.u8]));
    const writer = new Writer({ gatherFrom: 2 });
    writer.raw(bytes("AA AA AA"));
    writer.depth = 3;
    assert.throws(() => fast.encode(writer, [bytes("01 02 03"), 256]), { name: "EncodeError", path: "[1]" });
    writer.rollback({ offset: 0, gathered: 1 });
    fast.encode(writer, [bytes("01 02 03"), 255]);
    assert.deepEqual(writer.take().map(hex), ["AA AA AA", "03", "01 02 03", "FF"]);
    const reader = new Reader(bytes("00 05 01 FF"));
    reader.depth = 3;
    assert.deepEqual(fast.decode(reader), [bytes(""), 5]);
    assert.throws(() => fast.decode(reader), { name: "DecodeError", path: "[1]", offset: 4 });
    assert.equal(reader.context, undefined);
    assert.equal(reader.depth, 3);
  });

  for (const [name, first, value, expected] of [
    ["numbers", t.i32, 5, "07 0A 0C"],
    ["what closures write", t.u128, 5n, "07 05 0C"],
    ["what the writer keeps apart", t.bytes, bytes("01 02 03"), "07 03 01 02 03 0C"],
  ] as readonly [string, Schema, unknown, string][]) {
    test(`does a value again from its start, ${name} before the place`, () => {
      let isFirst = true;
      const pair = {
        first: value,
        get second(): number {
          if (!isFirst) return 6;
          isFirst = false;
          throw new Error("the first time");
        },
      };
      const writer = new Writer({ gatherFrom: 2 });
      writer.u8(7);
      forms(t.struct("Pair", { first, second: t.i32 })).fast.encode(writer, pair);
      assert.equal(hex(writer.finish()), expected);
    });
  }

  test("calls the functions of custom parts once", () => {
    const calls: string[] = [];
    const own = t.custom<number>({
      name: "own",
      minBytes: 0,
      encode: () => calls.push("encode"),
      decode: () => calls.push("decode"),
    });
    const { fast } = forms(t.tuple([own, t.u8]));
    assert.throws(() => fast.toBytes([0, 256]), { name: "EncodeError" });
    assert.throws(() => fast.fromBytes(bytes("")), { name: "DecodeError" });
    assert.deepEqual(calls, ["encode", "decode"]);
  });

  test("passes on what a getter throws", () => {
    const cause = new Error("a getter that throws");
    const value = {
      get x(): number {
        throw cause;
      },
      y: 1,
    };
    assert.throws(() => forms(Point).fast.toBytes(value), cause);
  });
});

suite("useGeneratedCode", () => {
  test("says no where code from strings is forbidden, and codecs stay as they are", () => {
    const { Function: original } = globalThis;
    globalThis.Function = function Forbidden() {
      throw new EvalError("Code generation from strings disallowed for this context");
    } as unknown as FunctionConstructor;
    try {
      assert.equal(useGeneratedCode(), false);
    } finally {
      globalThis.Function = original;
    }
  });
});
