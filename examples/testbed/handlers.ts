import { fail, type HandlersOf, type Infer } from "roam";
import type { Color, Person, Testbed } from "./testbed.ts";

const PEOPLE: Readonly<Record<number, Infer<typeof Person>>> = {
  1: { name: "Alice", age: 30, email: "alice@example.com" },
  2: { name: "Bob", age: 25, email: null },
  3: { name: "Charlie", age: 35, email: "charlie@example.com" },
};
const COLORS: Readonly<Record<string, Infer<typeof Color>>> = { red: "Red", green: "Green", blue: "Blue" };
const I64_MIN = -(2n ** 63n);

/** Serves Testbed as its description says, and nothing more. */
export const testbedHandlers: HandlersOf<typeof Testbed> = {
  echo: ({ message }) => message,
  // By Unicode scalar value: spreading a string gives these.
  reverse: ({ message }) => [...message].reverse().join(""),
  divide({ dividend, divisor }) {
    if (divisor === 0n) fail("DivisionByZero");
    if (dividend === I64_MIN && divisor === -1n) fail("Overflow");
    return dividend / divisor;
  },
  lookup: ({ id }) => PEOPLE[id] ?? fail("NotFound"),
  async sum({ numbers }) {
    let total = 0n;
    for await (const number of numbers) total += BigInt(number);
    return total;
  },
  async generate({ count, output }) {
    for (let number = 0; number < count; number++) await output.send(number);
    await output.close();
  },
  async transform({ input, output }) {
    for await (const text of input) await output.send(text);
    await output.close();
  },
  echo_point: ({ point }) => point,
  create_person: (person) => person,
  rectangle_area: ({ rect: { top_left, bottom_right } }) =>
    Math.abs(bottom_right.x - top_left.x) * Math.abs(bottom_right.y - top_left.y),
  parse_color: ({ name }) => COLORS[name.toLowerCase()] ?? null,
  shape_area({ shape }) {
    switch (shape.tag) {
      case "Circle":
        return Math.PI * shape.radius * shape.radius;
      case "Rectangle":
        return shape.width * shape.height;
      case "Point":
        return 0;
    }
  },
  create_canvas: (canvas) => canvas,
  process_message({ msg }) {
    switch (msg.tag) {
      case "Text":
        return { tag: "Text", value: `processed: ${msg.value}` };
      case "Number":
        return { tag: "Number", value: BigInt.asIntN(64, msg.value * 2n) };
      case "Data":
        return { tag: "Data", value: msg.value.slice().reverse() };
    }
  },
  get_points: ({ count }) => Array.from({ length: count }, (_, i) => ({ x: i, y: 2 * i })),
  swap_pair: ({ pair: [number, text] }) => [text, number],
};
