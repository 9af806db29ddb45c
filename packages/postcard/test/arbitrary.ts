import fc from "fast-check";
import { isNullable, nodeOf, type Schema, t, type Variant } from "roam-postcard";

const names = fc.uniqueArray(
  fc.constantFrom("a", "b", "value", "kind", "some", "ok", "__proto__", "constructor"),
  {
    maxLength: 4,
  },
);

/** A type that contains itself through whatever may stand between. */
const recursive: Schema = t.enum("Tree", {
  Leaf: t.unit,
  Node: { left: t.lazy(() => recursive), label: t.option(t.string) },
  List: t.list(t.lazy(() => recursive)),
  Map: t.map(t.u8, t.tuple([t.lazy(() => recursive), t.u16])),
  Result: t.result(
    t.lazy(() => recursive),
    t.unit,
  ),
});

const leaf = fc.constantFrom<Schema[]>(
  ...[t.bool, t.u8, t.u16, t.u32, t.u64, t.u128, t.usize, t.i8, t.i16, t.i32, t.i64, t.i128, t.isize],
  ...[t.f32, t.f64, t.char, t.string, t.bytes, t.byteSlice, t.unit, t.unitStruct("Marker"), recursive],
  ...[t.u64.asNumber, t.isize.asNumber],
);

/** Types of every kind, a few levels deep. */
export const typeArbitrary: fc.Arbitrary<Schema> = fc.letrec<{ type: Schema; composite: Schema }>((tie) => ({
  type: fc.oneof({ maxDepth: 4, depthSize: "small" }, leaf, tie("composite")),
  composite: fc.oneof(
    tie("type").map((item) => t.list(item) as Schema),
    tie("type").map((item) => t.option(item) as Schema),
    tie("type").map((item) => t.set(item) as Schema),
    tie("type").map((item) => t.newtype("New", item) as Schema),
    tie("type").map((item) => t.transparent("Clear", item) as Schema),
    fc.tuple(tie("type"), fc.nat(3)).map(([item, length]) => t.array(item, length) as Schema),
    fc.tuple(tie("type"), tie("type")).map(([key, value]) => t.map(key, value) as Schema),
    fc.tuple(tie("type"), tie("type")).map(([ok, err]) => t.result(ok, err) as Schema),
    fc.array(tie("type"), { maxLength: 4 }).map((items) => t.tuple(items) as Schema),
    fields(tie("type")).map((list) => t.struct("Struct", list) as Schema),
    fc
      .tuple(names, fc.array(variantShape(tie("type")), { minLength: 4, maxLength: 4 }))
      .filter(([list]) => list.length > 0)
      .map(
        ([list, shapes]) =>
          t.enum("Enum", Object.fromEntries(list.map((name, at) => [name, shapes[at] as Schema]))) as Schema,
      ),
  ),
})).type;

function fields(type: fc.Arbitrary<Schema>): fc.Arbitrary<Record<string, Schema>> {
  return fc
    .tuple(names, fc.array(type, { minLength: 4, maxLength: 4 }))
    .map(([list, types]) => Object.fromEntries(list.map((name, at) => [name, types[at] as Schema])));
}

function variantShape(
  type: fc.Arbitrary<Schema>,
): fc.Arbitrary<Schema | readonly Schema[] | Record<string, Schema>> {
  return fc.oneof(fc.constant(t.unit), type, fc.array(type, { maxLength: 3 }), fields(type));
}

const wide = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const integer = (min: number, max: number) => fc.integer({ min, max });
const character = fc.string({ unit: "binary", minLength: 1, maxLength: 1 });

/** Values of a type, in our form. */
export function valueArbitrary(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const node = nodeOf(schema);
  const part = (inner: Schema) => valueArbitrary(inner, depth + 1);
  const maxLength = depth > 5 ? 0 : 3;
  switch (node.kind) {
    case "bool":
      return fc.boolean();
    case "u8":
      return integer(0, 0xff);
    case "u16":
      return integer(0, 0xffff);
    case "u32":
      return integer(0, 0xffff_ffff);
    case "i8":
      return integer(-0x80, 0x7f);
    case "i16":
      return integer(-0x8000, 0x7fff);
    case "i32":
      return integer(-0x8000_0000, 0x7fff_ffff);
    case "u64":
    case "usize":
      return node.isNumber ? fc.maxSafeNat() : wide(0n, 2n ** 64n - 1n);
    case "i64":
    case "isize":
      return node.isNumber ? fc.maxSafeInteger() : wide(-(2n ** 63n), 2n ** 63n - 1n);
    case "u128":
      return wide(0n, 2n ** 128n - 1n);
    case "i128":
      return wide(-(2n ** 127n), 2n ** 127n - 1n);
    // -0 and 0 are one member of a Set: left to the tests of floats.
    case "f32":
      return fc.float().map((value) => value + 0);
    case "f64":
      return fc.double().map((value) => value + 0);
    case "char":
      return character;
    case "string":
      return fc.string({ unit: "binary" });
    case "bytes":
    case "trailing":
      return fc.uint8Array({ maxLength: 40 });
    case "unit":
      return fc.constant(undefined);
    case "slice":
      return fc.uint8Array({ maxLength: 40 });
    case "list":
      return fc.array(part(node.item), { maxLength });
    case "array":
      return fc.array(part(node.item), { minLength: node.length, maxLength: node.length });
    case "set":
      return fc.uniqueArray(part(node.item), { maxLength, selector: key }).map((members) => new Set(members));
    case "map":
      return fc
        .uniqueArray(fc.tuple(part(node.key), part(node.value)), { maxLength, selector: ([own]) => key(own) })
        .map((entries) => new Map(entries));
    case "option":
      if (depth > 5) return fc.constant(null);
      return fc.option(part(node.item).map((value) => (isNullable(node.item) ? { some: value } : value)));
    case "result":
      return fc.oneof(
        part(node.err).map((err) => ({ err })),
        ...(depth > 5 ? [] : [part(node.ok).map((ok) => ({ ok }))]),
      );
    case "tuple":
      return fc.tuple(...node.items.map(part));
    case "newtype":
      return part(node.inner);
    case "struct":
      return record(node.fields.map(({ name, schema: own }) => [name, part(own)]));
    case "enum": {
      const open = depth > 5 ? node.variants.slice(0, 1) : node.variants;
      if (node.variants.every((variant) => variant.kind === "unit"))
        return fc.constantFrom(...open.map(({ name }) => name));
      return fc.oneof(...open.map((variant) => variantArbitrary(variant, part)));
    }
    case "custom":
      throw new TypeError("no values of custom types are made up");
  }
}

function variantArbitrary(
  variant: Variant,
  part: (schema: Schema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const tag: [string, fc.Arbitrary<unknown>] = ["tag", fc.constant(variant.name)];
  switch (variant.kind) {
    case "unit":
      return record([tag]);
    case "newtype":
      return record([tag, ["value", part(variant.item)]]);
    case "tuple":
      return record([tag, ["value", fc.tuple(...variant.items.map(part))]]);
    case "struct":
      return record([tag, ...variant.fields.map(({ name, schema }): typeof tag => [name, part(schema)])]);
  }
}

function record(entries: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(...entries.map(([, value]) => value))
    .map((values) => Object.fromEntries(entries.map(([name], at) => [name, values[at]])));
}

/** Equal for equal values, sets in another order among them. */
function key(value: unknown): string {
  if (value instanceof Set || value instanceof Map) return `{${Array.from(value, key).sort()}}`;
  if (Array.isArray(value)) return `[${value.map(key)}]`;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return fc.stringify(value);
  return key(Object.entries(value));
}
