// The pages for those who begin, as they would follow them: files are written, commands run, what they
// print is what the page says. `…` on a page stands for anything.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { suite, test } from "node:test";

const ROOT = new URL("../../", import.meta.url).pathname;
const PAGES = join(ROOT, "docs/getting-started");
const PORT = "4400";
const SOURCES = [process.execPath, "--conditions=roam-source", "--import", "tsx"];

/** What the page's `npx` would start, from sources. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  tsx: SOURCES,
  roam: [...SOURCES, join(ROOT, "packages/cli/src/main.ts")],
  esbuild: [join(ROOT, "node_modules/.bin/esbuild"), "--conditions=roam-source"],
};

/** How a file's name stands in its first line. */
const FILE_NAME = /^(?:\/\/|#|<!--) ([\w./-]+\.[a-z]+)(?: -->)?$/;

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return String(port);
}

interface Command {
  readonly line: string;
  readonly expected: readonly string[];
}

/** The commands of a block, each with the lines that follow it. */
function commandsIn(block: string): Command[] {
  const commands: { line: string; expected: string[] }[] = [];
  for (const line of block.trimEnd().split("\n")) {
    if (line.startsWith("$ ")) commands.push({ line: line.slice(2), expected: [] });
    else commands.at(-1)?.expected.push(line);
  }
  return commands;
}

function matches(line: string, expected: string): boolean {
  const [first = "", ...rest] = expected.split("…");
  let at = first.length;
  if (!line.startsWith(first)) return false;
  for (const part of rest) {
    const found = part === "" ? line.length : line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at === line.length;
}

/** Follows one page in a directory of its own. */
class Reader {
  readonly #directory: string;
  readonly #background: ChildProcess[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(block: string): void {
    const [first = ""] = block.split("\n", 1);
    const name = FILE_NAME.exec(first)?.[1];
    assert.ok(name !== undefined, `the block names its file: ${first}`);
    mkdirSync(dirname(join(this.#directory, name)), { recursive: true });
    writeFileSync(join(this.#directory, name), block);
  }

  async run({ line, expected }: Command): Promise<void> {
    const isBackground = line.endsWith(" &");
    const [npx, name = "", ...args] = line.replace(/ &$/, "").split(" ");
    const [program = "", ...before] = PROGRAMS[name] ?? [];
    assert.ok(npx === "npx" && program !== "", `a command that is known here: ${line}`);
    const child = spawn(program, [...before, ...args], {
      cwd: this.#directory,
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    const enough = new Promise<void>((resolve) => {
      const onData = (chunk: Buffer) => {
        output += chunk;
        if (output.trimEnd().split("\n").length >= expected.length) resolve();
      };
      child.stdout.on("data", onData);
      child.stderr.on("data", onData);
    });
    const exited = once(child, "close") as Promise<[number | null]>;
    if (isBackground) {
      this.#background.push(child);
      await Promise.race([enough, exited]);
      assert.equal(child.exitCode, null, `${line} goes on: ${output}`);
    } else {
      const [code] = await exited;
      assert.equal(code, 0, `${line}: ${output}`);
      if (expected.length === 0) return;
    }
    const lines = output.trimEnd().split("\n");
    const isAsSaid =
      lines.length === expected.length && lines.every((one, index) => matches(one, expected[index] ?? ""));
    assert.ok(isAsSaid, `${line} printed\n${output}\nand not\n${expected.join("\n")}`);
  }

  async end(): Promise<void> {
    for (const child of this.#background) {
      if (child.exitCode !== null) continue;
      const exited = once(child, "close");
      child.kill("SIGTERM");
      await exited;
    }
  }
}

suite("getting started", () => {
  // Inside the workspace, so that `roam` resolves as it does for a user who installed it.
  mkdirSync(join(ROOT, "build"), { recursive: true });
  for (const page of readdirSync(PAGES).sort()) {
    test(page, async () => {
      const directory = mkdtempSync(join(ROOT, "build/started-"));
      const text = readFileSync(join(PAGES, page), "utf8").replaceAll(PORT, await freePort());
      const reader = new Reader(directory);
      try {
        for (const [, language = "", block = ""] of text.matchAll(/```(\w+)\n(.*?)```/gs)) {
          if (language === "console") for (const command of commandsIn(block)) await reader.run(command);
          // What installs packages has been done.
          else if (language !== "sh") reader.write(block);
        }
      } finally {
        await reader.end();
        rmSync(directory, { recursive: true });
      }
    });
  }
});
