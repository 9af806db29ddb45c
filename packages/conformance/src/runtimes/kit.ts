import { type Failure, runFile } from "./harness.ts";

/** What one runtime made of the tests: the last line that it prints, as JSON. */
export interface KitResult {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** Runs the files whose paths contain one of the command line's words, or all. */
export async function runKit(files: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  let passed = 0;
  const failures: Failure[] = [];
  const parts = process.argv.slice(2);
  // A rejection that nobody handles is the test's that runs meanwhile.
  process.on("unhandledRejection", (error) =>
    failures.push({ name: "unhandled rejection", reason: String(error) }),
  );
  process.on("uncaughtException", (error) =>
    failures.push({ name: "uncaught exception", reason: String(error) }),
  );
  // Before tests look at what they leave behind: the standard streams are opened, or gone.
  console.log(`${Object.keys(files).length} files`);
  process.stderr.write("");
  process.stdin.destroy();
  for (const [path, load] of Object.entries(files)) {
    if (parts.length > 0 && !parts.some((part) => path.includes(part))) continue;
    const before = { passed, failed: failures.length };
    await runFile(path, load, (failure) => {
      if (failure === undefined) passed++;
      else failures.push(failure);
    });
    console.log(`${path}: ${passed - before.passed} passed, ${failures.length - before.failed} failed`);
  }
  console.log(JSON.stringify({ passed, failures } satisfies KitResult));
  // Whatever a runtime keeps open is no business of the tests that have ended.
  process.exit(0);
}
