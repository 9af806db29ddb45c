import avsc from "avsc";
import type { Canvas, Shape } from "../codec-cases.ts";
import { type Contestant, coding } from "../contestant.ts";

const record = (name: string, fields: Record<string, unknown>) => ({
  type: "record",
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});

const point = avsc.Type.forSchema(record("Point", { x: "int", y: "int" }) as avsc.Schema);
const person = avsc.Type.forSchema(
  record("Person", { name: "string", age: "int", email: ["null", "string"] }) as avsc.Schema,
);
const canvas = avsc.Type.forSchema(
  record("Canvas", {
    name: "string",
    shapes: {
      type: "array",
      items: [
        record("Circle", { radius: "double" }),
        record("Rectangle", { width: "double", height: "double" }),
        record("Dot", {}),
      ],
    },
    background: { type: "enum", name: "Color", symbols: ["Red", "Green", "Blue"] },
  }) as avsc.Schema,
);
const integers = avsc.Type.forSchema({ type: "array", items: "int" });
const bytes = avsc.Type.forSchema("bytes");
const strings = avsc.Type.forSchema({ type: "array", items: "string" });

type OwnShape =
  | { Circle: { radius: number } }
  | { Rectangle: { width: number; height: number } }
  | { Dot: object };

function ownShape(shape: Shape): OwnShape {
  if (shape.tag === "Circle") return { Circle: { radius: shape.radius } };
  if (shape.tag === "Rectangle") return { Rectangle: { width: shape.width, height: shape.height } };
  return { Dot: {} };
}

function plainShape(own: OwnShape): Shape {
  if ("Circle" in own) return { tag: "Circle", radius: own.Circle.radius };
  if ("Rectangle" in own) return { tag: "Rectangle", ...own.Rectangle };
  return { tag: "Point" };
}

function plainCanvas(decoded: unknown): Canvas {
  const own = decoded as Omit<Canvas, "shapes"> & { shapes: OwnShape[] };
  return { ...own, shapes: own.shapes.map(plainShape) };
}

const spread = (decoded: unknown) => ({ ...(decoded as object) });

function avro(type: avsc.Type, plain?: (decoded: unknown) => unknown) {
  return (value: unknown) =>
    coding(
      value,
      (own) => type.toBuffer(own),
      (encoded) => type.fromBuffer(encoded as Buffer),
      plain,
    );
}

export const contestant: Contestant = {
  point: avro(point, spread),
  person: avro(person, spread),
  canvas: (value) => avro(canvas, plainCanvas)({ ...value, shapes: value.shapes.map(ownShape) }),
  integers: avro(integers),
  bytes: (value) => avro(bytes, (decoded) => new Uint8Array(decoded as Buffer))(Buffer.from(value)),
  strings: avro(strings),
};
