import { method, type Schema, service, t } from "roam";
import { documentOf, type SchemaDocument } from "roam/schema";

type Tree = { value: number; children: Tree[] };
const Tree: Schema<Tree> = t.struct("Tree", { value: t.u8, children: t.list(t.lazy(() => Tree)) });

type Expression =
  | { tag: "Number"; value: number }
  | { tag: "Sum"; value: [Expression, Operand] }
  | { tag: "Call"; name: string; operands: Map<string, Operand | null> };
type Operand = { of: Expression | null; notes: Uint8Array; some: { some: string | null } | null };
const Expression: Schema<Expression> = t.enum("Expression", {
  Number: t.f64,
  Sum: [t.lazy(() => Expression), t.lazy(() => Operand)],
  Call: { name: t.string, operands: t.map(t.string, t.option(t.lazy(() => Operand))) },
});
const Operand: Schema<Operand> = t.struct("Operand", {
  of: t.option(Expression),
  notes: t.bytes,
  some: t.option(t.option(t.string)),
});
type Chain = { some: Chain } | null;
const Chain: Schema<Chain> = t.newtype("Chain", t.option(t.lazy(() => Chain)));
type Forest = [Set<bigint>, Forest[], { ok: Forest } | { err: undefined }];
const Forest: Schema<Forest> = t.tupleStruct("Forest", [
  t.set(t.u64),
  t.slice(t.lazy(() => Forest)),
  t.result(
    t.lazy(() => Forest),
    t.unit,
  ),
]);

const Point = t.struct("Point", { x: t.i32, y: t.i32 });
const Nil = t.unitStruct("Nil");
const Everything = t.enum("Everything", {
  Nothing: t.unit,
  Unit: [t.unit],
  Nil: [Nil],
  Empty: [],
  One: t.u64,
  Two: [t.u8, t.string],
  Named: { at: Point, tree: Tree },
  None: {},
});
const Tagged = t.enum("Tagged", { A: { tag: t.u8, kind: t.bool }, B: t.unit }, { tag: "kind_" });

/** Every form that a type can have. */
export const Rich = service("Rich", {
  none: method({}),
  scalars: method(
    {
      ...{ a: t.u8, b: t.usize, c: t.i128, d: t.f32, e: t.char, f: t.bytes, g: t.byteSlice, h: t.bool },
      ...{
        i: t.u16,
        j: t.u32,
        k: t.u64,
        l: t.u128,
        m: t.i8,
        n: t.i16,
        o: t.i32,
        p: t.i64,
        q: t.f64,
        r: t.unit,
      },
    },
    t.isize,
  ),
  nested: method(
    { all: Everything, tagged: Tagged, points: t.map(t.string, t.option(t.option(Point))) },
    t.tuple([t.set(t.u32), t.array(Point, 3), t.slice(t.string)]),
    t.enum("Refused", { No: t.unit, Yes: t.unit }),
  ),
  wrapped: method(
    { id: t.transparent("Id", t.u64), plain: t.newtype("Plain", t.u8), nil: Nil },
    t.tupleStruct("Pair", [t.u8, t.opaque("Duration", t.string)]),
  ),
  result: method({ inside: t.result(t.u8, Tree), __proto__x: t.u8, "not-a-name": t.string }),
  recursive: method({ expression: Expression, chain: Chain }, Forest, t.string),
  streams: method({
    from: t.rx(Tree, 3),
    to: t.struct("Out", { to: t.tx(t.bytes), maybe: t.option(t.tx(Expression, 64)) }),
  }),
});

export const RICH_DOCS = {
  Rich: "About it.\n\nWith */ an end, and a `tick`.",
  "Rich.none": "Does nothing.",
  Tree: "A tree.",
  "Tree.value": "At this place.",
  "Everything.One": "A number.",
  "Everything.Named": "Several.",
  "Everything.Named.at": "Where.",
  Expression: 'Text with $ {holes} and "quotes" \\ and more.',
  "Expression.Call": "By name.",
  "Operand.of": "Of what.",
};

export const richDocument: SchemaDocument = documentOf([Rich], RICH_DOCS);

const named = (key: string) => ({ ref: key });
const id = "0123456789abcdef";

/** Names as a reader of Rust gives them, and those that clash with what TypeScript knows. */
export const namesDocument: SchemaDocument = {
  roamSchema: 1,
  services: [
    {
      name: "TemplateHost",
      methods: [
        {
          name: "load_template",
          id,
          args: [{ name: "map", type: named("Map") }],
          returns: named("Page<Invoice>"),
        },
        { name: "then", id: "0000000000000001", args: [], returns: named("default") },
        { name: "x_1", id: "0000000000000002", args: [], returns: named("Page<other::Invoice>") },
        { name: "fooBar", id: "0000000000000003", args: [], returns: named("PageInvoice") },
        { name: "foo_bar", id: "0000000000000004", args: [], returns: named("TemplateHost") },
        { name: "r#match", id: "0000000000000005", args: [], returns: named("string") },
      ],
    },
  ],
  types: {
    "Page<Invoice>": { name: "Page", kind: "struct", fields: [{ name: "items", type: { list: "u8" } }] },
    "Page<other::Invoice>": { name: "Page", kind: "struct", fields: [{ name: "items", type: "u64" }] },
    PageInvoice: { name: "PageInvoice", doc: "Its own.", kind: "unitStruct" },
    Map: {
      name: "Map",
      kind: "struct",
      fields: [{ name: "of", type: { map: ["u8", { list: named("Map") }] } }],
    },
    TemplateHost: { name: "TemplateHost", kind: "transparent", inner: "string" },
    default: { name: "default", kind: "newtype", inner: { ref: "string" } },
    string: { name: "string", doc: "Not a text.", kind: "struct", fields: [] },
  },
};
