import { method, service, t } from "roam";

export const Point = t.struct("Point", { x: t.i32, y: t.i32 });
export const Person = t.struct("Person", { name: t.string, age: t.u8, email: t.option(t.string) });
export const Rectangle = t.struct("Rectangle", {
  top_left: Point,
  bottom_right: Point,
  label: t.option(t.string),
});
export const Color = t.enum("Color", { Red: t.unit, Green: t.unit, Blue: t.unit });
export const Shape = t.enum("Shape", {
  Circle: { radius: t.f64 },
  Rectangle: { width: t.f64, height: t.f64 },
  Point: t.unit,
});
export const Canvas = t.struct("Canvas", { name: t.string, shapes: t.list(Shape), background: Color });
export const Message = t.enum("Message", { Text: t.string, Number: t.i64, Data: t.bytes });
export const MathError = t.enum("MathError", { DivisionByZero: t.unit, Overflow: t.unit });
export const LookupError = t.enum("LookupError", { NotFound: t.unit, AccessDenied: t.unit });

/** One method for each shape of call: what any two Roam peers can try on each other. */
export const Testbed = service("Testbed", {
  echo: method({ message: t.string }, t.string),
  reverse: method({ message: t.string }, t.string),
  divide: method({ dividend: t.i64, divisor: t.i64 }, t.i64, MathError),
  lookup: method({ id: t.u32 }, Person, LookupError),
  sum: method({ numbers: t.rx(t.i32) }, t.i64),
  generate: method({ count: t.u32, output: t.tx(t.i32) }),
  transform: method({ input: t.rx(t.string), output: t.tx(t.string) }),
  echo_point: method({ point: Point }, Point),
  create_person: method({ name: t.string, age: t.u8, email: t.option(t.string) }, Person),
  rectangle_area: method({ rect: Rectangle }, t.f64),
  parse_color: method({ name: t.string }, t.option(Color)),
  shape_area: method({ shape: Shape }, t.f64),
  create_canvas: method({ name: t.string, shapes: t.list(Shape), background: Color }, Canvas),
  process_message: method({ msg: Message }, Message),
  get_points: method({ count: t.u32 }, t.list(Point)),
  swap_pair: method({ pair: t.tuple([t.i32, t.string]) }, t.tuple([t.string, t.i32])),
});
