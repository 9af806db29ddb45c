import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DecodeError, decode, EncodeError, encode, type Schema, t } from "roam-postcard";
import { bytes } from "./hex.ts";

interface Tree {
  value: number;
  children: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u32, children: t.list(t.lazy(() => Tree)) });
const Shape = t.enum("Shape", {
  Circle: { radius: t.f64 },
  Label: t.string,
  Pair: [t.u8, t.char],
  Empty: t.unit,
});

function sample<T>(name: string, schema: Schema<T>, value: T) {
  return { name, schema: schema as Schema, encoded: encode(schema, value) };
}

// r[verify codec.x.invalid]
suite("a payload cut anywhere inside a value", () => {
  for (const { name, schema, encoded } of [
    sample("u16", t.u16, 300),
    sample("u32", t.u32, 0xffff_ffff),
    sample("i32", t.i32, -0x8000_0000),
    sample("u64", t.u64, 2n ** 64n - 1n),
    sample("i128", t.i128, -(2n ** 127n)),
    sample("f32", t.f32, 1.5),
    sample("f64", t.f64, 1.5),
    sample("char", t.char, "🦀"),
    sample("string", t.string, "a string of more than twenty-four bytes"),
    sample("bytes", t.bytes, bytes("01 02 03")),
    sample("list", t.list(t.u16), [1, 300, 65535]),
    sample("array", t.array(t.u8, 4), [1, 2, 3, 4]),
    sample("set", t.set(t.string), new Set(["a", "b"])),
    sample("map", t.map(t.string, t.option(t.bool)), new Map([["a", true]])),
    sample("nested options", t.option(t.option(t.u8)), { some: 7 }),
    sample("result", t.result(t.u8, t.list(t.string)), { err: ["x", "yz"] }),
    sample("enums", t.list(Shape), [
      { tag: "Circle", radius: 1 },
      { tag: "Label", value: "x" },
      { tag: "Pair", value: [1, "é"] },
    ]),
    sample("recursive", Tree, {
      value: 300,
      children: [
        { value: 1, children: [] },
        { value: 2, children: [] },
      ],
    }),
    sample("tuple", t.tuple([t.u8, t.string, t.tuple([t.u64, t.f32])]), [1, "x", [2n, 0.5]]),
  ]) {
    test(name, () => {
      assert.doesNotThrow(() => decode(schema, encoded, { isStrict: true }));
      for (let length = 0; length < encoded.length; length++) {
        assert.throws(
          () => decode(schema, encoded.subarray(0, length)),
          (error) => error instanceof DecodeError && error.offset <= length,
          `${length} of ${encoded.length} bytes`,
        );
      }
    });
  }
});

// r[verify codec.x.invalid]
suite("a decode error names the field and the byte", () => {
  const Person = t.struct("Person", { name: t.string, tags: t.list(t.tuple([t.u8, t.bool])) });
  for (const { name, schema, text, message } of [
    { name: "the value itself", schema: t.bool, text: "02", message: "invalid boolean 2 at byte 0" },
    { name: "a cut", schema: t.u32, text: "80", message: "payload ends inside a value at byte 1" },
    { name: "a field", schema: Person, text: "01 FF 00", message: "invalid UTF-8 at byte 1 in name" },
    {
      name: "an item in a field",
      schema: Person,
      text: "01 61 02 05 01 05 07",
      message: "invalid boolean 7 at byte 6 in tags[1][1]",
    },
    {
      name: "a count",
      schema: Person,
      text: "01 61 05",
      message: "count 5 runs past the end at byte 2 in tags",
    },
    { name: "a length", schema: t.string, text: "05 61", message: "length 5 runs past the end at byte 0" },
    {
      name: "a varint",
      schema: t.list(t.u16),
      text: "03 01 FF FF 7F",
      message: "varint 2097151 exceeds 65535 at byte 2 in [1]",
    },
    {
      name: "a variant's field",
      schema: t.list(Shape),
      text: "01 00 00",
      message: "payload ends inside a value at byte 3 in [0].Circle.radius",
    },
    {
      name: "a variant's value",
      schema: Shape,
      text: "02 07 00",
      message: "not exactly one character at byte 2 in Pair[1]",
    },
    {
      name: "a variant index",
      schema: t.list(Shape),
      text: "02 03 09",
      message: "variant index 9 out of range at byte 2 in [1]",
    },
    {
      name: "an err",
      schema: t.result(t.u8, Person),
      text: "01 01 FF 00",
      message: "invalid UTF-8 at byte 2 in Err.name",
    },
    {
      name: "a map's key",
      schema: t.map(t.bool, t.u8),
      text: "01 02 00",
      message: "invalid boolean 2 at byte 1 in {key 0}",
    },
    {
      name: "a map's value",
      schema: t.map(t.u8, t.bool),
      text: "01 02 03",
      message: "invalid boolean 3 at byte 2 in {value 0}",
    },
    {
      name: "a set's member",
      schema: t.set(t.bool),
      text: "02 01 03",
      message: "invalid boolean 3 at byte 2 in [1]",
    },
    {
      name: "inside an option",
      schema: t.struct("S", { x: t.option(t.bool) }),
      text: "01 02",
      message: "invalid boolean 2 at byte 1 in x",
    },
    {
      name: "deep in a tree",
      schema: Tree,
      text: "01 01 02 01 80",
      message: "count 1 runs past the end at byte 3 in children[0].children",
    },
  ] as readonly { name: string; schema: Schema; text: string; message: string }[]) {
    test(name, () => assert.throws(() => decode(schema, bytes(text)), { name: "DecodeError", message }));
  }

  test("with its parts apart, and the cause kept", () => {
    assert.throws(
      () => decode(Person, bytes("01 FF 00")),
      (error) =>
        error instanceof DecodeError &&
        error.reason === "invalid UTF-8" &&
        error.offset === 1 &&
        error.path === "name" &&
        error.cause instanceof TypeError,
    );
  });
});

suite("an encode error names the field", () => {
  const Person = t.struct("Person", { name: t.string, tags: t.map(t.string, t.list(t.u8)) });
  for (const { name, schema, value, message } of [
    { name: "the value itself", schema: t.u8, value: 256, message: "256 is not an integer from 0 to 255" },
    { name: "a field", schema: Person, value: { name: 1 }, message: "expected a string, got number in name" },
    {
      name: "an item",
      schema: Person,
      value: { name: "", tags: new Map([["a", [1, -1]]]) },
      message: "-1 is not an integer from 0 to 255 in tags.{value 0}[1]",
    },
    {
      name: "a key",
      schema: t.map(t.u8, t.u8),
      value: new Map([["a", 1]]),
      message: "expected a number, got string in {key 0}",
    },
    {
      name: "a variant",
      schema: Shape,
      value: { tag: "Pair", value: [1, ""] },
      message: "not exactly one character in Pair[1]",
    },
    {
      name: "an unknown variant",
      schema: Shape,
      value: { tag: "Square" },
      message: "Square is not a variant of Shape",
    },
    {
      name: "an ok",
      schema: t.result(t.u8, t.u8),
      value: { ok: null },
      message: "expected a number, got null in Ok",
    },
  ] as readonly { name: string; schema: Schema; value: unknown; message: string }[]) {
    test(name, () => assert.throws(() => encode(schema, value), { name: "EncodeError", message }));
  }

  test("an error of another kind passes through", () => {
    const cause = new Error("a getter that throws");
    const value = {
      get name(): string {
        throw cause;
      },
    };
    assert.throws(
      () => encode(Person, value as never),
      (error) => error === cause && !(error instanceof EncodeError),
    );
  });
});
