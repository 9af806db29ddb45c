import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { method, type Service, service, t } from "roam";
import { documentOf, type SchemaDocument, servicesOf, signatureBytes } from "roam/schema";
import { compile, type Schema } from "roam-postcard";

type Tree = { value: number; children: Tree[] };
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u8, children: t.list(t.lazy(() => Tree)) });
const Inner = t.struct("Point", { x: t.i32, y: t.i32 });
const Other = t.struct("Point", { lat: t.f64, lon: t.f64 });
const Everything = t.enum("Everything", {
  Nothing: t.unit,
  Unit: [t.unit],
  Empty: [],
  One: t.u64,
  Two: [t.u8, t.string],
  Named: { at: Inner, tree: Tree },
  None: {},
});
const Tagged = t.enum("Tagged", { A: { tag: t.u8 }, B: t.unit }, { tag: "kind" });

const Rich = service("Rich", {
  none: method({}),
  scalars: method(
    { a: t.u8, b: t.usize, c: t.i128, d: t.f32, e: t.char, f: t.bytes, g: t.byteSlice },
    t.isize,
  ),
  nested: method(
    { all: Everything, tagged: Tagged, points: t.map(t.string, t.option(t.option(Inner))) },
    t.tuple([t.set(t.u32), t.array(Other, 3), t.slice(t.string)]),
    t.enum("Refused", { No: t.unit }),
  ),
  wrapped: method(
    { id: t.transparent("Id", t.u64), plain: t.newtype("Plain", t.u8), nil: t.unitStruct("Nil") },
    t.tupleStruct("Pair", [t.u8, t.opaque("Duration", t.string)]),
  ),
  result: method({ inside: t.result(t.u8, Tree) }),
  streams: method({ from: t.rx(Tree, 3), to: t.struct("Out", { to: t.tx(t.bytes) }) }),
});

const signatures = ({ methods }: Service) =>
  Object.fromEntries(
    Object.entries(methods).map(([name, { args, returns, error }]) => [
      name,
      [true, false].map((isStrict) =>
        Buffer.from(
          signatureBytes(Object.values(args), error === undefined ? returns : t.result(returns, error), {
            isStrict,
          }),
        ).toString("hex"),
      ),
    ]),
  );

const throughJson = (document: SchemaDocument): unknown => JSON.parse(JSON.stringify(document));
const reborn = (of: Service): Service =>
  servicesOf(throughJson(documentOf([of]))).get(of.name) ?? assert.fail(`${of.name} is gone`);

