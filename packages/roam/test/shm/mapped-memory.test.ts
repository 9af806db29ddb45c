import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Memory } from "../../src/shm/memory.ts";
import { loadNative } from "../../src/shm/native.ts";
import { contend, counted } from "./fixtures/contend.ts";

const native = await loadNative();
const CONTENDER = fileURLToPath(new URL("fixtures/contender.ts", import.meta.url));
const BYTES = 4096;
const TIMES = 200_000;

async function withFile(run: (path: string, descriptor: number) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "roam-shm-test-"));
  const path = join(directory, "file");
  const descriptor = openSync(path, "wx+");
  try {
    ftruncateSync(descriptor, BYTES);
    await run(path, descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  }
}

suite("a mapped file as memory", () => {
  // The language promises atomics on shared buffers only; what a mapping gives is a plain one.
  // r[verify shm.architecture]
  test("atomics hold between two processes", () =>
    withFile(async (path, descriptor) => {
      const memory = new Memory(native.map(descriptor, BYTES).buffer);
      const child = spawn(process.execPath, [...process.execArgv, CONTENDER, path, `${TIMES}`], {
        stdio: "inherit",
      });
      const exited = once(child, "exit");
      contend(memory, TIMES);
      assert.deepEqual(await exited, [0, null]);
      assert.deepEqual(counted(memory), [2 * TIMES, BigInt(2 * TIMES)]);
    }));

  test("released, it lets the file go, and whoever still looks finds zeros", () =>
    withFile(async (_path, descriptor) => {
      const mapped = native.map(descriptor, BYTES);
      const bytes = new Uint8Array(mapped.buffer).fill(7);
      mapped.release();
      mapped.release();
      assert.deepEqual(bytes, new Uint8Array(BYTES));
      bytes.fill(8);
      const again = new Uint8Array(native.map(descriptor, BYTES).buffer);
      assert.deepEqual(again, new Uint8Array(BYTES).fill(7), "what is written there now is not in the file");
    }));

  test("a file that cannot be mapped: an error with the system's code", () =>
    withFile(async () => {
      assert.throws(
        () => native.map(-1, BYTES),
        (error) => {
          const { code, cause } = error as { code: string; cause: { code: string } };
          return code === "io" && cause.code === "EBADF";
        },
      );
    }));
});
