import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Canvas, Shape } from "../codec-cases.ts";
import { type Coding, type Contestant, coding } from "../contestant.ts";
import { descriptorBytes } from "./protobuf-types.ts";

// What generated files hold as well: descriptors, for the one codec that reads them.
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorBytes()));
const COLORS = ["Red", "Green", "Blue"] as const;

function bufbuild(name: string, value: object, plain: (decoded: never) => unknown): Coding {
  const message = registry.getMessage(`bench.${name}`) as DescMessage;
  return coding(
    create(message, value as MessageInitShape<DescMessage>),
    (own) => toBinary(message, own),
    (bytes) => fromBinary(message, bytes),
    plain as (decoded: unknown) => unknown,
  );
}

type OwnShape = {
  shape:
    | { case: "circle"; value: { radius: number } }
    | { case: "rectangle"; value: { width: number; height: number } }
    | { case: "dot"; value: object };
};

function ownShape(shape: Shape): OwnShape {
  if (shape.tag === "Circle") return { shape: { case: "circle", value: { radius: shape.radius } } };
  if (shape.tag === "Point") return { shape: { case: "dot", value: {} } };
  return { shape: { case: "rectangle", value: { width: shape.width, height: shape.height } } };
}

function plainShape({ shape }: OwnShape): Shape {
  if (shape.case === "circle") return { tag: "Circle", radius: shape.value.radius };
  if (shape.case === "dot") return { tag: "Point" };
  return { tag: "Rectangle", width: shape.value.width, height: shape.value.height };
}

export const contestant: Contestant = {
  point: (value) => bufbuild("Point", value, ({ x, y }: typeof value) => ({ x, y })),
  person: (value) =>
    bufbuild("Person", value, ({ name, age, email }: typeof value) => ({ name, age, email })),
  canvas: (value) =>
    bufbuild(
      "Canvas",
      { ...value, shapes: value.shapes.map(ownShape), background: COLORS.indexOf(value.background) },
      ({ name, shapes, background }: { name: string; shapes: OwnShape[]; background: number }) => ({
        name,
        shapes: shapes.map(plainShape),
        background: COLORS[background] as Canvas["background"],
      }),
    ),
  integers: (items) => bufbuild("Integers", { items }, (own: { items: number[] }) => own.items),
  bytes: (data) => bufbuild("Bytes", { data }, (own: { data: Uint8Array }) => own.data),
  strings: (items) => bufbuild("Strings", { items }, (own: { items: string[] }) => own.items),
};
