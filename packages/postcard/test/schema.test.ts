import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { compile, decode, encode, nodeOf, type Schema, t } from "roam-postcard";
import { bytes, hex } from "./hex.ts";

suite("schemas that cannot be", () => {
  for (const { name, build, message } of [
    {
      name: "a field with a number's name",
      build: () => t.struct("S", { 0: t.u8 }),
      message: /cannot be called 0/,
    },
    {
      name: "a variant with a number's name",
      build: () => t.enum("E", { 1: t.unit }),
      message: /cannot be called 1/,
    },
    {
      name: "a variant's field with a number's name",
      build: () => t.enum("E", { A: { 2: t.u8 } }),
      message: /cannot be called 2/,
    },
    {
      name: "a field that is no schema",
      build: () => t.struct("S", { x: undefined as never }),
      message: /S\.x: not a schema/,
    },
    {
      name: "a variant's item that is no schema",
      build: () => t.enum("E", { A: [undefined as never, t.u8] }),
      message: /E\.A\[0\]: not a schema/,
    },
    {
      name: "a field that hides the variant's name",
      build: () => t.enum("E", { A: { tag: t.u8 } }),
      message: /E\.A: the field tag hides/,
    },
    { name: "an array of less than nothing", build: () => t.array(t.u8, -1), message: /array length -1/ },
    { name: "an array of half an item", build: () => t.array(t.u8, 1.5), message: /array length 1.5/ },
    { name: "a slice of u8", build: () => t.slice(t.u8), message: /t\.byteSlice/ },
    { name: "a lazy that leads to itself", build: () => nodeOf(endless), message: /refers to itself/ },
  ]) {
    test(`${name}: refused when built`, () => assert.throws(build, message));
  }
});

const endless: Schema = t.lazy(() => endless);

// r[verify codec.x.plan]
suite("a codec", () => {
  test("is built once per schema and kept", () => {
    const schema = t.struct("S", { x: t.u8 });
    assert.equal(compile(schema), compile(schema));
    assert.notEqual(compile(schema), compile(t.struct("S", { x: t.u8 })));
  });

  test("asks for a lazy type once, not per value", () => {
    let asked = 0;
    const Inner = t.struct("Inner", { x: t.u8 });
    const schema = t.list(
      t.lazy(() => {
        asked++;
        return Inner;
      }),
    );
    const encoded = encode(schema, [{ x: 1 }]);
    decode(schema, encoded);
    const before = asked;
    for (let round = 0; round < 10; round++) decode(schema, encode(schema, [{ x: 1 }, { x: 2 }]));
    assert.equal(asked, before);
  });

  test("may be for types that contain each other", () => {
    interface Folder {
      name: string;
      entries: Entry[];
    }
    type Entry = { tag: "File"; size: bigint } | { tag: "Folder"; value: Folder };
    const Folder: Schema<Folder> = t.struct("Folder", {
      name: t.string,
      entries: t.list(t.lazy(() => Entry)),
    });
    const Entry: Schema<Entry> = t.enum("Entry", { File: { size: t.u64 }, Folder: [t.lazy(() => Folder)] });
    const value: Folder = {
      name: "r",
      entries: [
        { tag: "File", size: 1n },
        { tag: "Folder", value: { name: "s", entries: [] } },
      ],
    };
    assert.equal(hex(encode(Folder, value)), "01 72 02 00 01 01 01 73 00");
    assert.deepEqual(decode(Folder, bytes("01 72 02 00 01 01 01 73 00"), { isStrict: true }), value);
  });

  test("knows that an option of a recursive type may be null", () => {
    type Nested = { some: Nested } | null;
    const Nested: Schema<Nested> = t.option(t.lazy(() => Nested)) as Schema<Nested>;
    assert.deepEqual(decode(Nested, bytes("01 01 00")), { some: { some: null } });
  });
});
