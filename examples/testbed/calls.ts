import assert from "node:assert/strict";
import { CallError, type ClientOf, connect } from "roam";
import { Monitor } from "./monitor.ts";
import { Testbed } from "./testbed.ts";

export type TestbedClient = ClientOf<typeof Testbed>;

/** A call as a person would make it, with what it must answer. */
interface ScriptedCall {
  readonly call: string;
  readonly answer: string;
  /** @throws whatever shows that the answer is another one */
  run(testbed: TestbedClient): Promise<void>;
}

const ECHOES = 2000;
const ECHOES_IN_FLIGHT = 64;
const CALLS: readonly ScriptedCall[] = [
  {
    call: 'echo("hello")',
    answer: '"hello"',
    async run(testbed) {
      assert.equal(await testbed.echo({ message: "hello" }), "hello");
    },
  },
  {
    call: "shape_area(Rectangle 3 x 4)",
    answer: "12",
    async run(testbed) {
      assert.equal(await testbed.shape_area({ shape: { tag: "Rectangle", width: 3, height: 4 } }), 12);
    },
  },
  {
    call: "lookup(2)",
    answer: "Bob, 25, no address",
    async run(testbed) {
      assert.deepEqual(await testbed.lookup({ id: 2 }), { name: "Bob", age: 25, email: null });
    },
  },
  {
    call: "lookup(9)",
    answer: "error NotFound",
    async run(testbed) {
      const answer = await testbed.lookup.result({ id: 9 });
      assert.equal(answer.ok ? answer.value : answer.error.detail, "NotFound");
    },
  },
  {
    call: "divide(1, 0)",
    answer: "error DivisionByZero",
    async run(testbed) {
      const error = await thrownBy(testbed.divide({ dividend: 1n, divisor: 0n }));
      assert.ok(error instanceof CallError);
      assert.deepEqual([error.code, error.detail], ["user", "DivisionByZero"]);
    },
  },
  {
    call: "sum(1 to 1,000)",
    answer: "500,500",
    async run(testbed) {
      const numbers = Array.from({ length: 1000 }, (_, index) => index + 1);
      assert.equal(await testbed.sum({ numbers }), 500_500n);
    },
  },
  {
    call: "generate(1,000)",
    answer: "1,000 items, in order",
    async run(testbed) {
      let next = 0;
      for await (const item of testbed.generate({ count: 1000 }).output) assert.equal(item, next++);
      assert.equal(next, 1000);
    },
  },
  {
    call: "generate(2,000), its link cut three times",
    answer: "2,000 items, in order",
    async run(testbed) {
      let next = 0;
      for await (const item of testbed.generate({ count: 2000 }).output) {
        assert.equal(item, next++);
        if (next % 600 === 0) await cutLink(testbed.$.session);
      }
      assert.equal(next, 2000);
    },
  },
  {
    call: "generate(1,000,000), left early",
    answer: "10 items, then a reset",
    async run(testbed) {
      for await (const item of testbed.generate({ count: 1_000_000 }).output) if (item === 9) return;
      assert.fail("the stream ended before it was left");
    },
  },
  {
    call: 'transform("a", "b", "c")',
    answer: "each sent back before the next",
    async run(testbed) {
      const { input, output } = testbed.transform();
      for (const text of ["a", "b", "c"]) {
        await input.send(text);
        assert.equal((await output.next()).value, text);
      }
      await input.close();
      assert.equal((await output.next()).done, true);
    },
  },
  {
    call: "sum(1, ...), cancelled",
    answer: "gives up at once",
    async run(testbed) {
      const controller = new AbortController();
      const call = testbed.sum({}, { signal: controller.signal });
      // Cancelling a call leaves its channels alone: this one ends with the scope.
      await using numbers = call.numbers;
      await numbers.send(1);
      controller.abort();
      assert.equal(await thrownBy(call), controller.signal.reason);
    },
  },
  {
    call: "sum(...), 20 ms to answer",
    answer: "deadline-exceeded",
    async run(testbed) {
      const call = testbed.sum({}, { timeoutMs: 20 });
      await using _numbers = call.numbers;
      const error = await thrownBy(call);
      assert.equal(error instanceof CallError ? error.code : error, "deadline-exceeded");
    },
  },
  {
    call: "Monitor.watch, same session",
    answer: "2 samples of this machine",
    async run(testbed) {
      await using monitor = await testbed.$.open(Monitor);
      let count = 0;
      for await (const { cpu, memory_used_bytes } of monitor.watch({ interval_ms: 50 }).samples) {
        assert.ok(cpu >= 0 && cpu <= 1 && memory_used_bytes > 0, `cpu ${cpu}, memory ${memory_used_bytes}`);
        if (++count === 2) return;
      }
      assert.fail("the stream ended by itself");
    },
  },
  {
    call: `${ECHOES.toLocaleString("en")} echoes, ${ECHOES_IN_FLIGHT} at a time`,
    answer: "all answered",
    async run(testbed) {
      let left = ECHOES;
      const caller = async () => {
        while (left-- > 0) assert.equal(await testbed.echo({ message: "hello" }), "hello");
      };
      await Promise.all(Array.from({ length: ECHOES_IN_FLIGHT }, caller));
    },
  },
];

