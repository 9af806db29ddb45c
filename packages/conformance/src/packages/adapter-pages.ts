import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { connect, method, service, t } from "roam";
import type { Tally } from "../browser/tally.ts";
import type { Runtime } from "../runtimes/runtimes.ts";

const PAGES = fileURLToPath(new URL("../../../../docs/adapters/", import.meta.url));
/** What the pages install beside roam. */
export const PAGE_PACKAGES = ["fastify@5", "hono@4", "@hono/node-server@2"];

/** By the runtime that each page is for. */
const RUNS_ON: Readonly<Record<string, Runtime["condition"]>> = {
  http: "node",
  fastify: "node",
  hono: "node",
  deno: "deno",
  bun: "bun",
};
/** A limit for what hangs (ms). */
const PATIENCE_MS = 30_000;

const Hello = service("Hello", { greet: method({ name: t.string }, t.string) });

/** Runs the server of each page in a project that has the packages, calls it and asks it for a page. */
export async function checkAdapterPages(
  directory: string,
  runtimes: readonly Runtime[],
  tally: Tally,
): Promise<void> {
  for (const [page, condition] of Object.entries(RUNS_ON)) {
    const runtime = runtimes.find((one) => one.condition === condition);
    await tally.check(`docs/adapters/${page}.md on ${runtime?.name}`, async () => {
      assert(runtime !== undefined);
      const program = join(directory, `${page}.mjs`);
      await writeFile(program, await serverOf(page));
      const child = spawn(runtime.path, [...runtime.args, program], {
        cwd: directory,
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        await checkServer(await addressOf(child));
      } finally {
        child.kill("SIGKILL");
      }
    });
  }
}

async function serverOf(page: string): Promise<string> {
  const text = await readFile(`${PAGES}${page}.md`, "utf8");
  const [, code] = /```ts\n(\/\/ server\.ts\n[\s\S]*?)```/.exec(text) ?? [];
  assert(code !== undefined, "the page has no server.ts");
  return (await transform(code, { loader: "ts", target: "es2022" })).code;
}

async function addressOf(child: ChildProcess): Promise<string> {
  assert(child.stdout !== null);
  const lines = createInterface(child.stdout);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const [line] = (await Promise.race([
    once(lines, "line", { signal }),
    once(child, "exit", { signal }).then(([code]) => {
      throw new Error(`the server ended, with ${code}`);
    }),
  ])) as [string];
  assert.match(line, /^serving on ws:/);
  return line.slice("serving on ".length);
}

async function checkServer(address: string): Promise<void> {
  const hello = await connect(address, Hello, { signal: AbortSignal.timeout(PATIENCE_MS) });
  assert.equal(await hello.greet({ name: "you" }), "hello you");
  const large = "x".repeat(300_000);
  assert.equal(await hello.greet({ name: large }), `hello ${large}`);
  await hello.$.session.close();
  const page = await fetch(address.replace(/^ws/, "http").replace(/rpc$/, ""));
  assert.equal(await page.text(), "a page");
}
