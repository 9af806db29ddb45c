import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, suite, test } from "node:test";

const ROOT = new URL("../../", import.meta.url).pathname;
// Inside the workspace, so that `roam` resolves as it does for a user who installed it.
mkdirSync(join(ROOT, "build"), { recursive: true });
const folder = mkdtempSync(join(ROOT, "build/readme-"));
after(() => rmSync(folder, { recursive: true }));

// The README's port may be taken here.
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const port = String((probe.address() as AddressInfo).port);
await new Promise((resolve) => probe.close(resolve));

/** The README's code blocks by the file name that their first line gives. */
const blocks = new Map<string, string>();
const texts = ["README.md", "packages/postcard/README.md", "packages/roam/README.md"].map((name) =>
  readFileSync(join(ROOT, name), "utf8"),
);
for (const [, code = ""] of texts.join("\n").matchAll(/```ts\n(.*?)```/gs)) {
  const name = /^\/\/ ([\w-]+\.ts)/.exec(code)?.[1];
  assert.ok(name !== undefined, "each block names its file");
  blocks.set(name, code);
  writeFileSync(join(folder, name), code.replace("4400", port));
}

/** Runs one file from sources, as the project's own scripts do; gives the lines it prints. */
async function run(file: string): Promise<string[]> {
  const args = ["--conditions=roam-source", "--import", "tsx", file];
  const child = spawn(process.execPath, args, { cwd: ROOT });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.equal(code, 0, output);
  return output.trim().split("\n");
}

suite("the code in the READMEs", () => {
  test("runs: the client calls the server", async () => {
    // One process: the server first, then the client.
    const main = join(folder, "main.ts");
    writeFileSync(
      main,
      'import { server } from "./server.ts"; await import("./client.ts"); await server.close();\n',
    );
    assert.deepEqual(await run(main), [
      `serving on tcp://127.0.0.1:${port}`,
      "[ 'tea' ] 6n",
      "0n",
      "1n",
      "2n",
      "user NotFound",
    ]);
  });

  test("runs: a session outlives its link", async () => {
    const main = join(folder, "outlives.ts");
    writeFileSync(
      main,
      'import { server } from "./server.ts"; await import("./patient.ts"); await server.close();\n',
    );
    assert.deepEqual(await run(main), [
      `serving on tcp://127.0.0.1:${port}`,
      "connecting",
      "connected",
      "detached",
      "resumed",
      "42n",
      "closed",
    ]);
  });

  test("runs: the simulation's example", async () => {
    assert.deepEqual(await run(join(folder, "rough-sea.ts")), ["100 seeds passed"]);
  });

  test("runs: the fault proxy's example", async () => {
    const main = join(folder, "breaks.ts");
    writeFileSync(
      main,
      'import { server } from "./server.ts"; await import("./broken-links.ts"); await server.close();\n',
    );
    const [, url] = await run(main);
    assert.match(url ?? "", /^tcp:\/\/127\.0\.0\.1:\d+$/);
  });

  test("runs: the codec's example", async () => {
    const lines = await run(join(folder, "shapes.ts"));
    // Name, count, variant, side, no note.
    assert.deepEqual(lines, ["9 [ { tag: 'Square', side: 300 } ]"]);
  });

  test("is ten lines a side, or fewer", () => {
    for (const name of ["server.ts", "client.ts"]) {
      const lines = (blocks.get(name) ?? "").split("\n").filter((line) => line.trim() !== "");
      assert.ok(lines.length <= 10, `${name} has ${lines.length} lines`);
    }
  });
});
