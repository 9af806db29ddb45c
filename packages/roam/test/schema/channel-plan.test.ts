import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { method, service, t } from "roam";
import { channelPlan } from "roam/schema";
import { nodeOf, type Schema } from "roam-postcard";

const paths = (schema: Schema) => channelPlan(schema).map(({ path, direction }) => `${direction} ${path}`);

interface Nested {
  readonly log: unknown;
  readonly inner: Nested | null;
}
const Nested: Schema<Nested> = t.struct("Nested", {
  log: t.tx(t.u8),
  inner: t.option(t.lazy((): Schema<Nested> => Nested)),
}) as Schema<Nested>;

interface Tree {
  readonly log: unknown;
  readonly branches: Tree[];
}
const Tree: Schema<Tree> = t.struct("Tree", {
  log: t.tx(t.u8),
  branches: t.list(t.lazy((): Schema<Tree> => Tree)),
}) as Schema<Tree>;

suite("where channels are in a type", () => {
  // r[verify rpc.channel.discovery]
  // r[verify rpc.channel.no-collections]
  for (const { name, schema, places } of [
    { name: "nowhere", schema: t.struct("A", { a: t.u8, b: t.list(t.string) }), places: [] },
    { name: "the type itself", schema: t.tx(t.u8), places: ["tx "] },
    {
      name: "fields in declaration order",
      schema: t.struct("A", { z: t.tx(t.u8), a: t.u8, b: t.rx(t.u8) }),
      places: ["tx z", "rx b"],
    },
    {
      name: "structs in structs, newtypes, options",
      schema: t.struct("A", {
        a: t.option(t.struct("B", { b: t.newtype("C", t.transparent("D", t.rx(t.u8))) })),
      }),
      places: ["rx a.b"],
    },
    {
      name: "tuples",
      schema: t.tuple([t.u8, t.tx(t.u8), t.tuple([t.rx(t.u8)])]),
      places: ["tx 1", "rx 2.0"],
    },
    {
      name: "all variants of an enum",
      schema: t.enum("E", {
        None: t.unit,
        One: t.tx(t.u8),
        Two: [t.u8, t.rx(t.u8)],
        Named: { a: t.tx(t.u8) },
      }),
      places: ["tx One", "rx Two.1", "tx Named.a"],
    },
    { name: "a type inside itself, once", schema: Nested, places: ["tx log"] },
  ]) {
    test(name, () => {
      assert.deepEqual(paths(schema), places);
    });
  }

  test("a channel's items may be anything, lists and channels' own schemas aside", () => {
    const [place] = channelPlan(t.tx(t.list(t.string), 7));
    assert.equal(place?.credit, 7);
    assert.equal(nodeOf(place?.item ?? t.unit).kind, "list");
  });

  test("an initial credit is a u32", () => {
    for (const credit of [-1, 1.5, 2 ** 32, Number.NaN]) assert.throws(() => t.tx(t.u8, credit), RangeError);
    assert.equal(channelPlan(t.rx(t.u8, 0))[0]?.credit, 0);
  });
});

suite("where channels must not be", () => {
  const inside = t.struct("S", { feed: t.rx(t.u8) });
  // r[verify rpc.channel.no-collections]
  for (const { name, schema } of [
    { name: "a list", schema: t.list(t.tx(t.u8)) },
    { name: "a slice", schema: t.slice(t.tx(t.u8)) },
    { name: "an array", schema: t.array(t.tx(t.u8), 2) },
    { name: "a set", schema: t.set(t.rx(t.u8)) },
    { name: "the values of a map", schema: t.map(t.string, t.rx(t.u8)) },
    { name: "the keys of a map", schema: t.map(t.rx(t.u8), t.string) },
    { name: "a list of structs", schema: t.list(inside) },
    { name: "a list deep in a struct", schema: t.struct("T", { a: t.option(t.tuple([t.list(inside)])) }) },
    { name: "a list in a list", schema: t.list(t.list(inside)) },
    { name: "a result", schema: t.result(t.tx(t.u8), t.string) },
    { name: "a list of the type that it is in", schema: Tree },
  ]) {
    test(`${name}: refused when the service is made, with the place`, () => {
      assert.throws(() => channelPlan(schema), { name: "TypeError", message: /collection or result/ });
      assert.throws(() => service("S", { m: method({ given: schema }) }), TypeError);
    });
  }

  // r[verify rpc.channel.placement]
  for (const { name, declared } of [
    { name: "a return type", declared: method({}, t.tx(t.u8)) },
    { name: "a return type, nested", declared: method({}, t.option(inside)) },
    { name: "an error type", declared: method({}, t.unit, inside) },
  ]) {
    test(`${name}: refused when the service is made, with the method`, () => {
      assert.throws(() => service("Svc", { m: declared }), { name: "TypeError", message: /Svc\.m/ });
    });
  }
});