/** Cuts the link of a session, once it has one: what came by the last one may still be read then. */
async function cutLink(session: TestbedClient["$"]["session"]): Promise<void> {
  while (!session.dropLink("to see the stream go on")) {
    let stop = () => {};
    const changed = new Promise<void>((resolve) => {
      stop = session.watch(() => resolve());
    });
    const end = await Promise.race([changed, session.ended]).finally(stop);
    if (end !== undefined) throw end;
  }
}

/** Longest time for one call (ms): one that hangs has to show as a failure. */
const TIMEOUT_MS = 5000;

/** What one link did: milliseconds, or the error, for `connect` and then each of the calls. */
export interface LinkReport {
  readonly link: string;
  readonly outcomes: readonly (number | Error)[];
}

/** Makes every call over one link, one after the other. */
export async function makeCalls(link: string, address: string): Promise<LinkReport> {
  let connecting = 0;
  let testbed: TestbedClient;
  try {
    await (await connect(address, Testbed)).$.close();
    connecting = performance.now();
    testbed = await connect(address, Testbed, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    return { link, outcomes: [error as Error] };
  }
  const outcomes: (number | Error)[] = [performance.now() - connecting];
  for (const { run } of CALLS) {
    try {
      // The first time is for the compiler; the second is the one that counts.
      await run(testbed);
      const started = performance.now();
      await run(testbed);
      outcomes.push(performance.now() - started);
    } catch (error) {
      outcomes.push(error as Error);
    }
  }
  await testbed.$.close();
  return { link, outcomes };
}

/** The reports side by side, links as columns, in milliseconds; failures are told below. */
export function formatReports(reports: readonly LinkReport[]): string {
  const rows = [{ call: "connect", answer: "session ready" }, ...CALLS];
  const cells = [
    ["call", "answer", ...reports.map(({ link }) => `${link}, ms`)],
    ...rows.map(({ call, answer }, row) => [
      call,
      answer,
      ...reports.map(({ outcomes }) => {
        const outcome = outcomes[row];
        return typeof outcome === "number" ? outcome.toFixed(2) : outcome === undefined ? "-" : "FAILED";
      }),
    ]),
  ];
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  for (const { link, outcomes } of reports) {
    for (const [row, outcome] of outcomes.entries()) {
      if (outcome instanceof Error) lines.push(`FAILED over ${link}: ${rows[row]?.call}: ${outcome.message}`);
    }
  }
  return lines.join("\n");
}

/** True if every call over every link answered what it must. */
export function allAnswered(reports: readonly LinkReport[]): boolean {
  return reports.every(({ outcomes }) => outcomes.every((outcome) => typeof outcome === "number"));
}

/** What a call fails with. Its value, if it does not. */
async function thrownBy(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}
