import { type Infer, type Schema, t } from "roam-postcard";
import { seeded } from "./random.ts";

export const Point = t.struct("Point", { x: t.i32, y: t.i32 });
export const Person = t.struct("Person", { name: t.string, age: t.u8, email: t.option(t.string) });
export const Shape = t.enum("Shape", {
  Circle: { radius: t.f64 },
  Rectangle: { width: t.f64, height: t.f64 },
  Point: t.unit,
});
export const Color = t.enum("Color", { Red: t.unit, Green: t.unit, Blue: t.unit });
export const Canvas = t.struct("Canvas", { name: t.string, shapes: t.list(Shape), background: Color });

export type Point = Infer<typeof Point>;
export type Person = Infer<typeof Person>;
export type Shape = Infer<typeof Shape>;
export type Canvas = Infer<typeof Canvas>;

/** The values of each case, in our form. */
export interface CaseValues {
  readonly point: Point;
  readonly person: Person;
  readonly canvas: Canvas;
  readonly integers: number[];
  readonly bytes: Uint8Array;
  readonly strings: string[];
}
export type CaseName = keyof CaseValues;

export const SCHEMAS: { readonly [K in CaseName]: Schema<CaseValues[K]> } = {
  point: Point,
  person: Person,
  canvas: Canvas,
  integers: t.list(t.i32),
  bytes: t.bytes,
  strings: t.list(t.string),
};

export const TITLES: Readonly<Record<CaseName, string>> = {
  point: "a struct of two i32",
  person: "a Person: name, age, email or none",
  canvas: "a Canvas of 100 shapes: an enum with f64 fields",
  integers: "10,000 i32 of any length from 1 to 31 bits",
  bytes: "1 MiB of bytes",
  strings: "100 strings of 20 ASCII characters",
};

export const CASE_NAMES = Object.keys(SCHEMAS) as CaseName[];

export function caseValues(): CaseValues {
  const random = seeded(7);
  const below = (limit: number) => Math.floor(random() * limit);
  const items = <T>(length: number, make: (index: number) => T) =>
    Array.from({ length }, (_, at) => make(at));
  const size = () => below(40_000) / 100;
  return {
    point: { x: 37, y: -1204 },
    person: { name: "Alice", age: 30, email: "alice@example.com" },
    canvas: {
      name: "Untitled canvas",
      shapes: items(100, () => shape(below(3), size)),
      background: "Green",
    },
    integers: items(10_000, () => below(2 ** (1 + below(31))) ^ (random() < 0.5 ? -1 : 0)),
    bytes: Uint8Array.from({ length: 2 ** 20 }, () => below(256)),
    strings: items(100, () => items(20, () => String.fromCharCode(97 + below(26))).join("")),
  };
}

function shape(kind: number, size: () => number): Shape {
  if (kind === 0) return { tag: "Circle", radius: size() };
  if (kind === 1) return { tag: "Rectangle", width: size(), height: size() };
  return { tag: "Point" };
}
