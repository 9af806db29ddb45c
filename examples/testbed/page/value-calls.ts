import type { CallOptions } from "roam";
import { Card } from "./card.ts";
import { find, integerOf, parseInteger, textOf } from "./dom.ts";
import type { Services, Uplink } from "./uplink.ts";

/** A method whose arguments a person types in: fields with what they hold at first. */
interface ValueMethod {
  readonly fields: Readonly<Record<string, string>>;
  call(testbed: Services["testbed"], text: (field: string) => string, options: CallOptions): Promise<unknown>;
}

const METHODS: Readonly<Record<string, ValueMethod>> = {
  echo: {
    fields: { message: "hello" },
    call: (testbed, text, options) => testbed.echo({ message: text("message") }, options),
  },
  reverse: {
    fields: { message: "stressed" },
    call: (testbed, text, options) => testbed.reverse({ message: text("message") }, options),
  },
  echo_point: {
    fields: { x: "3", y: "-4" },
    call: (testbed, text, options) =>
      testbed.echo_point({ point: { x: integer(text("x")), y: integer(text("y")) } }, options),
  },
  create_person: {
    fields: { name: "Ada", age: "36", "email, or none": "" },
    call: (testbed, text, options) => {
      const email = text("email, or none");
      const person = { name: text("name"), age: integer(text("age")), email: email === "" ? null : email };
      return testbed.create_person(person, options);
    },
  },
  rectangle_area: {
    fields: { left: "0", top: "0", right: "6", bottom: "7" },
    call: (testbed, text, options) => {
      const top_left = { x: integer(text("left")), y: integer(text("top")) };
      const bottom_right = { x: integer(text("right")), y: integer(text("bottom")) };
      return testbed.rectangle_area({ rect: { top_left, bottom_right, label: null } }, options);
    },
  },
  parse_color: {
    fields: { name: "green" },
    call: (testbed, text, options) => testbed.parse_color({ name: text("name") }, options),
  },
  shape_area: {
    fields: { "radius of a circle": "2" },
    call: (testbed, text, options) => {
      const radius = Number(text("radius of a circle"));
      return testbed.shape_area({ shape: { tag: "Circle", radius } }, options);
    },
  },
  create_canvas: {
    fields: { name: "sketch", width: "3", height: "4" },
    call: (testbed, text, options) => {
      const box = { tag: "Rectangle", width: Number(text("width")), height: Number(text("height")) } as const;
      const shapes = [{ tag: "Point" } as const, box];
      return testbed.create_canvas({ name: text("name"), shapes, background: "Blue" }, options);
    },
  },
  process_message: {
    fields: { "text, number or hex bytes": "0x01 02 03" },
    call: (testbed, text, options) => {
      const given = text("text, number or hex bytes");
      if (given.startsWith("0x")) {
        const value = Uint8Array.from(given.slice(2).match(/[0-9a-f]{2}/gi) ?? [], (byte) =>
          Number.parseInt(byte, 16),
        );
        return testbed.process_message({ msg: { tag: "Data", value } }, options);
      }
      if (/^-?\d+$/.test(given)) {
        return testbed.process_message({ msg: { tag: "Number", value: BigInt(given) } }, options);
      }
      return testbed.process_message({ msg: { tag: "Text", value: given } }, options);
    },
  },
  get_points: {
    fields: { count: "5" },
    call: (testbed, text, options) => testbed.get_points({ count: integer(text("count")) }, options),
  },
  swap_pair: {
    fields: { number: "42", text: "answer" },
    call: (testbed, text, options) =>
      testbed.swap_pair({ pair: [integer(text("number")), text("text")] }, options),
  },
};

/** The cards whose calls answer once. */
export function startValueCards(uplink: Uplink): void {
  const values = new Card("values", () => {
    void values.run(async ({ signal }) => {
      const method = METHODS[select.value];
      return method?.call(uplink.services.testbed, (field) => textOf(values.form, field), { signal });
    });
  });
  const select = find(values.form, "select", HTMLSelectElement);
  const fields = find(values.form, ".fields", HTMLDivElement);
  const showFields = () => fields.replaceChildren(...fieldsOf(METHODS[select.value]?.fields ?? {}));
  select.replaceChildren(...Object.keys(METHODS).map((name) => new Option(name)));
  select.addEventListener("change", showFields);
  showFields();

  const divide = new Card("divide", () => {
    void divide.run(async ({ signal }) => {
      const args = {
        dividend: integerOf(divide.form, "dividend"),
        divisor: integerOf(divide.form, "divisor"),
      };
      return uplink.services.testbed.divide(args, { signal });
    });
  });
  const lookup = new Card("lookup", () => {
    void lookup.run(async ({ signal }) =>
      uplink.services.testbed.lookup({ id: Number(integerOf(lookup.form, "id")) }, { signal }),
    );
  });
}

function fieldsOf(fields: Readonly<Record<string, string>>): HTMLElement[] {
  return Object.entries(fields).map(([name, value]) => {
    const input = document.createElement("input");
    Object.assign(input, { name, value, autocomplete: "off" });
    const label = document.createElement("label");
    label.append(name, input);
    return label;
  });
}

function integer(text: string): number {
  return Number(parseInteger(text));
}
