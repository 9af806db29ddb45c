import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fail, method, serve, service, t } from "roam";
import { Files, type Outcome, roam } from "../commands/roam-command.ts";
import { connectShop, Shop, type ShopHandlers, serveShop, startBetween, visit } from "./shop-example.ts";

const files = new Files();
after(() => files[Symbol.dispose]());
let count = 0;

/** Captures what somebody does with the shop. */
async function capture(act: (url: string) => Promise<void>, more: readonly string[] = []): Promise<string> {
  const shop = await serveShop();
  const file = join(files.directory, `capture-${++count}.jsonl`);
  const args = ["capture", "tcp://127.0.0.1:0", shop.address, "--to", file, "--sessions", "1", ...more];
  const run = await startBetween(args);
  await act(run.url);
  assert.equal((await run.done).exit, 0);
  await shop.close();
  return file;
}

const visited = await capture(visit);

async function replay(
  file: string,
  changes: Partial<ShopHandlers> = {},
  more: readonly string[] = [],
  options: Parameters<typeof serveShop>[1] = {},
): Promise<Outcome> {
  const shop = await serveShop(changes, options);
  try {
    return await roam(["replay", file, shop.address, ...more]);
  } finally {
    await shop.close();
  }
}

/** Without where it was in the capture. */
const told = ({ out }: Outcome) =>
  out.replace(/ \(line \d+, session \d+\)/g, "").replace(/ in [\d.]+ s,/, ",");
const END = "7 calls of 1 session, 7 answers and 10 items compared";

