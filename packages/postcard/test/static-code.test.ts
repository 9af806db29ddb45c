import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compile, nodeOf, type Schema, t } from "roam-postcard";
import { type StaticCode, useStaticCode } from "roam-postcard/static";
import { staticCodeText } from "roam-postcard/static-text";
import { typeArbitrary, valueArbitrary } from "./arbitrary.ts";
import { assertSameDecoding, assertSameEncoding, type Forms } from "./forms.ts";
import { bytes } from "./hex.ts";

const { Function: evaluate } = globalThis;

/** Closures, and the code as a module would carry it. */
function formsOf<T>(schema: Schema<T>): Forms<T> {
  const fast = compile({ ...nodeOf(schema) } as Schema<T>);
  const text = staticCodeText(schema as Schema);
  if (text !== undefined) {
    const code: StaticCode = evaluate(`"use strict";return ${text}`)();
    withoutEvaluation(() => useStaticCode(fast, code));
  }
  return { slow: compile({ ...nodeOf(schema) } as Schema<T>), fast };
}

/** As on a page that forbids code from strings. */
function withoutEvaluation(work: () => void): void {
  globalThis.Function = function Forbidden() {
    throw new EvalError("Code generation from strings disallowed for this context");
  } as unknown as FunctionConstructor;
  try {
    work();
  } finally {
    globalThis.Function = evaluate;
  }
}

const typed = typeArbitrary.chain((schema) => fc.tuple(fc.constant(schema), valueArbitrary(schema)));

// fast-check prints the seed and the smallest failing case.
suite("code from a module does what closures do, for any type", () => {
  test("with its values, and those of another type", () => {
    fc.assert(
      fc.property(typed, typed, ([schema, value], [, other]) => {
        const both = formsOf(schema);
        withoutEvaluation(() => {
          assertSameEncoding(both, value);
          assertSameEncoding(both, other);
          assertSameDecoding(both, both.slow.toBytes(value));
        });
      }),
      { numRuns: 500 },
    );
  });

  // r[verify codec.x.invalid]
  test("with a payload cut short, or with a byte changed", () => {
    fc.assert(
      fc.property(typed, fc.nat(), fc.integer({ min: 0, max: 255 }), ([schema, value], at, byte) => {
        const both = formsOf(schema);
        const payload = both.slow.toBytes(value).slice();
        if (payload.length === 0) return;
        withoutEvaluation(() => {
          assertSameDecoding(both, payload.subarray(0, at % payload.length));
          payload[at % payload.length] = byte;
          assertSameDecoding(both, payload);
        });
      }),
      { numRuns: 500 },
    );
  });
});

interface Tree {
  value: bigint;
  children: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u128, children: t.list(t.lazy(() => Tree)) });
const units = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`V${at}`, t.unit]));

suite("code from a module does what closures do, for", () => {
  for (const { name, schema, value } of [
    {
      name: "a type inside itself with a rare part",
      schema: Tree,
      value: { value: 2n ** 70n, children: [{ value: 1n, children: [] }] },
    },
    { name: "an enum of many units", schema: t.list(t.enum("Many", units)), value: ["V0", "V19"] },
    {
      name: "rare parts at several places",
      schema: t.struct("S", { a: t.char, b: t.option(t.f32), c: t.tuple([t.byteSlice, t.u128]) }),
      value: { a: "ä", b: 1.5, c: [bytes("01"), 7n] },
    },
    {
      name: "members without an identity",
      schema: t.set(t.tuple([t.u8, t.char])),
      value: new Set([[1, "a"]]),
    },
    {
      name: "texts, short and in lists",
      schema: t.tuple([t.string, t.list(t.string)]),
      value: ["abc", Array.from({ length: 30 }, (_, at) => "é".repeat(at))],
    },
  ] as readonly { name: string; schema: Schema; value: unknown }[]) {
    test(name, () => {
      const both = formsOf(schema);
      const text = staticCodeText(schema) ?? assert.fail("there is no code");
      const code: StaticCode = evaluate(`"use strict";return ${text}`)();
      const usual = compile({ ...nodeOf(schema) } as Schema);
      const never = () => assert.fail("left to closures");
      useStaticCode(usual, {
        encoder: (help, closure) => code.encoder(help, closure, never),
        decoder: (help, closure) => code.decoder(help, closure, never),
      });
      assert.deepEqual(usual.fromBytes(usual.toBytes(value)), value);
      withoutEvaluation(() => {
        assertSameEncoding(both, value);
        assertSameDecoding(both, both.slow.toBytes(value));
        assert.deepEqual(both.fast.fromBytes(both.fast.toBytes(value)), value);
      });
    });
  }

  test("what has a codec of its own there is no code", () => {
    const own = t.custom<number>({ name: "own", minBytes: 1, encode: () => {}, decode: () => 1 });
    assert.equal(staticCodeText(t.list(own) as Schema), undefined);
  });

  test("names in a schema never become code", () => {
    const name = '"];throw new Error("ran")//\n`$`';
    const both = formsOf(
      t.struct(name, { [name]: t.u8, __proto__x: t.enum("E", { [name]: t.unit, B: t.u8 }) }),
    );
    const value = { [name]: 1, __proto__x: { tag: name } } as never;
    assertSameEncoding(both, value);
    assertSameDecoding(both, bytes("01 00"));
  });
});
