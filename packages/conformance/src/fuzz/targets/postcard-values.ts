import { Reader, type Schema, t } from "roam-postcard";
import postcardValues from "../../../vectors/postcard_values.json" with { type: "json" };
import { checkPair, codecPairs } from "../codec-pair.ts";
import { BYTES } from "../dictionary.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { outcome } from "../same-result.ts";

const Point = () => t.struct("Point", { x: t.i32, y: t.i32 });
const Unit = () => t.enum("Unit", { A: t.unit, B: t.unit, C: t.unit });
const Shape = () =>
  t.enum("Shape", {
    Empty: t.unit,
    Circle: { center: Point(), radius: t.f64 },
    Line: [Point(), Point()],
    Name: t.string,
    Nothing: [t.unit],
    Maybe: t.option(Unit()),
  });

/** A type that contains itself in lists, maps, options and variants. */
function tree(): Schema {
  const Tree: Schema = t.lazy(() => whole);
  const whole = t.enum("Tree", {
    Leaf: t.u16,
    List: t.list(Tree),
    Pair: [Tree, Tree],
    Named: t.map(t.string, Tree),
    Maybe: t.option(Tree),
    Either: t.result(Tree, t.set(Tree)),
    Boxed: t.struct("Boxed", { inner: Tree, mark: t.bool }),
  }) as Schema;
  return whole;
}

/** One in itself by lists only: a byte is a whole value. */
function nested(): Schema {
  const Nested: Schema = t.lazy(() => whole);
  const whole = t.struct("Nested", { items: t.list(Nested) }) as Schema;
  return whole;
}

/** The first byte of an input chooses among these. */
const TYPES: readonly (() => Schema)[] = [
  () => t.tuple([t.bool, t.u8, t.u16, t.u32, t.u64, t.u128, t.usize]),
  () => t.tuple([t.i8, t.i16, t.i32, t.i64, t.i128, t.isize, t.u64.asNumber, t.i64.asNumber]),
  () => t.list(t.tuple([t.f32, t.f64])),
  () => t.struct("Texts", { a: t.string, b: t.char, c: t.option(t.string), d: t.bytes, e: t.string }),
  () => t.list(t.string),
  () => t.list(t.f64),
  () => t.list(t.u32),
  () => t.list(t.list(t.list(t.bool))),
  () => t.struct("Options", { a: t.option(t.option(t.u8)), b: t.option(t.unit), c: t.option(t.list(t.i16)) }),
  () => t.map(t.string, t.list(t.u16)),
  () => t.map(t.tuple([t.u8, t.string]), t.option(t.u32)),
  () => t.map(t.u64, t.map(t.char, t.i8)),
  () => t.set(t.string),
  () => t.set(t.struct("Member", { id: t.u32, tags: t.set(t.u8) })),
  () => t.map(t.bytes, t.set(t.tuple([t.i64, t.bool]))),
  Shape,
  () => t.list(Shape()),
  () => t.list(Unit()),
  () => t.map(Unit(), t.result(Point(), Shape())),
  () => t.result(t.list(t.result(t.u8, t.string)), t.unit),
  tree,
  nested,
  () => t.tuple([t.array(t.u16, 3), t.array(t.string, 2), t.array(t.u8, 8), t.byteSlice]),
  () => t.newtype("Id", t.transparent("Inner", t.tupleStruct("Two", [t.u32, t.slice(t.i32)]))),
  () => t.struct("Wide", Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`field${at}`, t.u32]))),
  () => t.struct("Odd", { __proto: t.u8, constructor: t.string, toString: t.bool, "a b": t.option(t.f32) }),
  () => t.struct("Tail", { head: t.u16, name: t.string, rest: t.trailing }),
  () =>
    t.list(t.struct("Row", { id: t.u64, name: t.string, at: t.f64, tags: t.list(t.string), kind: Unit() })),
];

const PAIRS = codecPairs(TYPES);

function pairOf(input: Uint8Array) {
  return PAIRS[(input[0] ?? 0) % PAIRS.length] as (typeof PAIRS)[number];
}

/** Postcard of types as people write them. */
export const target: FuzzTarget = {
  run: (input) => checkPair(pairOf(input), input.subarray(1)),
  measure: (input) => {
    outcome(() => {
      const reader = new Reader(input, 1, Math.max(1, input.length));
      return { value: pairOf(input).closures.decode(reader), end: reader.offset };
    });
  },
  seeds: () => [
    // As deep as may be, and deeper.
    ...[126, 127, 128, 129, 200].flatMap((levels) => [
      Uint8Array.from([TYPES.indexOf(nested), ...new Array(levels).fill(1), 0]),
      Uint8Array.from([TYPES.indexOf(tree), ...new Array(levels).fill([4, 1]).flat(), 0, 7]),
    ]),
    ...TYPES.flatMap((_, index) =>
      postcardValues
        .filter((_, at) => at % TYPES.length === index % 7)
        .map(({ hex }) => Uint8Array.from([index, ...Buffer.from(hex, "hex")].slice(0, 200))),
    ),
  ],
  maxBytes: 700,
  dictionary: BYTES,
};
