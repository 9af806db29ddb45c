import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { Latencies } from "../../src/traffic/bench/latencies.ts";
import { progressBar } from "../../src/traffic/progress-bar.ts";
import { Files, roam, start } from "../commands/roam-command.ts";
import { Shop, type ShopHandlers, serveShop } from "./shop-example.ts";

const files = new Files();
const schema = files.schema("shop.json", Shop);
const shop = await serveShop();
after(async () => {
  await shop.close();
  files[Symbol.dispose]();
});

interface Result {
  readonly url: string;
  readonly method: string;
  readonly concurrency: number;
  readonly connections: number;
  readonly calls: number;
  readonly items: number;
  readonly seconds: number;
  readonly calls_per_second: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly latency_ms: Readonly<Record<string, number>>;
  readonly histogram: readonly { readonly up_to_ms: number; readonly calls: number }[];
}

const bench = async (url: string, ...args: string[]) => {
  const { exit, out, err } = await roam(["bench", url, ...args, "--json"]);
  return { exit, err, result: (out === "" ? {} : JSON.parse(out)) as Result };
};

suite("roam bench", () => {
  test("makes as many calls as it was told, and tells what they took", async () => {
    const { exit, err, result } = await bench(shop.address, "Shop.find", "--id", "7", "-n", "200", "-c", "4");
    assert.deepEqual({ exit, err }, { exit: 0, err: "" });
    const { method, calls, concurrency, connections, failed, latency_ms: latency } = result;
    assert.deepEqual(
      { method, calls, concurrency, connections, failed },
      { method: "Shop.find", calls: 200, concurrency: 4, connections: 1, failed: {} },
    );
    assert.deepEqual(Object.keys(latency), [
      "min",
      "mean",
      "p50",
      "p75",
      "p90",
      "p95",
      "p99",
      "p99.9",
      "max",
    ]);
    const { min = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, max = 0 } = latency;
    assert(0 < min && min <= p50 && p50 <= p90 && p90 <= p99 && p99 <= max && min <= mean && mean <= max);
    assert.equal(
      result.histogram.reduce((sum, one) => sum + one.calls, 0),
      200,
    );
    assert(
      Math.abs(result.calls_per_second - result.calls / result.seconds) / result.calls_per_second < 0.05,
    );
  });

  test("has that many in flight, over all sessions, and makes the calls asked for", async () => {
    let inFlight = 0;
    let most = 0;
    let calls = 0;
    const find: ShopHandlers["find"] = async ({ id }) => {
      calls++;
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inFlight--;
      return { id, name: "", tags: new Map(), at: 0n };
    };
    const server = await serveShop({ find });
    const { result } = await bench(server.address, "find", "1", "-n", "60", "-c", "6", "--connections", "3");
    await server.close();
    // One was made to try.
    assert.deepEqual(
      { most, calls, connections: result.connections },
      { most: 6, calls: 61, connections: 3 },
    );
  });

  test("runs for a time, after a time that does not count", async () => {
    const { exit, result } = await bench(shop.address, "find", "1", "-d", "150ms", "--warmup", "50ms");
    assert.equal(exit, 0);
    // Timers count whole milliseconds, and may be up to one early by a clock that counts parts.
    assert(result.seconds >= 0.149 && result.seconds < 2, `${result.seconds} s`);
    assert(result.calls > 10);
  });

  test("sends and reads the items of streams", async () => {
    const sum = await bench(shop.address, "sum", "[[1, 2, 3]]", "-n", "20");
    assert.deepEqual({ exit: sum.exit, items: sum.result.items }, { exit: 0, items: 60 });
    const list = await bench(shop.address, "list", "5", "-n", "20");
    assert.deepEqual({ exit: list.exit, items: list.result.items }, { exit: 0, items: 100 });
    const shout = await bench(shop.address, "shout", '{"input": ["a", "b", "c"]}', "-n", "10", "-c", "2");
    assert.deepEqual({ exit: shout.exit, items: shout.result.items }, { exit: 0, items: 60 });
  });

  test("counts failures apart; an error of the method's own took its time, too", async () => {
    const own = await bench(shop.address, "find", "0", "-n", "10");
    assert.deepEqual({ exit: own.exit, failed: own.result.failed }, { exit: 1, failed: { user: 10 } });
    assert.equal(own.result.calls, 10);
    let calls = 0;
    const server = await serveShop({
      // The first one is the one that is tried.
      find: ({ id }) => (++calls > 1 ? new Promise(() => {}) : { id, name: "", tags: new Map(), at: 0n }),
    });
    const late = await bench(server.address, "find", "1", "-n", "3", "--timeout", "50ms");
    await server.close();
    assert.deepEqual(
      { exit: late.exit, failed: late.result.failed, calls: late.result.calls },
      { exit: 1, failed: { "deadline-exceeded": 3 }, calls: 0 },
    );
  });

  test("shows a person rate, percentiles, a histogram and a bar while it runs", async () => {
    const run = start(["bench", shop.address, "find", "1", "-d", "400ms"], { isTerminal: true });
    await run.seen("█");
    const { exit, out, err } = await run.done;
    assert.equal(exit, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
    const plain = out.replace(/\u001b\[\d+m/g, "");
    assert.match(
      plain,
      /^Shop\.find: [\d,]+ calls in 0\.\d\d s, 16 at a time\n {2}rate {5}[\d,]+ calls\/s\n/,
    );
    assert.match(plain, / {2}latency {2}min \S+ µs {2}mean \S+ \S+ {2}max \S+ \S+\n {11}p50 /);
    assert.match(plain, /≤ \d+ µs █+ +[\d,]+\n/);
    assert.match(err, /\[█* *\] +\d+% {2}[\d,]+ calls, [\d,]+\/s/);
  });

  test("shows no bar where nobody looks on", async () => {
    const { err } = await roam(["bench", shop.address, "find", "1", "-d", "250ms"]);
    assert.equal(err, "");
  });

  test("Ctrl-C cancels what is in flight, and what was measured is shown", async () => {
    let aborted = 0;
    let calls = 0;
    const server = await serveShop({
      find: ({ id }, { signal }) =>
        ++calls <= 40
          ? { id, name: "", tags: new Map(), at: 0n }
          : new Promise((resolve) =>
              signal.addEventListener("abort", () => {
                aborted++;
                resolve({ id, name: "", tags: new Map(), at: 0n });
              }),
            ),
    });
    const run = start(["bench", server.address, "find", "1", "-d", "60s", "-c", "5"], { isTerminal: true });
    await run.seen("39 calls");
    run.interrupt();
    const { exit, err } = await run.done;
    await server.close();
    assert.equal(exit, 130);
    assert.match(err, /39 calls in/);
    assert.equal(aborted, 5);
  });

  const refused: readonly (readonly [args: readonly string[], exit: number, message: RegExp])[] = [
    [["find", "x"], 2, /the method is find\(id: u32\)/],
    [["nothing"], 2, /there is no method nothing/],
    [["find", "1", "-c", "0"], 2, /"0" is not a whole number of at least 1/],
    [["sum", "--numbers", "-"], 2, /items of a benchmark are given as an array/],
  ];
  for (const [args, expected, message] of refused) {
    test(`refuses ${args.join(" ")} before it calls anybody`, async () => {
      const { exit, err } = await roam(["bench", shop.address, ...args, "--schema", schema]);
      assert.equal(exit, expected, err);
      assert.match(err, message);
    });
  }

  test("tells at once that no call can succeed", async () => {
    const other = await serveShop({}, { introspection: false });
    const { exit, err } = await roam(["bench", other.address, "find", "1"]);
    assert.equal(exit, 4);
    assert.match(err, /does not tell what it serves/);
    const broken = await serveShop({
      find() {
        throw new Error("broken");
      },
    });
    const failed = await roam(["bench", broken.address, "find", "1", "-d", "60s"]);
    assert.equal(failed.exit, 4);
    assert.match(failed.err, /the counterpart cancelled the call/);
    await other.close();
    await broken.close();
  });

  test("ends when the session does", async () => {
    const server = await serveShop({
      find: ({ id }) => {
        if (++calls === 20) for (const session of server.sessions) void session.close();
        return { id, name: "", tags: new Map(), at: 0n };
      },
    });
    let calls = 0;
    const { exit, err } = await roam(["bench", server.address, "find", "1", "-d", "60s", "-c", "1"]);
    await server.close();
    assert.equal(exit, 4);
    assert.match(err, /closed/);
  });
});

suite("latencies", () => {
  test("percentiles are within two percent of the true ones, in little memory", () => {
    const latencies = new Latencies();
    const values: number[] = [];
    for (let index = 0; index < 10_000; index++) {
      const ms = 0.05 * 1.0009 ** index;
      values.push(ms);
      latencies.add(ms);
    }
    for (const share of [0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = values[Math.ceil(share * values.length) - 1] ?? 0;
      const got = latencies.percentile(share);
      assert(got >= exact && got <= exact * 1.025, `${share}: ${got} for ${exact}`);
    }
    assert.equal(latencies.count, 10_000);
    assert.equal(latencies.minMs, 0.05);
    assert.equal(latencies.percentile(1), latencies.maxMs);
  });

  test("the middle of two is the lower one", () => {
    const latencies = new Latencies();
    latencies.add(1);
    latencies.add(100);
    assert(latencies.percentile(0.5) < 1.03);
    assert(latencies.percentile(0.51) === 100);
  });

  test("bars hold every call, the gaps between them are there", () => {
    const latencies = new Latencies();
    for (const ms of [0.0001, 0.9, 1, 1.1, 8]) latencies.add(ms);
    const bars = latencies.bars(1);
    assert.equal(
      bars.reduce((sum, { calls }) => sum + calls, 0),
      5,
    );
    assert(bars.some(({ calls }) => calls === 0));
    for (const [index, { upToMs }] of bars.entries())
      if (index > 0) assert.equal(upToMs / (bars[index - 1]?.upToMs ?? 0), 2);
  });

  test("of nothing are nothing", () => {
    const latencies = new Latencies();
    const { count, minMs, maxMs, meanMs } = latencies;
    assert.deepEqual(
      [count, minMs, maxMs, meanMs, latencies.percentile(0.5), latencies.bars(2)],
      [0, 0, 0, 0, 0, []],
    );
  });
});

test("a progress bar is as long as there is room, and full at the end", () => {
  assert.equal(progressBar(1, 2, "x", 80), `[${"█".repeat(12)}${" ".repeat(12)}]  50%  x`);
  assert.equal(progressBar(5, 2, "x", 80), `[${"█".repeat(24)}] 100%  x`);
  assert.equal(progressBar(0, 0, "x", 80), `[${"█".repeat(24)}] 100%  x`);
  assert.equal(progressBar(0, 3, "what", 10), `[${" ".repeat(8)}]   0%  what`);
});
