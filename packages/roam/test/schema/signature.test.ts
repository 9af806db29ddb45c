import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { channelSchema, methodId, signatureBytes } from "roam/schema";
import { type Schema, t } from "roam-postcard";

/** The canonical bytes of one type: those of a return type, after no arguments. */
function typeHex(schema: Schema): string {
  return hex(signatureBytes([], schema)).slice("10 ".length);
}

function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(" ");
}

function suiteOfTypes(
  name: string,
  rows: Readonly<Record<string, readonly [schema: Schema, hex: string]>>,
): void {
  suite(name, () => {
    for (const [what, [schema, expected]] of Object.entries(rows)) {
      test(what, () => assert.equal(typeHex(schema), expected.replace(/\s+/g, " ")));
    }
  });
}

// r[verify signature.primitive]
suiteOfTypes("primitives are one byte", {
  bool: [t.bool, "01"],
  u8: [t.u8, "02"],
  u16: [t.u16, "03"],
  u32: [t.u32, "04"],
  u64: [t.u64, "05"],
  "u64 as a number": [t.u64.asNumber, "05"],
  u128: [t.u128, "06"],
  usize: [t.usize, "05"],
  i8: [t.i8, "07"],
  i16: [t.i16, "08"],
  i32: [t.i32, "09"],
  i64: [t.i64, "0A"],
  i128: [t.i128, "0B"],
  isize: [t.isize, "0A"],
  f32: [t.f32, "0C"],
  f64: [t.f64, "0D"],
  char: [t.char, "0E"],
  string: [t.string, "0F"],
  unit: [t.unit, "10"],
  "unit struct": [t.unitStruct("U"), "10"],
  bytes: [t.bytes, "11"],
});

const tx = (item: Schema, credit = 16) => channelSchema("tx", item, credit);
const rx = (item: Schema, credit = 16) => channelSchema("rx", item, credit);

// r[verify signature.container]
suiteOfTypes("containers", {
  list: [t.list(t.u16), "20 03"],
  option: [t.option(t.string), "21 0F"],
  array: [t.array(t.u16, 300), "22 AC 02 03"],
  "array of u8": [t.array(t.u8, 4), "22 04 02"],
  map: [t.map(t.string, t.u8), "23 0F 02"],
  set: [t.set(t.i32), "24 09"],
  tuple: [t.tuple([t.u32, t.string]), "25 02 04 0F"],
  "tuple of one": [t.tuple([t.u32]), "25 01 04"],
  "tuple struct": [t.tupleStruct("T2", [t.u32, t.string]), "25 02 04 0F"],
  "empty tuple struct": [t.tupleStruct("T0", []), "25 00"],
  Tx: [tx(t.u8), "26 02"],
  Rx: [rx(t.bytes), "27 11"],
  "Rx in a tuple": [t.tuple([rx(t.bytes), t.u8]), "25 02 27 11 02"],
  "credit is left out": [tx(t.u8, 300), "26 02"],
  "result, whatever its types": [t.result(t.u8, t.string), "10"],
  "option of a result": [t.option(t.result(t.u8, t.u8)), "21 10"],
});

// r[verify signature.bytes.equivalence]
suiteOfTypes("a list of u8 is bytes, a slice is not", {
  "list of u8": [t.list(t.u8), "11"],
  "slice of u8": [t.byteSlice, "20 02"],
  "slice of u16": [t.slice(t.u16), "20 03"],
  "list of transparent u8": [t.list(t.transparent("Byte", t.u8)), "20 02"],
});

// r[verify signature.x.transparent]
suiteOfTypes("wrappers", {
  transparent: [t.transparent("Id", t.u64), "05"],
  "transparent in transparent": [t.transparent("A", t.transparent("B", t.list(t.string))), "20 0F"],
  newtype: [t.newtype("Meters", t.f64), "25 01 0D"],
  "newtype of a newtype": [t.newtype("A", t.newtype("B", t.u8)), "25 01 25 01 02"],
});

