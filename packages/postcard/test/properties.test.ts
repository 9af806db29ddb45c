import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compile, DecodeError, decode, encode, Reader, t } from "roam-postcard";
import { typeArbitrary, valueArbitrary } from "./arbitrary.ts";

// fast-check prints the seed and the smallest failing case.
suite("for any type", () => {
  test("a value comes back from its bytes, and the bytes from the value", () => {
    fc.assert(
      fc.property(
        typeArbitrary.chain((schema) => fc.tuple(fc.constant(schema), valueArbitrary(schema))),
        ([schema, value]) => {
          const encoded = encode(schema, value);
          const decoded = decode(schema, encoded, { isStrict: true });
          assert.deepEqual(decoded, value);
          assert.deepEqual(encode(schema, decoded), encoded);
        },
      ),
      { numRuns: 1000 },
    );
  });

  // r[verify codec.x.invalid]
  test("a payload cut short is a DecodeError", () => {
    fc.assert(
      fc.property(
        typeArbitrary.chain((schema) => fc.tuple(fc.constant(schema), valueArbitrary(schema))),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        ([schema, value], at) => {
          const encoded = encode(schema, value);
          if (encoded.length === 0) return;
          assert.throws(
            () => decode(schema, encoded.subarray(0, Math.floor(at * encoded.length))),
            DecodeError,
          );
        },
      ),
    );
  });

  test("random bytes decode or are a DecodeError, and never become much more than they are", () => {
    fc.assert(
      fc.property(typeArbitrary, fc.uint8Array({ maxLength: 200 }), (schema, payload) => {
        const before = payload.slice();
        try {
          const value = decode(schema, payload);
          // What was taken from the payload can be written again, in no more bytes.
          assert.ok(encode(schema, value).length <= payload.length);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
        assert.deepEqual(payload, before);
      }),
      { numRuns: 2000 },
    );
  });

  test("a flipped byte in a good payload decodes or is a DecodeError", () => {
    fc.assert(
      fc.property(
        typeArbitrary.chain((schema) => fc.tuple(fc.constant(schema), valueArbitrary(schema))),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        ([schema, value], at, change) => {
          const payload = encode(schema, value).slice();
          if (payload.length === 0) return;
          payload[at % payload.length] = (payload[at % payload.length] as number) ^ change;
          try {
            decode(schema, payload);
          } catch (error) {
            assert.ok(error instanceof DecodeError, String(error));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("values follow one another in a payload", () => {
    fc.assert(
      fc.property(
        typeArbitrary.chain((schema) =>
          fc.tuple(fc.constant(schema), valueArbitrary(schema), valueArbitrary(schema)),
        ),
        ([schema, first, second]) => {
          const reader = new Reader(encode(t.tuple([schema, schema]), [first, second]));
          const codec = compile(schema);
          assert.deepEqual([codec.decode(reader), codec.decode(reader)], [first, second]);
          assert.equal(reader.remaining, 0);
        },
      ),
    );
  });
});

suite("for any integer", () => {
  for (const [name, schema, least, greatest] of [
    ["u64", t.u64, 0n, 2n ** 64n - 1n],
    ["i64", t.i64, -(2n ** 63n), 2n ** 63n - 1n],
    ["u128", t.u128, 0n, 2n ** 128n - 1n],
    ["i128", t.i128, -(2n ** 127n), 2n ** 127n - 1n],
  ] as const) {
    // r[verify codec.x.varint]
    // r[verify codec.x.zigzag]
    test(`${name} is the minimal LEB128 of its zigzag`, () => {
      fc.assert(
        fc.property(fc.bigInt({ min: least, max: greatest }), (value) => {
          const unsigned = least === 0n ? value : value >= 0n ? 2n * value : -2n * value - 1n;
          assert.deepEqual([...encode(schema, value)], leb128(unsigned));
        }),
      );
    });
  }

  for (const [name, schema, least, greatest] of [
    ["u32", t.u32, 0, 2 ** 32 - 1],
    ["i32", t.i32, -(2 ** 31), 2 ** 31 - 1],
    ["u16", t.u16, 0, 2 ** 16 - 1],
    ["i16", t.i16, -(2 ** 15), 2 ** 15 - 1],
  ] as const) {
    test(`${name} is the minimal LEB128 of its zigzag`, () => {
      fc.assert(
        fc.property(fc.integer({ min: least, max: greatest }), (value) => {
          const unsigned = least === 0 ? value : value >= 0 ? 2 * value : -2 * value - 1;
          assert.deepEqual([...encode(schema, value)], leb128(BigInt(unsigned)));
        }),
      );
    });
  }
});

function leb128(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...leb128(value >> 7n)];
}
