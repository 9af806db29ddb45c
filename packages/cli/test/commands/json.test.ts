import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { t } from "roam";
import { decode, encode, type Schema } from "roam-postcard";
import { jsonFromValue } from "../../src/json/json-from-value.ts";
import { parseJson } from "../../src/json/parse-json.ts";
import { valueFromJson } from "../../src/json/value-from-json.ts";

const Point = t.struct("Point", { x: t.i32, label: t.option(t.string) });
const Color = t.enum("Color", { Red: t.unit, Green: t.unit });
const Shape = t.enum("Shape", {
  Circle: { radius: t.f64 },
  Text: t.string,
  Pair: [t.u8, t.u8],
  Maybe: t.option(t.u8),
  Nothing: t.unit,
});
interface Tree {
  readonly leaf: number;
  readonly inner: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", {
  leaf: t.u8,
  inner: t.list(t.lazy(() => Tree)),
}) as Schema<Tree>;

// Schema, JSON text as a person writes it, JSON as it is written (the same where left out).
const FORMS: readonly (readonly [Schema, given: string, written?: string])[] = [
  [t.bool, "true"],
  [t.u8, "255"],
  [t.i64, "-9007199254740991"],
  [t.u64, "18446744073709551615", '"18446744073709551615"'],
  [t.u64, '"18446744073709551615"'],
  [t.u64.asNumber, "7"],
  [t.i128, "-170141183460469231731687303715884105728", '"-170141183460469231731687303715884105728"'],
  [t.usize, "7"],
  [t.f64, "0.1"],
  [t.f64, '"NaN"'],
  [t.f32, '"-Infinity"'],
  [t.f64, "-0.0", '"-0"'],
  [t.f64, "12345678901234567890", "12345678901234567000"],
  [t.char, '"ß"'],
  [t.string, '"12345678901234567890 \\" 12345678901234567890"'],
  [t.bytes, '"base64:AP8="'],
  [t.bytes, '"hex:00fF"', '"base64:AP8="'],
  [t.bytes, '"utf8:hé"', '"base64:aMOp"'],
  [t.bytes, "[0, 255]", '"base64:AP8="'],
  [t.byteSlice, '"hex:"', '"base64:"'],
  [t.unit, "null"],
  [t.list(t.u16), "[1,2]"],
  [t.slice(t.u16), "[1,2]"],
  [t.array(t.u8, 2), "[1,2]"],
  [t.set(t.string), '["a","b"]'],
  [t.map(t.string, t.u8), '{"a":1,"__proto__":2}'],
  [t.map(t.string, t.u8), '[["a",1]]', '{"a":1}'],
  [t.map(t.u64, t.string), '[[1,"a"]]'],
  [t.option(t.u8), "null"],
  [t.option(t.u8), "3"],
  [t.option(t.option(t.u8)), '{"some":null}'],
  [t.option(t.option(t.u8)), '{"some":3}'],
  [t.option(t.transparent("T", t.option(t.u8))), '{"some":3}'],
  [t.tuple([t.u8, t.string]), '[1,"a"]'],
  [t.tuple([t.u8, t.option(t.u8)]), "[1]", "[1,null]"],
  [Point, '{"x":1,"label":"a"}'],
  [Point, '{"x":1}', '{"x":1,"label":null}'],
  [Point, '[1,"a"]', '{"x":1,"label":"a"}'],
  [Color, '"Green"'],
  [Color, '{"tag":"Green"}', '"Green"'],
  [Shape, '{"tag":"Circle","radius":2}'],
  [Shape, '{"tag":"Text","value":"hi"}'],
  [Shape, '{"tag":"Pair","value":[1,2]}'],
  [Shape, '{"tag":"Maybe"}', '{"tag":"Maybe","value":null}'],
  [Shape, '{"tag":"Nothing"}'],
  [Shape, '"Nothing"', '{"tag":"Nothing"}'],
  [t.result(t.u8, t.string), '{"ok":1}'],
  [t.result(t.u8, t.string), '{"err":"no"}'],
  [t.newtype("Id", t.u64), "7"],
  [t.opaque("Duration", t.string), '"1s"'],
  [Tree, '{"leaf":1,"inner":[{"leaf":2,"inner":[]}]}'],
];