suite("roam replay", () => {
  test("finds no difference in the same build", async () => {
    const outcome = await replay(visited);
    assert.deepEqual(
      { exit: outcome.exit, err: outcome.err, out: told(outcome) },
      { exit: 0, err: "", out: `${END}: no difference\n` },
    );
  });

  test("gives the handlers what they were given", async () => {
    const seen: unknown[] = [];
    const { exit } = await replay(visited, {
      async sum({ numbers }) {
        let total = 0n;
        for await (const number of numbers) {
          seen.push(number);
          total += BigInt(number);
        }
        return total;
      },
      async shout({ input, output }) {
        let items = 0;
        for await (const text of input) {
          seen.push(text);
          await output.send(text.toUpperCase());
          items++;
        }
        return items;
      },
    });
    assert.equal(exit, 0);
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, "a", "b", "c"]);
  });

  test("tells place by place what differs in an answer, and exits with 1", async () => {
    const outcome = await replay(visited, {
      find({ id }) {
        if (id === 0) fail("Denied");
        const tags = new Map([
          ["big", 3],
          ["new", 1],
        ]);
        return { id, name: "tea", tags, at: 5n };
      },
    });
    assert.equal(outcome.exit, 1);
    assert.equal(
      told(outcome),
      `Shop.find: answer
  - value.name: "item 7"
  + value.name: "tea"
  - value.tags["red"]: 1
  - value.tags["big"]: 2
  + value.tags["big"]: 3
  + value.tags["new"]: 1
Shop.find: answer
  - error: "NotFound"
  + error: "Denied"
${END}: 2 differences
`,
    );
  });

  test("takes maps in any order, and leaves fields out that may differ", async () => {
    const changes: Partial<ShopHandlers> = {
      find({ id }) {
        if (id === 0) fail("NotFound");
        const tags = new Map([
          ["big", 2],
          ["red", 1],
        ]);
        return { id, name: `item ${id}`, tags, at: 99n };
      },
    };
    assert.equal((await replay(visited, changes, ["--ignore", "at"])).exit, 0);
    assert.match(told(await replay(visited, changes)), /- value\.at: "5"\n {2}\+ value\.at: "99"\n7 calls/);
  });

  test("compares bytes where nobody knows what they are", async () => {
    const shop = await serveShop({}, { introspection: false });
    const file = join(files.directory, "unknown.jsonl");
    const run = await startBetween([
      "capture",
      "tcp://127.0.0.1:0",
      shop.address,
      "--to",
      file,
      "--sessions",
      "1",
    ]);
    await visit(run.url);
    await run.done;
    await shop.close();
    const same = await replay(file);
    assert.deepEqual({ exit: same.exit, out: told(same) }, { exit: 0, out: `${END}: no difference\n` });
    assert.match(same.err, /the capture has no schema: payloads are compared as bytes/);
    const other = await replay(file, { confirm: () => "no" });
    assert.equal(other.exit, 1);
    assert.match(
      told(other),
      /^0x[\da-f]{16}: did not call back\n0x[\da-f]{16}: answer\n {2}- base64:\S+\n {2}\+ base64:\S+\n/,
    );
    const known = await replay(file, { confirm: ({ text }) => text }, [
      "--schema",
      files.schema("s.json", Shop),
      "--timeout",
      "200",
    ]);
    assert.match(told(known), /Shop\.confirm: answer\n {2}- value: "yes, sure\?"\n {2}\+ value: "sure\?"/);
  });

  test("tells of items that differ, are missing or are too many", async () => {
    const lists: readonly (readonly [change: ShopHandlers["list"], told: RegExp])[] = [
      [
        async ({ count: items, out }) => {
          for (let at = 0; at < items; at++) await out.send(at === 3 ? "other" : `line ${at}`);
        },
        /^Shop\.list\.out: item\n {2}- item: "line 3"\n {2}\+ item: "other"\n7 calls.*: 1 difference\n$/,
      ],
      [
        async ({ out }) => {
          for (let at = 0; at < 4; at++) await out.send(`line ${at}`);
        },
        /^Shop\.list\.out: ended by a close, an item is missing\n7 calls.*: 1 difference\n$/,
      ],
      [
        async ({ count: items, out }) => {
          for (let at = 0; at < items + 2; at++) await out.send(`line ${at}`);
        },
        /^Shop\.list\.out: 1 item more than in the capture\nShop\.list: was not answered\n7 calls.*: 2 differences\n$/,
      ],
    ];
    for (const [list, expected] of lists) {
      const outcome = await replay(visited, { list }, ["--timeout", "300"]);
      assert.equal(outcome.exit, 1);
      assert.match(told(outcome), expected);
    }
  });

  test("tells of what does not come, after the time that was given", async () => {
    const outcome = await replay(
      visited,
      {
        confirm: (_args, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
      },
      ["--timeout", "100ms"],
    );
    assert.equal(outcome.exit, 1);
    assert.match(
      told(outcome),
      /^0x[\da-f]{16}: did not call back\nShop\.confirm: was not answered\n7 calls of/,
    );
  });

  test("says what a build does not have any more", async () => {
    const Other = service("Shop", { sum: method({ numbers: t.rx(t.u32, 2) }, t.u64) });
    const sum = async () => 28n;
    const server = await serve("tcp://127.0.0.1:0", Other, { sum }, { logger: { warn() {}, error() {} } });
    const outcome = await roam(["replay", visited, server.address, "--timeout", "200"]);
    await server.close();
    assert.equal(outcome.exit, 1);
    assert.match(told(outcome), /Shop\.find: answer\n {2}- value: .*\n {2}\+ failure: "unknown-method"\n/);
    assert.match(told(outcome), /virtual connection 1\n {2}- accepted\n {2}\+ rejected\n/);
  });

  test("does not compare what was cancelled, and cancels it there", async () => {
    const file = await capture(async (url) => {
      const shop = await connectShop(url);
      const stop = new AbortController();
      const slow = shop.slow({}, { signal: stop.signal });
      await shop.find({ id: 1 });
      stop.abort(new Error("enough"));
      await assert.rejects(slow, /enough/);
      for await (const _ of shop.list({ count: 100 }).out) break;
      await shop.find({ id: 2 });
      await shop.$.close();
    });
    let reasons: string[] = [];
    const outcome = await replay(file, {
      slow: (_args, { signal }) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            reasons = [...reasons, (signal.reason as { code: string }).code];
            resolve("other");
          }),
        ),
    });
    assert.equal(outcome.exit, 0, outcome.out);
    assert.match(outcome.out, /, 1 cancelled/);
    assert.deepEqual(reasons, ["cancelled"]);
  });

  test("has as many calls in flight as there were, and no more than the peer takes", async () => {
    const file = await capture(async (url) => {
      const shop = await connectShop(url);
      await Promise.all(Array.from({ length: 9 }, (_, id) => shop.find({ id: id + 1 })));
      await shop.find({ id: 20 });
      await shop.$.close();
    });
    for (const [limit, expected] of [
      [64, 9],
      // Beyond twice as many that wait the peer would end the session.
      [2, 2],
    ] as const) {
      let inFlight = 0;
      let most = 0;
      const find: ShopHandlers["find"] = async ({ id }) => {
        most = Math.max(most, ++inFlight);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inFlight--;
        return {
          id,
          name: `item ${id}`,
          tags: new Map([
            ["red", 1],
            ["big", 2],
          ]),
          at: 5n,
        };
      };
      const { exit, out } = await replay(file, { find }, [], { limits: { maxConcurrentRequests: limit } });
      assert.deepEqual({ exit, most }, { exit: 0, most: expected }, out);
    }
  });

  test("gives secrets back that are not in the capture, and misses those that it is not given", async () => {
    const file = await capture(async (url) => {
      const shop = await connectShop(url);
      await shop.find({ id: 1 }, { metadata: { token: { value: "sesame", sensitive: true } } });
      await shop.$.close();
    });
    const find: ShopHandlers["find"] = ({ id }, { metadata }) => {
      if (metadata.get("token") !== "sesame") fail("Denied");
      return {
        id,
        name: `item ${id}`,
        tags: new Map([
          ["red", 1],
          ["big", 2],
        ]),
        at: 5n,
      };
    };
    const without = await replay(file, { find });
    assert.equal(without.exit, 1);
    assert.match(
      without.err,
      /the value of token was left out of the capture: give it with --secret token=…/,
    );
    const given = await replay(file, { find }, ["--secret", "token=sesame"]);
    assert.deepEqual({ exit: given.exit, err: given.err }, { exit: 0, err: "" });
  });

  test("keeps the times of the capture if asked to", async () => {
    const file = await capture(async (url) => {
      const shop = await connectShop(url);
      await shop.find({ id: 1 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await shop.find({ id: 2 });
      await shop.$.close();
    });
    const took = async (timing: string) => {
      const { exit, out } = await replay(file, {}, ["--timing", timing, "--json"]);
      assert.equal(exit, 0);
      return (JSON.parse(out) as { replayed: { seconds: number } }).replayed.seconds;
    };
    assert((await took("original")) >= 0.29);
    assert((await took("fast")) < 0.25);
  });

  test("writes JSON for programs", async () => {
    const { exit, out } = await replay(visited, { confirm: ({ text }) => text }, [
      "--json",
      "--timeout",
      "100",
    ]);
    assert.equal(exit, 1);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
    assert.deepEqual(
      lines.map((line) => Object.keys(line)),
      [["difference"], ["difference"], ["replayed"]],
    );
    const { method: path, what, places, session } = lines[1]?.difference ?? {};
    assert.deepEqual({ path, what, session }, { path: "Shop.confirm", what: "answer", session: 1 });
    assert.deepEqual(places, [{ path: "value", recorded: '"yes, sure?"', got: '"sure?"' }]);
    assert.equal(lines[2]?.replayed?.differences, 2);
  });

  test("says so when the peer hangs up, and comes to an end", async () => {
    const shop = await serveShop({
      sum: () => {
        for (const session of shop.sessions) void session.close();
        return new Promise(() => {});
      },
    });
    const outcome = await roam(["replay", visited, shop.address]);
    await shop.close();
    assert.equal(outcome.exit, 1);
    assert.match(outcome.out, /the session is over: /);
    assert.match(outcome.out, /messages skipped/);
  });

  test("goes through a stable conduit", async () => {
    const { exit } = await replay(visited, {}, ["--conduit", "stable"]);
    assert.equal(exit, 0);
  });

  test("is stopped by Ctrl-C", async () => {
    const shop = await serveShop({ confirm: () => new Promise(() => {}) });
    const { start } = await import("../commands/roam-command.ts");
    const run = start(["replay", visited, shop.address], { isTerminal: true });
    await run.seen("%");
    run.interrupt();
    assert.equal((await run.done).exit, 130);
    await shop.close();
  });
});

