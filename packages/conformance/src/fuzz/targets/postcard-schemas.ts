import { Reader, type Schema, t } from "roam-postcard";
import { SeededRandom } from "../../../../roam/src/testing/simulation/seeded-random.ts";
import { checkPair, codecPairs } from "../codec-pair.ts";
import { BYTES } from "../dictionary.ts";
import type { FuzzTarget } from "../fuzz-target.ts";
import { outcome } from "../same-result.ts";

/** How many types there are; the first byte of an input chooses. */
const TYPES = 256;
const MOST_LEVELS = 4;

const PLAIN: readonly Schema[] = [
  t.bool,
  t.u8,
  t.u16,
  t.u32,
  t.u64,
  t.u128,
  t.i8,
  t.i16,
  t.i32,
  t.i64,
  t.i128,
  t.usize,
  t.isize,
  t.f32,
  t.f64,
  t.char,
  t.string,
  t.bytes,
  t.byteSlice,
];

/** A type made at random, always the same for one number. */
function typeOf(number: number): Schema {
  const random = new SeededRandom(number, "type");
  // Things around the one being made, for types inside themselves.
  const around: (() => Schema)[] = [];
  let names = 0;

  /** A type with a name, whose parts may be the type itself. */
  const named = (make: (name: string) => Schema): Schema => {
    let whole: Schema | undefined;
    around.push(() => whole as Schema);
    whole = make(`T${names++}`);
    around.pop();
    return whole;
  };
  const several = (level: number, least = 0): Schema[] =>
    Array.from({ length: random.integer(least, 4) }, () => part(level + 1));
  const fields = (level: number) =>
    Object.fromEntries(several(level).map((schema, at) => [`f${at}`, schema]));

  // Never of types that take no bytes: 2^24 of them fit into four, by contract.
  const weighty = (level: number): Schema => t.tuple([random.pick(PLAIN), part(level + 1)]);
  const compound: readonly ((level: number) => Schema)[] = [
    (level) => t.list(weighty(level)),
    (level) => t.slice(weighty(level)),
    () => t.list(random.pick(PLAIN)),
    (level) => t.set(weighty(level)),
    () => t.set(random.pick(PLAIN)),
    (level) => t.map(random.pick(PLAIN), part(level + 1)),
    (level) => t.map(weighty(level), part(level + 1)),
    (level) => t.option(part(level + 1)),
    (level) => t.result(part(level + 1), part(level + 1)),
    (level) => t.array(part(level + 1), random.integer(0, 4)),
    (level) => t.tuple(several(level)),
    (level) => named((name) => t.struct(name, fields(level))),
    (level) => named((name) => t.tupleStruct(name, several(level, 2))),
    (level) => named((name) => t.newtype(name, part(level + 1))),
    (level) =>
      named((name) =>
        t.enum(
          name,
          Object.fromEntries(
            Array.from({ length: random.integer(1, 5) }, (_, at) => {
              const shape = random.integer(0, 3);
              if (shape === 0) return [`V${at}`, t.unit];
              if (shape === 1) return [`V${at}`, [part(level + 1)]];
              return [`V${at}`, shape === 2 ? several(level, 2) : fields(level)];
            }),
          ),
        ),
      ),
  ];
  function part(level: number): Schema {
    const inner = around.at(-1);
    // Only where a value can end: behind an option or in a list.
    if (inner !== undefined && random.chance(0.08)) {
      const self = t.lazy(inner);
      return random.chance(0.5) ? t.option(self) : t.list(t.tuple([t.u8, self]));
    }
    if (level >= MOST_LEVELS || random.chance(0.25)) return random.chance(0.05) ? t.unit : random.pick(PLAIN);
    return random.pick(compound)(level);
  }
  return part(0);
}

const PAIRS = codecPairs(Array.from({ length: TYPES }, (_, number) => () => typeOf(number)));

function pairOf(input: Uint8Array) {
  return PAIRS[input[0] ?? 0] as (typeof PAIRS)[number];
}

/** Postcard of types that nobody would write. */
export const target: FuzzTarget = {
  run: (input) => checkPair(pairOf(input), input.subarray(1)),
  measure: (input) => {
    outcome(() => {
      const reader = new Reader(input, 1, Math.max(1, input.length));
      return { value: pairOf(input).closures.decode(reader), end: reader.offset };
    });
  },
  seeds: () =>
    PAIRS.flatMap((_, index) => {
      const random = new SeededRandom(index, "value");
      return [16, 64].map((length) =>
        Uint8Array.from([index, ...Array.from({ length }, () => random.spread(0, 255))]),
      );
    }),
  maxBytes: 256,
  dictionary: BYTES,
};
