// What a person would write who has these six types and no others: straight-line code on byte
// arrays, the same format as ours, with the checks that strange bytes and wrong values need.
import type { Canvas, Person, Point, Shape } from "../codec-cases.ts";
import { type Contestant, coding } from "../contestant.ts";
import { floats, integerAt, invalid, lengthAt, place, textAt } from "./by-hand-reading.ts";
import { finish, floatsOf, putInteger, putLength, putText, room, start } from "./by-hand-writing.ts";

const COLORS = ["Red", "Green", "Blue"] as const;

const point = {
  encode({ x, y }: Point): Uint8Array {
    const bytes = room(10);
    return finish(putInteger(bytes, putInteger(bytes, start(), x), y));
  },
  decode(bytes: Uint8Array): Point {
    const x = integerAt(bytes, 0);
    const y = integerAt(bytes, place.end);
    return { x, y };
  },
};

const person = {
  encode({ name, age, email }: Person): Uint8Array {
    const bytes = room(12 + 3 * (name.length + (email === null ? 0 : email.length)));
    let at = putText(bytes, start(), name);
    if ((age & 0xff) !== age) invalid("age");
    bytes[at++] = age;
    if (email === null) bytes[at++] = 0;
    else {
      bytes[at++] = 1;
      at = putText(bytes, at, email);
    }
    return finish(at);
  },
  decode(bytes: Uint8Array): Person {
    const name = textAt(bytes, 0);
    let at = place.end;
    if (at + 2 > bytes.length) invalid("end");
    const age = bytes[at++] as number;
    const option = bytes[at++] as number;
    if (option > 1) invalid("option");
    return { name, age, email: option === 0 ? null : textAt(bytes, at) };
  },
};

const canvas = {
  encode({ name, shapes, background }: Canvas): Uint8Array {
    const bytes = room(16 + 3 * name.length + 17 * shapes.length);
    const view = floatsOf(bytes);
    let at = putText(bytes, start(), name);
    at = putLength(bytes, at, shapes.length);
    for (const shape of shapes) {
      if (shape.tag === "Circle") {
        bytes[at] = 0;
        view.setFloat64(at + 1, shape.radius, true);
        at += 9;
      } else if (shape.tag === "Rectangle") {
        bytes[at] = 1;
        view.setFloat64(at + 1, shape.width, true);
        view.setFloat64(at + 9, shape.height, true);
        at += 17;
      } else if (shape.tag === "Point") bytes[at++] = 2;
      else invalid("shape");
    }
    const color = COLORS.indexOf(background);
    if (color < 0) invalid("color");
    bytes[at++] = color;
    return finish(at);
  },
  decode(bytes: Uint8Array): Canvas {
    const view = floats(bytes);
    const name = textAt(bytes, 0);
    const count = lengthAt(bytes, place.end);
    let at = place.end;
    const shapes: Shape[] = [];
    for (let index = 0; index < count; index++) {
      const tag = at < bytes.length ? bytes[at++] : -1;
      // Past the end the view throws.
      if (tag === 0) {
        shapes.push({ tag: "Circle", radius: view.getFloat64(at, true) });
        at += 8;
      } else if (tag === 1) {
        shapes.push({
          tag: "Rectangle",
          width: view.getFloat64(at, true),
          height: view.getFloat64(at + 8, true),
        });
        at += 16;
      } else if (tag === 2) shapes.push({ tag: "Point" });
      else invalid("shape");
    }
    return { name, shapes, background: COLORS[bytes[at] as number] ?? invalid("color") };
  },
};

const integers = {
  encode(items: readonly number[]): Uint8Array {
    const bytes = room(5 + 5 * items.length);
    let at = putLength(bytes, start(), items.length);
    for (let index = 0; index < items.length; index++) at = putInteger(bytes, at, items[index] as number);
    return finish(at);
  },
  decode(bytes: Uint8Array): number[] {
    const count = lengthAt(bytes, 0);
    let at = place.end;
    const items: number[] = new Array(count);
    for (let index = 0; index < count; index++) {
      let bits = at < bytes.length ? (bytes[at++] as number) : invalid("end");
      if (bits > 0x7f) {
        bits &= 0x7f;
        for (let shift = 7; ; shift += 7) {
          const byte = at < bytes.length ? (bytes[at++] as number) : invalid("end");
          if (shift === 28 && byte > 0x0f) invalid("varint");
          bits |= (byte & 0x7f) << shift;
          if (byte < 0x80) break;
        }
      }
      items[index] = (bits >>> 1) ^ -(bits & 1);
    }
    return items;
  },
};

const data = {
  encode(value: Uint8Array): Uint8Array {
    const bytes = room(5 + value.length);
    const at = putLength(bytes, start(), value.length);
    bytes.set(value, at);
    return finish(at + value.length);
  },
  decode(bytes: Uint8Array): Uint8Array {
    const length = lengthAt(bytes, 0);
    return bytes.subarray(place.end, place.end + length);
  },
};

const strings = {
  encode(items: readonly string[]): Uint8Array {
    let most = 5;
    for (const item of items) most += 5 + 3 * item.length;
    const bytes = room(most);
    let at = putLength(bytes, start(), items.length);
    for (const item of items) at = putText(bytes, at, item);
    return finish(at);
  },
  decode(bytes: Uint8Array): string[] {
    const count = lengthAt(bytes, 0);
    let at = place.end;
    const items: string[] = [];
    for (let index = 0; index < count; index++) {
      items.push(textAt(bytes, at));
      at = place.end;
    }
    return items;
  },
};

export const contestant: Contestant = {
  point: (value) => coding(value, point.encode, point.decode),
  person: (value) => coding(value, person.encode, person.decode),
  canvas: (value) => coding(value, canvas.encode, canvas.decode),
  integers: (value) => coding(value, integers.encode, integers.decode),
  bytes: (value) => coding(value, data.encode, data.decode),
  strings: (value) => coding(value, strings.encode, strings.decode),
};
