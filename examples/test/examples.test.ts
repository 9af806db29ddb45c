import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CallError, connect } from "roam";
import { Hello } from "../hello.ts";

const EXAMPLES = fileURLToPath(new URL("../", import.meta.url));

function start(args: readonly string[]) {
  const nodeArgs = ["--conditions=roam-source", "--import", "tsx", ...args];
  return spawn(process.execPath, nodeArgs, { cwd: EXAMPLES, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs an example to its end. @returns what it printed, errors last, and its status */
async function run(args: readonly string[]): Promise<{ lines: string[]; code: number | null }> {
  const child = start(args);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { lines: (output + errors).trimEnd().split("\n"), code };
}

/** Calls until the server takes no more: the signal reaches it in a turn of its own. */
async function waitUntilRefused(call: () => Promise<unknown>): Promise<void> {
  const isRefused = (error: unknown) => error instanceof CallError && error.code === "cancelled";
  for (;;) {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (isRefused(error)) return;
    if (error !== undefined) throw error;
  }
}

suite("examples", () => {
  test("hello: the client greets, counts and gets an error", async () => {
    const server = start(["hello-server.ts", "tcp://127.0.0.1:0"]);
    try {
      const [text] = await once(server.stdout, "data");
      const address = /serving on (\S+)/.exec(String(text))?.[1] ?? "";
      assert.deepEqual(await run(["hello-client.ts", address]), {
        lines: ["Hello, world!", "3", "2", "1", "NoName"],
        code: 0,
      });
    } finally {
      server.kill();
      await once(server, "close");
    }
  });

  test("hello: SIGTERM lets what is being served finish, takes no more, and ends the process", async () => {
    const server = start(["hello-server.ts", "tcp://127.0.0.1:0"]);
    const [text] = await once(server.stdout, "data");
    const hello = await connect(/serving on (\S+)/.exec(String(text))?.[1] ?? "", Hello);
    // Out of credit after 16: being served while the signal comes.
    const counting = hello.count({ from: 40 });
    const numbers = counting.numbers[Symbol.asyncIterator]();
    assert.equal((await numbers.next()).value, 40);
    const exited = once(server, "exit");
    server.kill("SIGTERM");
    await waitUntilRefused(() => hello.greet({ name: "late" }));
    for (let number = 39; number > 0; number--) assert.equal((await numbers.next()).value, number);
    assert.equal((await numbers.next()).done, true);
    await counting;
    assert.equal((await hello.$.session.ended).code, "closed");
    assert.deepEqual(await exited, [0, null]);
  });

  test("tokens: a session is renewed while it lives, and a guessed token gets none", async () => {
    const { lines, code } = await run(["tokens.ts"]);
    assert.equal(code, 0, lines.join("\n"));
    assert.deepEqual(lines.slice(0, 4), ["token 1", "Hello, Ada!", "token 2", "Hello, Ada!"]);
    assert.match(lines.slice(4).join("\n"), /refused: the session was refused/);
    assert.match(lines.slice(4).join("\n"), /not a token of ours/);
  });

  test("chat: everybody hears everybody", async () => {
    const { lines, code } = await run(["chat.ts"]);
    assert.equal(code, 0, lines.join("\n"));
    // Who of the two hears a line first is open.
    assert.deepEqual(lines.slice(0, 2).sort(), [
      "Ada hears Ada: anybody here?",
      "Bob hears Ada: anybody here?",
    ]);
    assert.deepEqual(lines.slice(2).sort(), ["Ada hears Bob: sure", "Bob hears Bob: sure"]);
  });

  test("logs: a line of JSON for each event of a session, and for a handler that failed", async () => {
    const { lines, code } = await run(["logs.ts"]);
    assert.equal(code, 0, lines.join("\n"));
    const told = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      told.map(({ level, msg }) => [level, msg]),
      [
        [30, "session is there"],
        [50, "Greeter.greet failed"],
        [30, "told to the caller"],
        [30, "session is over"],
      ],
    );
    const [begin, failed, caller, end] = told;
    assert.deepEqual([begin.session, begin.role, begin.service], [1, "acceptor", "Greeter"]);
    assert.deepEqual(
      [failed.service, failed.method, failed.err.message],
      ["Greeter", "greet", "nobody to greet"],
    );
    assert.equal(caller.code, "cancelled");
    assert.deepEqual([end.received, end.failed], [2, 1]);
  });
});
