import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";

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
});
