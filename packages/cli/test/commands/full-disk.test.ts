import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Billing } from "./call-example.ts";
import { Files, roam } from "./roam-command.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The command in a shell, after `before`; what is written to standard output goes to `out`. */
function inShell(before: string, args: readonly string[], out = "") {
  const line = `${before}exec "$0" --conditions=roam-source --import tsx "$@" ${out}`;
  const command = ["-c", line, process.execPath, MAIN, ...args];
  const { status, stderr } = spawnSync("/bin/sh", command, { encoding: "utf8", timeout: 30_000 });
  return { exit: status, err: stderr };
}

/** Files may have a kilobyte at most, as if the disk were full then: a signal that would end the process is ignored. */
const NO_ROOM = "trap '' XFSZ; ulimit -f 1; ";

suite("a full disk", () => {
  test("generate leaves the files as they were, tells which one could not be written, and is exit 1", () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const file = files.write("billing.ts", "// as it was\n");
    const { exit, err } = inShell(NO_ROOM, ["generate", schema, "--out", files.directory]);
    assert.equal(exit, 1);
    assert.match(err, /^error: .*billing\.ts: EFBIG: file too large, write\n$/);
    assert.equal(readFileSync(file, "utf8"), "// as it was\n");
    assert.deepEqual(readdirSync(files.directory).sort(), ["billing.json", "billing.ts"]);
  });

  for (const args of [["--version"], ["--help"], ["call", "--help"]]) {
    test(`${args.join(" ")} that did not get where it was to go is exit 1`, () => {
      const { exit, err } = inShell("", args, "> /dev/full");
      assert.deepEqual(
        { exit, err },
        { exit: 1, err: "error: standard output: ENOSPC: no space left on device, write\n" },
      );
    });
  }
});

test("generate writes where a symbolic link leads to", async () => {
  using files = new Files();
  const schema = files.schema("billing.json", Billing);
  const real = files.write("real.ts", "");
  const link = join(files.directory, "billing.ts");
  symlinkSync(real, link);
  assert.equal((await roam(["generate", schema, "--out", files.directory])).exit, 0);
  assert.match(readFileSync(real, "utf8"), /Billing/);
  writeFileSync(link, "");
  assert.equal(readFileSync(real, "utf8"), "");
});