suite("values as JSON", () => {
  for (const [schema, given, written = given] of FORMS) {
    test(`${schema.kind} ${given}`, () => {
      const value = valueFromJson(schema, parseJson(given));
      assert.equal(JSON.stringify(jsonFromValue(schema, value)), written);
      // Through the bytes, which only a value of the schema's own form survives.
      const again = decode(schema, encode(schema, value));
      assert.equal(JSON.stringify(jsonFromValue(schema, again)), written);
    });
  }
});

const Nested = t.struct("Nested", { points: t.list(Point), shape: t.option(Shape) });

// Schema, JSON, the message.
const REFUSED: readonly (readonly [Schema, json: string, message: string])[] = [
  [t.u8, "256", "256 is out of range: u8 goes from 0 to 255"],
  [t.i8, "-129", "-129 is out of range: i8 goes from -128 to 127"],
  [t.u8, "1.5", "expected u8, a whole number, got 1.5"],
  [t.u64, "1e300", "1e+300 is not exact as a JSON number; write it as digits, or as a text"],
  [t.u64, "-1", "-1 is out of range: u64 goes from 0 to 18446744073709551615"],
  [t.u64, '"7n"', 'expected u64, a whole number, got "7n"'],
  [t.bool, '"yes"', 'expected true or false, got "yes"'],
  [t.string, "1", "expected a text, got 1"],
  [t.char, '"ab"', 'expected a text of one character, got "ab"'],
  [t.f64, '"inf"', 'expected f64, a number, "NaN" or "Infinity", got "inf"'],
  [t.bytes, '"abc"', 'bytes are written as "base64:…", "hex:…", "utf8:…" or an array of numbers'],
  [t.bytes, '"hex:0"', "that is not hexadecimal"],
  [t.bytes, '"base64:=a"', "that is not base64"],
  [t.bytes, "[256]", "[0]: a byte is a whole number from 0 to 255"],
  [t.array(t.u8, 2), "[1]", "expected 2 items, got 1"],
  [t.tuple([t.u8, t.u8]), "[1]", "expected 2 items, got 1"],
  [t.tuple([t.u8]), "[1,2]", "expected 1 items, got 2"],
  [t.map(t.u8, t.u8), "{}", "expected an array of [key, value], got {}"],
  [t.option(t.option(t.u8)), "3", 'expected null or {"some": …}, got 3'],
  [Color, '"Blue"', 'unknown variant "Blue"; there are Red, Green'],
  [
    Shape,
    '{"Circle":{}}',
    'expected {"tag": …} with one of Circle, Text, Pair, Maybe, Nothing, got {"Circle":{}}',
  ],
  [Shape, '{"tag":"Text"}', "value: this field is missing: it is what Text carries"],
  [
    Shape,
    '{"tag":"Text","value":"a","valeu":1}',
    'valeu: unknown field; Text has what it carries in "value"',
  ],
  [Shape, '{"tag":"Nothing","value":1}', "value: unknown field; Nothing has none"],
  [t.result(t.u8, t.u8), '{"ok":1,"err":1}', 'expected {"ok": …} or {"err": …}, got {"ok":1,"err":1}'],
  [Point, '{"x":1,"lable":"a"}', "lable: unknown field; there are x, label"],
  [Point, "{}", "x: this field is missing"],
  [Nested, '{"points":[{"x":1},{"x":"b"}]}', 'points[1].x: expected i32, a whole number, got "b"'],
  [
    Nested,
    '{"points":[],"shape":{"tag":"Circle","radius":null}}',
    'shape.radius: expected f64, a number, "NaN" or "Infinity", got null',
  ],
  [t.map(t.string, t.u8), '{"a b":-1}', '["a b"]: -1 is out of range: u8 goes from 0 to 255'],
  [t.tx(t.u8), "[]", "a channel has no form in JSON"],
];

suite("what is not a value is told with its place", () => {
  for (const [schema, json, message] of REFUSED) {
    test(`${schema.kind} ${json}`, () => {
      assert.throws(() => valueFromJson(schema, parseJson(json)), { name: "JsonError", message });
    });
  }
});

test("whole numbers are exact at any length, texts with digits stay texts", () => {
  assert.deepEqual(
    parseJson('{"a": [123456789012345678901, 1, -9007199254740993], "b": "123456789012345678901"}'),
    {
      a: [123456789012345678901n, 1, -9007199254740993n],
      b: "123456789012345678901",
    },
  );
  assert.equal(parseJson("9007199254740991"), 9007199254740991);
  assert.equal(parseJson("12345678901234567.5e1"), Number("12345678901234567.5e1"));
  assert.throws(() => parseJson("[1,"), SyntaxError);
});
