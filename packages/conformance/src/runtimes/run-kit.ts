import { execFile } from "node:child_process";
import type { Failure } from "./harness.ts";
import type { KitResult } from "./kit.ts";
import type { Runtime } from "./runtimes.ts";

/** Longest time for the tests of one file (ms): a limit for what hangs. */
const FILE_LIMIT_MS = 180_000;
const AT_A_TIME = 2;
/** Most that a file prints (bytes): failures come with what was compared. */
const MOST_OUTPUT_BYTES = 64 * 2 ** 20;

/** Runs each file in a process of its own, so that none sees what another left. */
export async function runKit(runtime: Runtime, kit: string, files: readonly string[]): Promise<KitResult> {
  const left = [...files];
  let passed = 0;
  const failures: Failure[] = [];
  const work = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const result = await runOne(runtime, kit, file);
      passed += result.passed;
      failures.push(...result.failures);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { passed, failures };
}

function runOne({ path, args }: Runtime, kit: string, file: string): Promise<KitResult> {
  const options = { timeout: FILE_LIMIT_MS, killSignal: "SIGKILL", maxBuffer: MOST_OUTPUT_BYTES } as const;
  return new Promise((resolve) => {
    execFile(path, [...args, kit, file], options, (error, stdout, stderr) => {
      const last = stdout.trimEnd().split("\n").at(-1) ?? "";
      if (last.startsWith("{")) return resolve(JSON.parse(last) as KitResult);
      const reason = error?.killed
        ? `not done within ${FILE_LIMIT_MS} ms`
        : `${error?.message ?? ""}\n${stderr}`;
      resolve({ passed: 0, failures: [{ name: file, reason: reason.trim() }] });
    });
  });
}
