import type { Report } from "../interop/case.ts";
import { expectEqual } from "../vectors/tally.ts";
import type { TestbedPeer } from "./places.ts";
import { expectOutcome, Piped, ROAM, roam } from "./program.ts";
import { Terminal } from "./terminal.ts";

interface Said {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly exit?: number;
  /** Standard output as JSON lines. */
  readonly out: readonly unknown[];
}

const ALICE = { name: "Alice", age: 30, email: "alice@example.com" };
const CANVAS = { name: "c", shapes: [{ tag: "Circle", radius: 2 }, { tag: "Point" }], background: "Red" };

/** Each method of Testbed at least once, with arguments in every form. */
const CALLS: readonly Said[] = [
  { args: ["Testbed.echo", "hé ✓"], out: ["hé ✓"] },
  { args: ["Testbed.reverse", "--message", "abc"], out: ["cba"] },
  { args: ["Testbed.divide", "--dividend", "-9", "--divisor=2"], out: [-4] },
  { args: ["Testbed.divide", "[9007199254740993, 1]"], out: ["9007199254740993"] },
  { args: ["Testbed.divide", "1", "0"], exit: 3, out: ["DivisionByZero"] },
  { args: ["Testbed.divide", "1", "0", "--json"], exit: 3, out: [{ error: "DivisionByZero" }] },
  { args: ["Testbed.lookup", '{"id": 1}'], out: [ALICE] },
  { args: ["lookup", "2", "--json"], out: [{ value: { name: "Bob", age: 25, email: null } }] },
  { args: ["Testbed.lookup", "9"], exit: 3, out: ["NotFound"] },
  { args: ["Testbed.sum"], stdin: "1\n2\n\n-4\n", out: [-1] },
  { args: ["Testbed.sum", "--numbers", "[1, 2]"], out: [3] },
  { args: ["Testbed.sum"], stdin: "", out: [0] },
  { args: ["Testbed.generate", "3"], out: [0, 1, 2] },
  {
    args: ["Testbed.generate", "2", "--json"],
    out: [{ channel: "output", item: 0 }, { channel: "output", item: 1 }, { value: null }],
  },
  { args: ["Testbed.transform"], stdin: '"a"\n"b"\n', out: ["a", "b"] },
  { args: ["Testbed.echo_point", "--point.x", "1", "--point.y", "-2"], out: [{ x: 1, y: -2 }] },
  {
    args: ["Testbed.createPerson", "--name", "Zoë", "--age", "9"],
    out: [{ name: "Zoë", age: 9, email: null }],
  },
  {
    args: ["Testbed.rectangle_area", '{"rect":{"top_left":{"x":0,"y":0},"bottom_right":{"x":2,"y":-3}}}'],
    out: [6],
  },
  { args: ["Testbed.parse_color", "green"], out: ["Green"] },
  { args: ["Testbed.parse_color", "mauve"], out: [null] },
  { args: ["Testbed.shape_area", '{"tag":"Rectangle","width":2,"height":1.5}'], out: [3] },
  {
    args: [
      "Testbed.create_canvas",
      "--name",
      "c",
      "--shapes",
      JSON.stringify(CANVAS.shapes),
      "--background",
      "Red",
    ],
    out: [CANVAS],
  },
  {
    args: ["Testbed.process_message", '[{"tag":"Data","value":"utf8:abc"}]'],
    out: [{ tag: "Data", value: "base64:Y2Jh" }],
  },
  {
    args: ["Testbed.get_points", "2"],
    out: [
      [
        { x: 0, y: 0 },
        { x: 1, y: 2 },
      ],
    ],
  },
  { args: ["Testbed.swap_pair", '[[7, "seven"]]'], out: [["seven", 7]] },
];