suite("a service as JSON", () => {
  test("comes back with the same ids, signatures and description", () => {
    const back = reborn(Rich);
    assert.deepEqual(signatures(back), signatures(Rich));
    const ids = (of: Service) => [...of.descriptors().values()].map(({ name, id }) => [name, id]);
    assert.deepEqual(ids(back), ids(Rich));
    assert.deepEqual(documentOf([back]), documentOf([Rich]));
  });

  test("comes back with the same bytes for its values", () => {
    const value = {
      all: { tag: "Named", at: { x: 1, y: -1 }, tree: { value: 1, children: [{ value: 2, children: [] }] } },
      tagged: { kind: "A", tag: 7 },
      points: new Map([
        ["a", null],
        ["b", { some: null }],
        ["c", { some: { x: 3, y: 4 } }],
      ]),
    };
    const codecOf = (of: Service) => of.descriptors().get("nested")?.argsCodec ?? assert.fail();
    const bytes = codecOf(Rich).toBytes(value);
    assert.deepEqual(codecOf(reborn(Rich)).toBytes(value), bytes);
    assert.deepEqual(codecOf(reborn(Rich)).fromBytes(bytes), value);
  });

  test("has a key of its own for each of two types of one name, and the comments", () => {
    const { types, services } = documentOf([Rich], {
      Rich: "About it.",
      "Rich.none": "Does nothing.",
      Point2: "On a globe.",
      "Point2.lat": "Degrees.",
      "Everything.One": "A number.",
      "Everything.Named.at": "Where.",
    });
    assert.equal(services[0]?.doc, "About it.");
    assert.equal(services[0]?.methods[0]?.doc, "Does nothing.");
    assert.deepEqual(types.Point2, {
      name: "Point",
      doc: "On a globe.",
      kind: "struct",
      fields: [
        { name: "lat", doc: "Degrees.", type: "f64" },
        { name: "lon", type: "f64" },
      ],
    });
    const everything = types.Everything;
    assert.equal(everything?.kind, "enum");
    assert.deepEqual(everything.variants[3], { name: "One", doc: "A number.", item: "u64" });
    assert.equal(everything.variants[5]?.fields?.[0]?.doc, "Where.");
  });

  test("names variants by another property where a field is called tag", () => {
    const Named = t.enum("Named", { A: { tag: t.u8 } }, { tag: "kind" });
    const document = throughJson(documentOf([service("S", { m: method({ a: Named }) })])) as {
      types: { Named: { tag?: string } };
    };
    delete document.types.Named.tag;
    const args = servicesOf(document).get("S")?.descriptors().get("m")?.argsCodec ?? assert.fail();
    assert.deepEqual(args.fromBytes(new Uint8Array([0, 9])), { a: { tag_: "A", tag: 9 } });
  });

  test("cannot hold a type with a codec of its own", () => {
    const Odd = t.custom<number>({ name: "Odd", minBytes: 1, encode: () => {}, decode: () => 1 });
    assert.throws(() => documentOf([service("S", { m: method({ a: Odd }) })]), /Odd: a type with a codec/);
    assert.equal(compile(Odd).fromBytes(new Uint8Array(1)), 1);
  });

  const good = { roamSchema: 1, services: [], types: {} };
  const methodWith = (change: object) => ({
    ...good,
    services: [
      { name: "S", methods: [{ name: "m", id: "0".repeat(16), args: [], returns: "unit", ...change }] },
    ],
  });
  const returning = (returns: unknown) => methodWith({ returns });
  const deep = (levels: number): unknown => (levels === 0 ? "u8" : { list: deep(levels - 1) });
  for (const [document, message] of [
    [null, /schema is not an object/],
    [{ ...good, roamSchema: 2 }, /version 1/],
    [{ ...good, types: undefined }, /types is not an object/],
    [{ ...good, services: {} }, /services is not a list/],
    [{ ...good, types: { A: { name: "A", kind: "union" } } }, /types\.A\.kind is none of/],
    [{ ...good, types: { A: { kind: "unitStruct" } } }, /types\.A\.name is not a name/],
    [{ ...good, types: { A: { name: "A", kind: "struct" } } }, /types\.A\.fields is not a list/],
    [{ ...good, types: { A: { name: "A", kind: "newtype", inner: 7 } } }, /types\.A\.inner is not an object/],
    [methodWith({ id: "12" }), /services\[0\]\.methods\[0\]\.id is not 16/],
    [methodWith({ doc: 1 }), /methods\[0\]\.doc is not a text/],
    [
      methodWith({
        args: [
          { name: "a", type: "u8" },
          { name: "a", type: "u8" },
        ],
      }),
      /args\[1\] has a name that is taken/,
    ],
    [returning("u9"), /returns knows no type "u9"/],
    [returning({ ref: "constructor" }), /refers to "constructor"/],
    [returning({ array: "u8" }), /length is not a count/],
    [returning({ rx: "u8", credit: -1 }), /credit is not a count/],
    [returning({ map: ["u8"] }), /map is not a pair/],
    [returning({ pair: "u8" }), /is no type/],
    [returning({}), /is no type/],
    [returning(deep(70)), /nested more than 64 deep/],
  ] as const) {
    test(`is refused: ${message.source}`, () => {
      assert.throws(() => servicesOf(document), { name: "TypeError", message });
    });
  }
});