suite("a capture that is not whole", () => {
  const lines = readFileSync(visited, "utf8").trimEnd().split("\n");
  const damaged = (name: string, text: string) => {
    const path = join(files.directory, name);
    writeFileSync(path, text);
    return path;
  };

  test("is replayed up to where it ends", async () => {
    const cut = damaged("cut.jsonl", lines.slice(0, 8).join("\n") + (lines[8] ?? "").slice(0, 20));
    const outcome = await replay(cut);
    assert.equal(outcome.exit, 0, outcome.err);
  });

  const cases: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ["something else", '{"a": 1}\n', /this is no capture of roam\ntry: roam capture writes such files/],
    ["nothing", "", /is empty/],
    ["no JSON", "hello\n", /hello\.jsonl|Unexpected token/],
    ["another version", '{"roamCapture": 2}\n', /this is a capture of version 2, only 1 is read here/],
    [
      "a broken line",
      `${lines[0]}\n${lines[1]}\n{"t": 1}\n${lines[2]}\n`,
      /line 3: this is no line of a capture/,
    ],
    [
      "a message of none",
      `${lines[0]}\n${lines[1]}\n{"t":1,"session":1,"from":"initiator","message":{"tag":"Hullo","connection":0}}\n`,
      /line 3: Hullo is no message/,
    ],
    ["a session that never began", `${lines[0]}\n${lines[2]}\n`, /line 2: session 1 has not begun/],
  ];
  for (const [what, text, message] of cases) {
    test(`${what} is told, with exit 2`, async () => {
      const { exit, err } = await replay(damaged("bad.jsonl", text));
      assert.equal(exit, 2, err);
      assert.match(err, message);
    });
  }

  test("no file", async () => {
    const { exit, err } = await replay(join(files.directory, "nowhere.jsonl"));
    assert.notEqual(exit, 0);
    assert.match(err, /there is no such file/);
  });
});
