import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { documentOf } from "roam/schema";
import { Billing, type BillingServer, serveBilling } from "./call-example.ts";
import { Files, roam, start } from "./roam-command.ts";

const files = new Files();
const schema = files.schema("billing.json", Billing);
const served = await serveBilling();
after(async () => {
  await served[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const call = (...args: string[]) => ["call", served.url, ...args, "--schema", schema];
const invoice = (id: number) => ({ id, lines: ["tea"], paid: false });

suite("arguments and values", () => {
  const cases: readonly (readonly [args: readonly string[], value: unknown])[] = [
    [["Billing.lookup", "7"], invoice(7)],
    [["Billing.lookup", "--id", "7"], invoice(7)],
    [["Billing.lookup", "--id=7"], invoice(7)],
    [["Billing.lookup", '{"id": 7}'], invoice(7)],
    [["Billing.lookup", '{"id": "7"}'], invoice(7)],
    [["Billing.lookup", "[7]"], invoice(7)],
    [["billing.Lookup", "7"], invoice(7)],
    [["lookup", "7"], invoice(7)],
    [["lookup", "18446744073709551615"], { id: "18446744073709551615", lines: ["tea"], paid: false }],
    [["sum", "[[1, -2, 3]]"], 2],
    [["sum", "--numbers", "[1, 2]"], 3],
    [["sum", "--numbers", "1", "--numbers", "-2"], -1],
  ];
  for (const [args, value] of cases) {
    test(args.join(" "), async () => {
      const { exit, out, err } = await roam(call(...args));
      assert.deepEqual({ exit, err, value: JSON.parse(out) }, { exit: 0, err: "", value });
    });
  }

  test("every form of flag", async () => {
    const data = files.write("data.bin", "\u0001\u0002");
    const args = [
      "--name",
      "@@at",
      `--data=@${data}`,
      "--tags",
      "a",
      "--tags",
      "[b",
      "--color",
      "Red",
      "--is-paid",
    ];
    const { exit, out, err } = await roam(call("store", ...args, "--at.x", "-3", "--at.y=0.5"));
    assert.deepEqual({ exit, err }, { exit: 0, err: "" });
    assert.deepEqual(JSON.parse(JSON.parse(out)), {
      name: "@at",
      data: [1, 2],
      tags: ["a", "[b"],
      color: "Red",
      is_paid: true,
      at: { x: -3, y: 0.5 },
    });
  });

  test("a whole file, standard input, and flags that say more", async () => {
    const file = files.write("args.json", '{"name": "n", "data": "hex:00", "tags": [], "is_paid": true}');
    const { out } = await roam(call("store", `@${file}`, "--at", '{"x":1,"y":2}', "--no-is_paid"));
    assert.deepEqual(JSON.parse(JSON.parse(out)), {
      name: "n",
      data: [0],
      tags: [],
      color: null,
      is_paid: false,
      at: { x: 1, y: 2 },
    });
    const read = await roam(call("lookup", "-"), { stdin: '{"id": 9}' });
    assert.deepEqual(JSON.parse(read.out), invoice(9));
  });

  test("an object that is the only argument stands for itself", async () => {
    for (const plan of ['{"name": "n"}', '{"plan": {"name": "n"}}', '[{"name": "n"}]']) {
      assert.deepEqual(await roam(call("nested", plan)), { exit: 0, out: "null\n", err: "" });
    }
    const { err } = await roam(call("nested", '{"nmae": "n"}'));
    assert.match(err, /plan\.nmae: unknown field; there are name, out/);
  });

  test("behind -- options are the method's", async () => {
    const { exit, err } = await roam([...call(), "lookup", "--", "--timeout", "1"]);
    assert.equal(exit, 2);
    assert.match(err, /unknown option or argument --timeout\ntry: Billing\.lookup has --id/);
  });
});

suite("what makes no sense is told before anybody is asked", () => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [["Billing.lokup"], /there is no method Billing\.lokup\ntry: did you mean Billing\.lookup\?/],
    [
      ["lookup"],
      /id: this field is missing\ntry: the method is lookup\(id: u64\) -> Result<Invoice, LookupError>/,
    ],
    [["lookup", "x"], /id: expected u64, a whole number, got "x"/],
    [["lookup", "--idd", "7"], /unknown option or argument --idd\ntry: Billing\.lookup has --id/],
    [["lookup", "--id"], /--id needs a value/],
    [["lookup", "7", "8"], /2 arguments are given, Billing\.lookup takes 1/],
    [["lookup", '{"id": 7'], /is not JSON/],
    [["lookup", '{"id": 7, "di": 8}'], /di: unknown field; there are id/],
    [["lookup", "@/nowhere"], /\/nowhere: there is no such file/],
    [["lookup", "7", "--timeout", "soon"], /"soon" is not a time/],
    [["lookup", "7", "--repeat", "0"], /"0" is not a whole number of at least 1/],
    [["lookup", "7", "--metadata", "x"], /"x" is not metadata\ntry: write it as name=value/],
    [["sum", '[["a"]]'], /numbers\[0\]: expected i32/],
    [["watch", "1", "[]"], /out: the handler sends on this channel/],
  ];
  for (const [args, message] of cases) {
    test(args.join(" "), async () => {
      const before = served.noticed.calls;
      const { exit, out, err } = await roam(call(...args));
      assert.equal(exit, /no such file/.test(err) ? 1 : 2);
      assert.match(err, message);
      assert.equal(out, "");
      assert.equal(served.noticed.calls, before);
    });
  }
});

suite("errors", () => {
  test("the method's own is JSON on standard output, with exit 3", async () => {
    const unit = await roam(call("lookup", "0"));
    assert.deepEqual([unit.exit, unit.out], [3, '{"tag":"NotFound"}\n']);
    assert.match(unit.err, /Billing\.lookup answered with its own error/);
    const labelled = await roam(call("lookup", "1", "--json"));
    assert.deepEqual([labelled.exit, labelled.err], [3, ""]);
    assert.deepEqual(JSON.parse(labelled.out), { error: { tag: "Denied", why: "closed \u001b[2J" } });
    // As JSON escapes it, a terminal does nothing with it.
    assert.ok(
      !(await roam(call("lookup", "1"), { isTerminal: true, env: { NO_COLOR: "1" } })).out.includes("\u001b"),
    );
  });

  test("a handler that fails is exit 4", async () => {
    const { exit, err } = await roam(call("broken"));
    assert.equal(exit, 4);
    assert.match(err, /^error: Billing\.broken: .*\ntry: the handler failed or was stopped/);
  });

  test("a method that the peer does not have is exit 4, and says what to do", async () => {
    const other = files.write(
      "other.json",
      JSON.stringify(documentOf([Billing]))
        .replaceAll('"u64"', '"u32"')
        .replace(/"id":"[\da-f]{16}"/, '"id":"0000000000000001"'),
    );
    const { exit, err } = await roam(["call", served.url, "lookup", "7", "--schema", other, "--json"]);
    assert.equal(exit, 4);
    const { error } = JSON.parse(err);
    assert.equal(error.code, "unknown-method");
    assert.match(error.hint, /roam diff/);
  });

  test("nobody there is exit 4", async () => {
    const { exit, err } = await roam(["call", "tcp://127.0.0.1:1", "lookup", "7", "--schema", schema]);
    assert.equal(exit, 4);
    assert.match(err, /cannot connect to tcp:\/\/127\.0\.0\.1:1.*\ntry: is the peer running/);
  });

  test("no answer in time is exit 124, and the call is cancelled", async () => {
    await using own = await serveBilling();
    const { exit, err } = await roam(["call", own.url, "slow", "--schema", schema, "--timeout", "200ms"]);
    assert.equal(exit, 124);
    assert.match(err, /the deadline has passed\ntry: give it more time with --timeout/);
    await own.noticed.aborted;
  });

  test("a peer that says nothing: exit 124 after --connect-timeout or --timeout, 130 by Ctrl-C", async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      onConnection();
    });
    let onConnection = () => {};
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `tcp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    for (const option of ["--connect-timeout", "--timeout"]) {
      const { exit, err } = await roam(["call", url, "lookup", "7", "--schema", schema, option, "100ms"]);
      assert.equal(exit, 124);
      assert.match(err, /no session within 100 ms\ntry: is it a Roam peer\?/);
    }
    const connected = new Promise<void>((resolve) => {
      onConnection = resolve;
    });
    const run = start(["ls", url]);
    await connected;
    run.interrupt();
    const { exit, err } = await run.done;
    assert.deepEqual([exit, err], [130, ""]);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test("what is no URL, and what speaks something else", async () => {
    const none = await roam(["call", "localhost:4400", "lookup", "7", "--schema", schema]);
    assert.equal(none.exit, 2);
    assert.match(none.err, /"localhost:4400" is not a URL\ntry: one begins with tcp:/);
    const cat = await roam(["call", "stdio:cat", "lookup", "7", "--schema", schema]);
    assert.equal(cat.exit, 4);
    const dead = await roam(["call", "stdio:false", "lookup", "7", "--schema", schema]);
    assert.equal(dead.exit, 4);
    assert.match(dead.err, /false ended with status 1/);
    const missing = await roam(["call", "stdio:roam-no-such-program", "lookup", "7", "--schema", schema]);
    assert.match(missing.err, /cannot start roam-no-such-program: there is no such program/);
  });
});

suite("streams", () => {
  test("items come in as JSON lines, empty ones mean nothing", async () => {
    const { exit, out } = await roam(call("sum"), { stdin: "1\n\n 2 \r\n-4\n" });
    assert.deepEqual([exit, out], [0, "-1\n"]);
  });

  test("items come from a file", async () => {
    const items = files.write("items.jsonl", "1\n2\n");
    assert.equal((await roam(call("sum", "--numbers", `@${items}`), { stdin: "5" })).out, "3\n");
    const { exit, err } = await roam(call("sum", "--numbers", "@/nowhere"));
    assert.notEqual(exit, 0);
    assert.match(err, /nowhere: there is no such file/);
  });

  test("a line that makes no sense ends the call with its number", async () => {
    const json = await roam(call("sum"), { stdin: "1\nx\n" });
    assert.equal(json.exit, 2);
    assert.match(json.err, /numbers, line 2 is not JSON/);
    const type = await roam(call("sum"), { stdin: "1\n\n1.5\n" });
    assert.equal(type.exit, 2);
    assert.match(type.err, /numbers, line 3: expected i32, a whole number, got 1\.5/);
  });

  test("items of one kind stand alone, of several they say what they are", async () => {
    const { out } = await roam(call("both"), { stdin: '"a"\n"b"\n' });
    assert.deepEqual(
      new Set(
        out
          .trim()
          .split("\n")
          .map((line) => line),
      ),
      new Set([
        '{"channel":"output","item":"A"}',
        '{"channel":"output","item":"B"}',
        '{"channel":"count","item":2}',
        '{"value":2}',
      ]),
    );
    assert.equal(out.trim().split("\n").at(-1), '{"value":2}');
  });

  test("one standard input is for one channel", async () => {
    const { exit, err } = await roam(call("merge"), { stdin: "1\n" });
    assert.equal(exit, 2);
    assert.match(
      err,
      /there is one standard input for a and b\ntry: give the others as arrays or files: --b @items/,
    );
    assert.equal((await roam(call("merge", "--b", "[2, 3]"), { stdin: "1\n" })).out, "6\n");
  });

  test("a channel inside an argument", async () => {
    const { exit, out } = await roam(call("nested", "--plan.name", "four", "--plan.out", "true"));
    assert.deepEqual([exit, out], [0, "4\n"]);
    assert.deepEqual((await roam(call("nested", "--plan.name", "four"))).exit, 0);
  });

  test("Ctrl-C cancels the call on the wire: what came is there, the exit is 130", async () => {
    await using own = await serveBilling();
    const run = start(["call", own.url, "watch", "5", "--schema", schema], { stdin: null });
    await run.seen('"id":7');
    run.interrupt();
    const { exit, out, err } = await run.done;
    assert.deepEqual([exit, err], [130, ""]);
    assert.deepEqual(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
      [5, 6, 7],
    );
    assert.match(await own.noticed.aborted, /cancelled/);
  });

  test("Ctrl-C while standard input is open and silent", async () => {
    const run = start(call("sum", "--verbose"), { stdin: null });
    await run.seen("Billing.sum");
    run.stdin.write("1\n");
    run.interrupt();
    assert.equal((await run.done).exit, 130);
  });

  test("nobody reads the output any more: it ends quietly, and the call is cancelled", async () => {
    await using own = await serveBilling();
    const { exit, out, err } = await roam(["call", own.url, "watch", "5", "--schema", schema], {
      stdin: null,
      outEndsAfter: 40,
    });
    assert.deepEqual([exit, err], [0, ""]);
    assert.equal(out, '{"id":5,"lines":[],"paid":true}\n');
    await own.noticed.aborted;
  });
});

suite("options", () => {
  test("--metadata and --secret go with the call, and no secret is printed", async () => {
    const { exit, out, err } = await roam(
      call("lookup", "7", "-v", "--metadata", "echo=a=b", "--secret", "token=hush"),
    );
    assert.equal(exit, 0);
    assert.match(err, /> echo: a=b\n> token: \(sensitive\)\n< answered in [\d.]+ ms\n< said: a=b\n/);
    assert.match(err, /< token-flags-1: seen\n< token: \(sensitive\)/);
    assert.ok(!(out + err).includes("hush"));
  });

  test("--repeat", async () => {
    const before = served.noticed.calls;
    const { exit, out } = await roam(call("lookup", "7", "--repeat", "3"));
    assert.equal(exit, 0);
    assert.equal(out.trim().split("\n").length, 3);
    assert.equal(served.noticed.calls, before + 3);
    const failed = await roam(call("lookup", "0", "--repeat", "2"));
    assert.deepEqual([failed.exit, failed.out.trim().split("\n").length], [3, 2]);
  });

  test("on a terminal values are indented and in colour; not with NO_COLOR", async () => {
    const colored = await roam(call("lookup", "7"), { isTerminal: true });
    assert.ok(colored.out.startsWith('{ \u001b[34m"id"\u001b[39m: \u001b[33m7'), colored.out);
    const plain = await roam(call("lookup", "7"), { isTerminal: true, env: { NO_COLOR: "1" } });
    assert.equal(plain.out, '{ "id": 7, "lines": ["tea"], "paid": false }\n');
    assert.equal((await roam(call("lookup", "7"))).out, '{"id":7,"lines":["tea"],"paid":false}\n');
  });

  for (const scheme of ["unix", "ws"] as const) {
    test(`over ${scheme}:`, async () => {
      const url = scheme === "unix" ? `unix:${join(files.directory, "billing.sock")}` : "ws://127.0.0.1:0/";
      await using own: BillingServer = await serveBilling(url);
      const { exit, out } = await roam(["call", own.url, "lookup", "7", "--schema", schema]);
      assert.deepEqual([exit, JSON.parse(out)], [0, invoice(7)]);
    });
  }

  for (const conduit of ["stable", "bare"] as const) {
    test(`--conduit ${conduit}`, async () => {
      const { exit, err } = await roam(call("lookup", "7", "-v", "--conduit", conduit));
      assert.equal(exit, 0);
      assert.match(err, new RegExp(`${conduit} conduit`));
    });
  }
});
