import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("fixtures/out-of-files.ts", import.meta.url));
const FLAGS = ["--conditions=roam-source", "--import", "tsx"];

test("who dials without a file to be had is told io, and why", () => {
  const urls = ["tcp://127.0.0.1:9", "unix:/tmp/nobody", "ws://127.0.0.1:9/"];
  const command = ["-c", 'ulimit -n 80; exec "$0" "$@"', process.execPath, ...FLAGS, PROGRAM, ...urls];
  const { stdout, stderr } = spawnSync("/bin/sh", command, { encoding: "utf8", timeout: 30_000 });
  const failures = JSON.parse(stdout || stderr) as { code: string; cause: string; reason: string }[];
  for (const { code, cause } of failures) assert.deepEqual({ code, cause }, { code: "io", cause: "EMFILE" });
  // The package is there: to install it would not help.
  assert.match(failures[2]?.reason ?? "", /^WebSockets cannot be loaded: EMFILE/);
});