/** Calls as a person makes them, and as a script does, to somebody who serves Testbed. */
export async function checkCalls(
  peer: TestbedPeer,
  schema: readonly string[],
  report: Report,
): Promise<void> {
  const call = (...args: string[]) => ["call", peer.url, ...args, ...schema];
  for (const { args, stdin, exit = 0, out } of CALLS) {
    await report.check(`roam call ${args.join(" ")}`, async () => {
      const got = await roam(call(...args), stdin === undefined ? {} : { stdin });
      expectOutcome(got, { exit });
      expectEqual(
        "output",
        got.out
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
        out,
      );
    });
  }

  await report.check(
    "a value on a terminal is indented and in colour, and in a pipe it is neither",
    async () => {
      const terminal = Terminal.roam(call("Testbed.lookup", "1"));
      expectEqual("exit", await terminal.exited(), 0);
      expectEqual(
        "first line",
        terminal.text.split("\r\n")[0]?.startsWith('{ \u001b[34m"name"\u001b[39m: \u001b[32m"Alice"'),
        true,
      );
      const plain = Terminal.roam(call("Testbed.lookup", "1"), { NO_COLOR: "1" });
      await plain.exited();
      expectEqual("text", plain.text, '{ "name": "Alice", "age": 30, "email": "alice@example.com" }\r\n');
    },
  );

  await report.check("items are typed on a terminal, Ctrl-D ends them", async () => {
    const terminal = Terminal.roam(call("Testbed.sum"));
    await terminal.seen(/items for numbers: JSON, one a line; Ctrl-D ends them/);
    terminal.type("20\r22\r\u0004");
    expectEqual("exit", await terminal.exited(), 0);
    expectEqual("last line", terminal.text.trimEnd().split("\r\n").at(-1), "\u001b[33m42\u001b[39m");
  });

  await report.check(
    "Ctrl-C on a terminal ends an endless stream with 130, and the peer serves on",
    async () => {
      const terminal = Terminal.roam(call("Testbed.generate", "2147483647"), { NO_COLOR: "1" });
      await terminal.seen(/\n300\r/);
      terminal.ctrlC();
      expectEqual("exit", await terminal.exited(), 130);
      expectOutcome(await roam(call("Testbed.echo", "still there")), { exit: 0, out: '"still there"\n' });
    },
  );

  await report.check("SIGTERM ends it with 143", async () => {
    const piped = new Piped(process.execPath, [ROAM, ...call("Testbed.generate", "2147483647")]);
    await piped.seen(/^300$/m);
    piped.kill("SIGTERM");
    expectEqual("exit", (await piped.done()).exit, 143);
  });

  await report.check("a pipe that is read no further ends it quietly", async () => {
    const line = `"${process.execPath}" "${ROAM}" ${call("Testbed.generate", "2147483647")
      .map((word) => `"${word}"`)
      .join(" ")} | head -n 2; echo "\${PIPESTATUS[0]}"`;
    expectOutcome(await new Piped("bash", ["-c", line]).done(), { exit: 0, out: "0\n1\n0\n", err: "" });
  });

  await report.check("no answer within --timeout is exit 124", async () => {
    const got = await roam(call("Testbed.generate", "2147483647", "--timeout", "700ms"));
    expectOutcome(got, {
      exit: 124,
      err: /the deadline has passed[\s\S]*try: give it more time with --timeout/,
    });
  });

  await report.check("many items keep their order, and the pipe its pace", async () => {
    const got = await roam(call("Testbed.generate", "20000"));
    expectEqual(
      "lines",
      got.out
        .trimEnd()
        .split("\n")
        .findIndex((line, index) => line !== String(index)),
      -1,
    );
    expectEqual("count", got.out.trimEnd().split("\n").length, 20_000);
  });

  await report.check("what goes wrong says what to try", async () => {
    expectOutcome(await roam(call("Testbed.ecko", "x")), { exit: 2, err: /did you mean Testbed\.echo/ });
    expectOutcome(await roam(call("Testbed.lookup", "x")), {
      exit: 2,
      err: /id: expected u32, a whole number, got "x"/,
    });
    expectOutcome(await roam(call("Testbed.lookup", "--idd", "1")), {
      exit: 2,
      err: /Testbed\.lookup has --id/,
    });
  });

  await report.check("metadata that is secret is not printed", async () => {
    const got = await roam(call("Testbed.echo", "x", "-v", "--metadata", "a=b", "--secret", "token=hush"));
    expectOutcome(got, { exit: 0, err: /> a: b\n> token: \(sensitive\)\n< answered in/ });
    expectEqual("secret in output", (got.out + got.err).includes("hush"), false);
  });
}