// r[verify signature.struct]
suiteOfTypes("structs", {
  fields: [t.struct("P", { x: t.i32, y: t.i32 }), "30 02 01 78 09 01 79 09"],
  "declaration order": [t.struct("P", { y: t.i32, x: t.u8 }), "30 02 01 79 09 01 78 02"],
  "no fields": [t.struct("E", {}), "30 00"],
  "the struct's name is left out": [t.struct("Anything", { x: t.u8 }), "30 01 01 78 02"],
  "a name in UTF-8": [t.struct("S", { é: t.u8 }), "30 01 02 C3 A9 02"],
});

// r[verify signature.varint]
suiteOfTypes("counts and lengths above 127", {
  "a long name": [t.struct("S", { ["n".repeat(200)]: t.u8 }), `30 01 C8 01 ${"6E ".repeat(200)}02`],
  "a wide tuple": [t.tuple(Array.from({ length: 130 }, () => t.u8)), `25 82 01${" 02".repeat(130)}`],
});

// r[verify signature.enum]
suiteOfTypes("enums", {
  "every kind of variant": [
    t.enum("Shp", {
      Unit: t.unit,
      New: t.u32,
      Tup: [t.u8, t.string],
      Str: { a: t.bool, b: t.i64 },
      Empty: [],
    }),
    `31 05 04 55 6E 69 74 00 03 4E 65 77 01 04 03 54 75 70 02 02 01 30 02 01 31 0F
     03 53 74 72 02 02 01 61 01 01 62 0A 05 45 6D 70 74 79 02 00`,
  ],
  "V(())": [t.enum("E", { V: [t.unit] }), "31 01 01 56 01 10"],
  "V {}": [t.enum("E", { V: {} }), "31 01 01 56 02 00"],
  "V((A, B))": [t.enum("E", { V: [t.tuple([t.u8, t.u8])] }), "31 01 01 56 01 25 02 02 02"],
  "no variants": [t.enum("E", {}), "31 00"],
});

const Node: Schema = t.struct("Node", { next: t.option(t.lazy(() => Node)), v: t.u8 });
const A: Schema = t.struct("A", { b: t.option(t.lazy(() => B)) });
const B: Schema = t.struct("B", {
  a: t.list(t.lazy(() => A)),
  t: t.tuple([t.u8, t.option(t.lazy(() => B))]),
});
const Json: Schema = t.enum("Json", {
  Null: t.unit,
  List: t.list(t.lazy(() => Json)),
  Map: t.map(
    t.string,
    t.lazy(() => Json),
  ),
});
const Boxed: Schema = t.newtype("Boxed", t.option(t.lazy(() => Boxed)));
const Clear: Schema = t.struct("Clear", { x: t.transparent("C", t.option(t.lazy(() => Clear))) });

// r[verify signature.recursive]
// r[verify signature.recursive.encoding]
// r[verify signature.recursive.stack]
suiteOfTypes("back-references", {
  "to the struct around": [Node, "30 02 04 6E 65 78 74 21 32 00 01 76 02"],
  "between two structs, past a tuple": [A, "30 01 01 62 21 30 02 01 61 20 32 01 01 74 25 02 02 21 32 01"],
  "from the other struct": [B, "30 02 01 61 20 30 01 01 62 21 32 01 01 74 25 02 02 21 32 01"],
  "through list and map of an enum": [
    Json,
    "31 03 04 4E 75 6C 6C 00 04 4C 69 73 74 01 20 32 00 03 4D 61 70 01 23 0F 32 00",
  ],
  "a newtype struct is on the stack": [Boxed, "25 01 21 32 00"],
  "a transparent wrapper is not": [Clear, "30 01 01 78 21 32 00"],
  "a type seen before, but not around, is written again": [
    t.tuple([t.struct("P", { x: t.u8 }), t.struct("P", { x: t.u8 })]),
    "25 02 30 01 01 78 02 30 01 01 78 02",
  ],
  "the same struct twice side by side": [
    t.tuple([Node, Node]),
    `25 02${" 30 02 04 6E 65 78 74 21 32 00 01 76 02".repeat(2)}`,
  ],
});

