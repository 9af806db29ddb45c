import type protobuf from "protobufjs";
import type { Canvas, Shape } from "../codec-cases.ts";
import { type Coding, type Contestant, coding } from "../contestant.ts";
import { root } from "./protobuf-types.ts";

const colors = root.lookupEnum("bench.Color");

/** The code that protobufjs generates for a type, as its static target prints it. */
function pbjs(name: string, value: object, plain: (decoded: never) => unknown): Coding {
  const type = root.lookupType(`bench.${name}`).setup();
  const problem = type.verify(value as Record<string, unknown>);
  if (problem !== null) throw new TypeError(`${name}: ${problem}`);
  return coding(
    type.create(value as Record<string, unknown>) as protobuf.Message,
    (message) => type.encode(message).finish(),
    (bytes) => type.decode(bytes),
    plain as (decoded: unknown) => unknown,
  );
}

interface OwnShape {
  circle?: { radius: number };
  rectangle?: { width: number; height: number };
  dot?: object;
}

function ownShape(shape: Shape): OwnShape {
  if (shape.tag === "Circle") return { circle: { radius: shape.radius } };
  if (shape.tag === "Rectangle") return { rectangle: { width: shape.width, height: shape.height } };
  return { dot: {} };
}

function plainShape({ circle, rectangle }: OwnShape): Shape {
  if (circle) return { tag: "Circle", radius: circle.radius };
  if (rectangle) return { tag: "Rectangle", width: rectangle.width, height: rectangle.height };
  return { tag: "Point" };
}

export const contestant: Contestant = {
  point: (value) => pbjs("Point", value, ({ x, y }: typeof value) => ({ x, y })),
  person: (value) => pbjs("Person", value, ({ name, age, email }: typeof value) => ({ name, age, email })),
  canvas: (value) =>
    pbjs(
      "Canvas",
      { ...value, shapes: value.shapes.map(ownShape), background: colors.values[value.background] },
      ({ name, shapes, background }: { name: string; shapes: OwnShape[]; background: number }) => ({
        name,
        shapes: shapes.map(plainShape),
        background: colors.valuesById[background] as Canvas["background"],
      }),
    ),
  integers: (items) => pbjs("Integers", { items }, (own: { items: number[] }) => own.items),
  bytes: (data) => pbjs("Bytes", { data }, (own: { data: Uint8Array }) => new Uint8Array(own.data)),
  strings: (items) => pbjs("Strings", { items }, (own: { items: string[] }) => own.items),
};
