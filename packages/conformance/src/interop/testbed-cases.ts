import { channel } from "roam";
import { type Case, collect, gives, refuses } from "./case.ts";
import type { TestbedClient } from "./services.ts";

const MIXED = 'Grüße, мир! 日本語 🦀\0\n"end"';
const TEXTS = [
  ["ascii", "hello"],
  ["empty", ""],
  ["non-ascii", MIXED],
  ["100 kB", "0123456789".repeat(10_000)],
] as const;
const I64_MIN = -(2n ** 63n);
const I32_MIN = -(2 ** 31);

/** Every method of Testbed, each with several inputs. */
export function testbedCases(client: TestbedClient): Case[] {
  return [...texts(client), ...numbers(client), ...structs(client), ...enums(client), ...channels(client)];
}

function texts(client: TestbedClient): Case[] {
  return TEXTS.flatMap(([name, text]) => [
    gives(`echo ${name}`, () => client.echo({ message: text }), text),
    gives(`reverse ${name}`, () => client.reverse({ message: text }), [...text].reverse().join("")),
  ]);
}

function numbers(client: TestbedClient): Case[] {
  const divide = (dividend: bigint, divisor: bigint) => () => client.divide({ dividend, divisor });
  return [
    gives("divide", divide(100n, 7n), 14n),
    gives("divide truncating", divide(-7n, 2n), -3n),
    gives("divide widest", divide(I64_MIN, 1n), I64_MIN),
    refuses("divide by zero", divide(1n, 0n), "user", "DivisionByZero"),
    refuses("divide overflow", divide(I64_MIN, -1n), "user", "Overflow"),
    gives("swap_pair", () => client.swap_pair({ pair: [-7, "left"] }), ["left", -7]),
    gives("swap_pair widest", () => client.swap_pair({ pair: [I32_MIN, ""] }), ["", I32_MIN]),
    ...[0, 3, 1000].map((count) =>
      gives(
        `get_points ${count}`,
        () => client.get_points({ count }),
        Array.from({ length: count }, (_, i) => ({ x: i, y: 2 * i })),
      ),
    ),
    // r[verify rpc.pipelining]
    gives(
      "50 concurrent echo calls",
      () => Promise.all(Array.from({ length: 50 }, (_, i) => client.echo({ message: `call ${i}` }))),
      Array.from({ length: 50 }, (_, i) => `call ${i}`),
    ),
    // Announced are 64: the others wait here.
    gives(
      "200 concurrent reverse calls",
      () => Promise.all(Array.from({ length: 200 }, (_, i) => client.reverse({ message: `-${i % 10}` }))),
      Array.from({ length: 200 }, (_, i) => `${i % 10}-`),
    ),
  ];
}

function structs(client: TestbedClient): Case[] {
  const people = [
    { name: "Alice", age: 30, email: "alice@example.com" },
    { name: "Bob", age: 25, email: null },
    { name: "Charlie", age: 35, email: "charlie@example.com" },
  ];
  const rect = (label: string | null) => ({
    top_left: { x: 10, y: -5 },
    bottom_right: { x: 4, y: 5 },
    label,
  });
  return [
    ...people.map((person, index) =>
      gives(`lookup ${index + 1}`, () => client.lookup({ id: index + 1 }), person),
    ),
    refuses("lookup 99", () => client.lookup({ id: 99 }), "user", "NotFound"),
    ...[
      { x: 3, y: 4 },
      { x: -1, y: I32_MIN },
    ].map((point) => gives(`echo_point ${point.x} ${point.y}`, () => client.echo_point({ point }), point)),
    ...["dora@example.com", null].map((email) =>
      gives(`create_person ${email}`, () => client.create_person({ name: "Dora", age: 255, email }), {
        name: "Dora",
        age: 255,
        email,
      }),
    ),
    ...["box", null].map((label) =>
      gives(`rectangle_area ${label}`, () => client.rectangle_area({ rect: rect(label) }), 60),
    ),
  ];
}

function enums(client: TestbedClient): Case[] {
  const circle = { tag: "Circle", radius: 2 } as const;
  const rectangle = { tag: "Rectangle", width: 2.5, height: 4 } as const;
  const point = { tag: "Point" } as const;
  const canvas = (shapes: (typeof circle | typeof rectangle | typeof point)[]) =>
    ({ name: "sky", shapes, background: "Blue" }) as const;
  return [
    ...(
      [
        ["red", "Red"],
        ["GREEN", "Green"],
        ["Blue", "Blue"],
        ["mauve", null],
      ] as const
    ).map(([name, color]) => gives(`parse_color ${name}`, () => client.parse_color({ name }), color)),
    // Values whose product is exact in any order of multiplication.
    gives("shape_area circle", () => client.shape_area({ shape: circle }), 4 * Math.PI),
    gives("shape_area rectangle", () => client.shape_area({ shape: rectangle }), 10),
    gives("shape_area point", () => client.shape_area({ shape: point }), 0),
    ...[canvas([circle, point, rectangle]), canvas([])].map((sky) =>
      gives(`create_canvas of ${sky.shapes.length}`, () => client.create_canvas(sky), sky),
    ),
    gives("process_message text", () => client.process_message({ msg: { tag: "Text", value: "hé" } }), {
      tag: "Text",
      value: "processed: hé",
    }),
    gives(
      "process_message number",
      () => client.process_message({ msg: { tag: "Number", value: -(2n ** 60n) } }),
      { tag: "Number", value: -(2n ** 61n) },
    ),
    ...[[0, 1, 255], []].map((data) =>
      gives(
        `process_message ${data.length} bytes`,
        () => client.process_message({ msg: { tag: "Data", value: Uint8Array.from(data) } }),
        { tag: "Data", value: Uint8Array.from(data.toReversed()) },
      ),
    ),
  ];
}

function channels(client: TestbedClient): Case[] {
  const texts = Array.from({ length: 40 }, (_, i) => `${i} ${MIXED}`);
  const count = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);
  const total = (items: readonly number[]) => BigInt(items.reduce((sum, item) => sum + item, 0));
  return [
    // 0 and 5 items fit into the initial credit of 16, the others do not.
    ...[0, 5, 16, 17, 100].flatMap((length) => [
      gives(`sum of ${length}`, () => client.sum({ numbers: count(length, -50) }), total(count(length, -50))),
      gives(`generate ${length}`, async () => {
        const call = client.generate({ count: length });
        const items = await collect(call.output);
        return [items, await call];
      }, [count(length), undefined]),
    ]),
    gives(
      "sum of items given by hand",
      async () => {
        const call = client.sum({});
        await call.numbers.send(2 ** 31 - 1);
        await call.numbers.send(2 ** 31 - 1);
        await call.numbers.close();
        return call;
      },
      2n ** 32n - 2n,
    ),
    gives(
      "sum through handles",
      async () => {
        const [tx, numbers] = channel<number>();
        const call = client.sum({ numbers });
        for (const item of count(30)) await tx.send(item);
        await tx.close();
        return call;
      },
      total(count(30)),
    ),
    gives("transform 40 strings", async () => {
      const call = client.transform({ input: texts });
      const items = await collect(call.output);
      return [items, await call];
    }, [texts, undefined]),
    gives("transform to and fro, one string at a time", async () => {
      const call = client.transform({});
      const items: (string | undefined)[] = [];
      for (const text of texts) {
        await call.input.send(text);
        items.push((await call.output.next()).value);
      }
      await call.input.close();
      return [items, (await call.output.next()).done, await call];
    }, [texts, true, undefined]),
  ];
}