// r[verify signature.recursive.stack]
suite("identity is that of the type", () => {
  test("an equal struct inside another is a type of its own", () => {
    const Inner: Schema = t.struct("Same", { x: t.option(t.lazy(() => Inner)) });
    const Outer = t.struct("Same", { x: t.option(Inner) });
    assert.equal(typeHex(Outer), "30 01 01 78 21 30 01 01 78 21 32 00");
  });

  // Anonymous tuples are one type wherever they are written. The ids are those of the published
  // hash code for the Rust types of these shapes.
  const Graph: Schema = t.struct("Graph", { edges: t.list(t.tuple([t.string, t.lazy(() => Graph)])) });
  const Pair: Schema = t.struct("Pair", { l: t.option(t.tuple([t.u8, t.lazy(() => Pair)])), n: t.u8 });
  for (const { name, args, returns, id } of [
    { name: "a tuple and a struct in turn", args: [Graph], returns: t.unit, id: 0x09d81fd133edc6f7n },
    {
      name: "the argument tuple met again inside",
      args: [t.string, Graph],
      returns: t.unit,
      id: 0xd87ba5a5a370660fn,
    },
    {
      name: "a tuple argument met again inside",
      args: [t.tuple([t.string, Graph])],
      returns: t.unit,
      id: 0x0643a1219b8278f3n,
    },
    { name: "behind an option", args: [t.u8, Pair], returns: t.unit, id: 0x2e422337d5accea8n },
    {
      name: "in the return type",
      args: [Pair, t.u8],
      returns: t.tuple([t.u8, Pair]),
      id: 0x41a86ea0a6ae247dn,
    },
  ]) {
    test(name, () => assert.equal(methodId("S", "m", signatureBytes(args, returns)), id));
  }

  test("tuples differ by their parts, and channels by their credit", () => {
    const Loop: Schema = t.struct("Loop", { x: t.tuple([t.u8, t.list(t.lazy(() => Loop)), tx(t.u8, 1)]) });
    const body = "30 01 01 78 25 03 02 20";
    assert.equal(
      typeHex(t.tuple([t.u16, t.list(Loop), tx(t.u8, 1)])),
      `25 03 03 20 ${body} 32 01 26 02 26 02`,
    );
    assert.equal(
      typeHex(t.tuple([t.u8, t.list(Loop), tx(t.u8, 2)])),
      `25 03 02 20 ${body} 32 01 26 02 26 02`,
    );
    assert.equal(typeHex(t.tuple([t.u8, t.list(Loop), tx(t.u8, 1)])), "25 03 02 20 30 01 01 78 32 01 26 02");
  });

  test("a type without end is refused", () => {
    const endless: Schema = t.list(t.lazy(() => endless));
    const clear: Schema = t.transparent("T", t.option(t.lazy(() => clear)));
    assert.throws(() => signatureBytes([], endless), TypeError);
    assert.throws(() => signatureBytes([], clear), TypeError);
  });
});

// r[verify signature.method]
suite("a method's signature is its argument tuple and its return type", () => {
  for (const { name, args, returns, expected } of [
    { name: "no arguments", args: [], returns: t.u64, expected: "10 05" },
    { name: "one argument is a tuple of one", args: [t.string], returns: t.unit, expected: "25 01 0F 10" },
    { name: "one unit argument", args: [t.unit], returns: t.unit, expected: "25 01 10 10" },
    { name: "several", args: [t.u32, t.u32], returns: t.u32, expected: "25 02 04 04 04" },
    {
      name: "the argument tuple is at the bottom of the stack",
      args: [Node],
      returns: t.unit,
      expected: "25 01 30 02 04 6E 65 78 74 21 32 00 01 76 02 10",
    },
    {
      name: "the return type has a stack of its own",
      args: [Node],
      returns: Node,
      expected: `25 01${" 30 02 04 6E 65 78 74 21 32 00 01 76 02".repeat(2)}`,
    },
  ] as readonly { name: string; args: readonly Schema[]; returns: Schema; expected: string }[]) {
    test(name, () => assert.equal(hex(signatureBytes(args, returns)), expected));
  }
});

// r[verify signature.x.result-guard]
suite("a strict signature tells apart what a method id does not", () => {
  const strict = (schema: Schema) => hex(signatureBytes([], schema, { isStrict: true }));
  test("results by their types", () => assert.equal(strict(t.result(t.u8, t.string)), "10 33 02 0F"));
  test("channels by their credit", () => assert.equal(strict(tx(t.u8, 300)), "10 26 AC 02 02"));
});
