import messagesSchema from "../../../vectors/messages_schema.json" with { type: "json" };
import type { NarrowKind, NeutralField, NeutralType, NeutralVariant, WideKind } from "../../neutral-type.ts";

const string: NeutralType = { kind: "string" };
const plain = (kind: "bool" | "char" | "bytes" | "unit"): NeutralType => ({ kind });
const number = (kind: NarrowKind | WideKind | "f32" | "f64"): NeutralType => ({ kind });
const list = (item: NeutralType): NeutralType => ({ kind: "list", item });
const option = (item: NeutralType): NeutralType => ({ kind: "option", item });
const struct = (name: string, fields: Record<string, NeutralType>): NeutralType => ({
  kind: "struct",
  name,
  fields: Object.entries(fields) as NeutralField[],
});
const enumOf = (name: string, variants: readonly NeutralVariant[]): NeutralType => ({
  kind: "enum",
  name,
  variants,
});
const unitVariant = (name: string): NeutralVariant => ({ name, payload: { kind: "unit-variant" } });
const newtype = (name: string, item: NeutralType): NeutralVariant => ({
  name,
  payload: { kind: "newtype-variant", item },
});
const tuple = (...items: NeutralType[]): NeutralType => ({ kind: "tuple", items });
const structVariant = (name: string, fields: Record<string, NeutralType>): NeutralVariant => ({
  name,
  payload: { kind: "struct-variant", fields: Object.entries(fields) as NeutralField[] },
});

const shape = enumOf("Shape", [
  structVariant("Circle", { radius: number("f64") }),
  structVariant("Rectangle", { width: number("f64"), height: number("f64") }),
  unitVariant("Point"),
]);
const tree: NeutralType = { kind: "ref", name: "Tree" };
const wideFields = "u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 bool char"
  .split(" ")
  .map((kind, at) => ["abcdefghijklmn"[at], { kind }] as unknown as NeutralField);

const NUMBERS = [
  "u8",
  "u16",
  "u32",
  "u64",
  "u128",
  "usize",
  "i8",
  "i16",
  "i32",
  "i64",
  "i128",
  "isize",
  "f32",
  "f64",
] as const;

/** The types of `rust-peer/src/decode.rs`, under the names they have there. */
export const TYPES: Readonly<Record<string, NeutralType>> = {
  ...Object.fromEntries(NUMBERS.map((kind) => [kind, { kind } as NeutralType])),
  bool: plain("bool"),
  char: plain("char"),
  string,
  bytes: plain("bytes"),
  "list u32": list(number("u32")),
  "list string": list(string),
  "list list bool": list(list(plain("bool"))),
  "option option u16": option(option(number("u16"))),
  "option unit": option(plain("unit")),
  "array u16": { kind: "array", len: 3, item: number("u16") },
  tuple: tuple(number("u8"), string, number("i64")),
  map: { kind: "map", key: string, value: number("u32") },
  "hash map": { kind: "map", key: number("u16"), value: plain("bytes") },
  set: { kind: "set", item: number("u32") },
  result: { kind: "result", ok: number("u32"), err: string },
  wide: { kind: "struct", name: "Wide", fields: wideFields },
  bag: struct("Bag", {
    list: list(string),
    map: { kind: "map", key: string, value: number("u32") },
    set: { kind: "set", item: number("u32") },
    opt: option(option(number("u8"))),
    tuple: tuple(number("u8"), string),
    arr: { kind: "array", len: 3, item: number("u16") },
    bytes: plain("bytes"),
    unit: plain("unit"),
  }),
  node: struct("Node", { value: number("u32"), children: list({ kind: "ref", name: "Node" }) }),
  shape,
  canvas: struct("Canvas", {
    name: string,
    shapes: list(shape),
    background: enumOf("Color", ["Red", "Green", "Blue"].map(unitVariant)),
  }),
  "testbed message": enumOf("Message", [
    newtype("Text", string),
    newtype("Number", number("i64")),
    newtype("Data", plain("bytes")),
  ]),
  mixed: struct("Mixed", {
    id: number("u64"),
    name: string,
    tags: list(string),
    shape: option(shape),
    pairs: list(tuple(number("u16"), plain("char"))),
    state: { kind: "result", ok: number("i32"), err: string },
    raw: plain("bytes"),
  }),
  tree: enumOf("Tree", [
    newtype("Leaf", number("u16")),
    newtype("List", list(tree)),
    { name: "Pair", payload: { kind: "tuple-variant", items: [tree, tree] } },
    newtype("Named", { kind: "map", key: string, value: tree }),
    newtype("Maybe", option(tree)),
  ]),
  message: messagesSchema as unknown as NeutralType,
};
