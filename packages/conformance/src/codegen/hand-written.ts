import { method, type Schema, type Service, service, t } from "roam";

/** Services as people write them, and some as nobody should: all become Rust. */

const Color = t.enum("Color", { Red: t.unit, Green: t.unit, Custom: [t.u8, t.u8, t.u8] });
const Point = t.struct("Point", { x: t.f64, y: t.f64 });
const Meters = t.newtype("Meters", t.f32);
const UserId = t.transparent("UserId", t.u64);
const Marker = t.unitStruct("Marker");
const Segment = t.tupleStruct("Segment", [Point, Point]);

interface Shape {
  readonly name: string;
  readonly parts: readonly Shape[];
  readonly parent: Shape | null;
}
const Shape: Schema<Shape> = t.struct("Shape", {
  name: t.string,
  parts: t.list(t.lazy(() => Shape)),
  parent: t.option(t.lazy(() => Shape)),
}) as Schema<Shape>;

type Json =
  | { readonly tag: "Null" }
  | { readonly tag: "Text"; readonly value: string }
  | { readonly tag: "List"; readonly value: readonly Json[] }
  | { readonly tag: "Object"; readonly value: ReadonlyMap<string, Json> };
const Json: Schema<Json> = t.enum("Json", {
  Null: t.unit,
  Text: t.string,
  List: t.list(t.lazy(() => Json)),
  Object: t.map(
    t.string,
    t.lazy(() => Json),
  ),
}) as Schema<Json>;

const Everything = t.struct("Everything", {
  bool: t.bool,
  u8: t.u8,
  u16: t.u16,
  u32: t.u32,
  u64: t.u64,
  u128: t.u128,
  usize: t.usize,
  i8: t.i8,
  i16: t.i16,
  i32: t.i32,
  i64: t.i64,
  i128: t.i128,
  isize: t.isize,
  f32: t.f32,
  f64: t.f64,
  char: t.char,
  string: t.string,
  bytes: t.bytes,
  unit: t.unit,
  list: t.list(t.string),
  option: t.option(t.option(t.u8)),
  array: t.array(t.u16, 3),
  set: t.set(t.u32),
  map: t.map(t.string, t.list(t.u8)),
  tuple: t.tuple([t.u8, t.string]),
  result: t.result(t.u8, t.string),
});

const Forms = t.enum("Forms", {
  Unit: t.unit,
  Newtype: t.u32,
  Tuple: [t.u8, t.string],
  Struct: { a: t.bool, b: t.i64 },
  EmptyTuple: [],
  EmptyStruct: {},
  OfUnit: [t.unit],
});

const Words = t.struct("Words", { type: t.string, match: t.u8, async: t.bool, fn: t.u8, camelCase: t.u8 });
const Failure = t.enum("Failure", { NotFound: t.unit, Broken: { why: t.string, code: t.i32 } });
const Job = t.struct("Job", { name: t.string, progress: t.tx(t.u32), input: t.rx(t.bytes, 4) });

const Drawing = service("Drawing", {
  drawLine: method({ from: Point, to: Point, color: Color }, t.bool),
  addSegment: method({ segment: Segment, width: Meters }, t.u32, Failure),
  shapes: method({ root: Shape, owner: UserId }, t.list(Shape)),
  mark: method({ marker: Marker }),
  getHTTP2Data: method({}, t.bytes),
  eval: method({ json: Json }, Json, Failure),
  echo: method({ all: Everything }, Everything),
  forms: method({ v: Forms }, Forms),
  words: method({ type: t.string, self: t.u8, words: Words }, Words),
  matrix: method({ rows: t.array(t.array(t.f32, 3), 3) }, t.array(t.f64, 2)),
  slices: method({ bytes: t.byteSlice, names: t.slice(t.string) }, t.unit),
  outcome: method({}, t.result(t.u8, t.string)),
  nested: method({}, t.result(t.u8, t.u8), t.result(t.string, t.unit)),
});

const Streaming = service("Streaming", {
  watch: method({ since: t.u64, out: t.tx(Point) }),
  collect: method({ numbers: t.rx(t.i32, 64) }, t.i64),
  both: method({ input: t.rx(t.string), output: t.tx(t.string, 1) }, t.u32, Failure),
  maybe: method({ log: t.option(t.tx(t.string)) }, t.bool),
  run: method({ job: Job }, t.u32),
  pair: method({ pair: t.tuple([t.u8, t.rx(t.u8)]) }, t.u8),
});

export const HAND_WRITTEN: readonly Service[] = [Drawing, Streaming].map((one) => one as unknown as Service);
