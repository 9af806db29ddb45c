// The packages' own tests on every runtime: `npm run -s runtimes -- --help`. Exits with 1 if one failed for
// no known reason, or one that is known to fail did not.
import { parseArgs } from "node:util";
import { bundleKit, testFiles } from "./runtimes/bundle-kit.ts";
import { KNOWN_EXCEPTIONS, type KnownException } from "./runtimes/known-exceptions.ts";
import { runKit } from "./runtimes/run-kit.ts";
import { installedRuntimes, type Runtime } from "./runtimes/runtimes.ts";

const USAGE = `usage: npm run -s runtimes -- [--only NAME] [PART-OF-A-PATH…]
  --only NAME   of a runtime, or the beginning of one: node, deno, bun`;

/** @returns how many passed and failed, those that are known to fail in neither */
async function check(
  runtime: Runtime,
  parts: readonly string[],
): Promise<{ passed: number; failed: number }> {
  const known = KNOWN_EXCEPTIONS.filter((one) => one.runtime === runtime.condition);
  const files = testFiles().filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)));
  const startMs = performance.now();
  const { passed, failures } = await runKit(runtime, await bundleKit(files, runtime.condition), files);
  const seen = new Map<KnownException, number>();
  let failed = 0;
  for (const { name, reason } of failures) {
    const exception = known.find(({ tests }) => name.includes(tests));
    if (exception !== undefined) seen.set(exception, (seen.get(exception) ?? 0) + 1);
    else {
      failed++;
      console.log(`FAILED ${runtime.name}: ${name}\n  ${reason.slice(0, 600).replaceAll("\n", "\n  ")}`);
    }
  }
  for (const exception of known) {
    const { tests, reason } = exception;
    const times = seen.get(exception);
    if (times !== undefined) console.log(`  known, ${times} of ${tests}: ${reason}`);
    else if (parts.length === 0) {
      failed++;
      console.log(`FAILED ${runtime.name}: all of ${tests} passed; it is no exception any more`);
    }
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const exceptions = [...seen.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${runtime.name}: ${passed} passed, ${failed} failed, ${exceptions} known exceptions, ${seconds} s\n`,
  );
  return { passed, failed };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" }, help: { type: "boolean" } },
});
if (values.help) console.log(USAGE);
else {
  const total = { passed: 0, failed: 0 };
  for (const runtime of await installedRuntimes()) {
    if (!runtime.name.toLowerCase().startsWith(values.only.toLowerCase())) continue;
    const { passed, failed } = await check(runtime, positionals);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}
