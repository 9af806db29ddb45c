import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "roam-bench-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the benchmark as its users do. */
async function run(...args: string[]) {
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", error: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.error += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...said };
}

suite("npm run bench", () => {
  test("measures a case in real processes and writes what it is asked for", async () => {
    const file = (name: string) => join(directory, name);
    const files = ["--json", file("a.json"), "--markdown", file("a.md"), "--svg", file("a.svg")];
    const { code, out, error } = await run(
      "--quick",
      "--rounds",
      "1",
      "--filter",
      "(call-64|up-16)/tcp$",
      ...files,
    );
    assert.equal(error, "");
    assert.equal(code, 0);
    assert.match(out, /^tcp +[\d,]+ .*\ntcp-raw +[\d,]+ /m);
    const { results, command } = JSON.parse(readFileSync(file("a.json"), "utf8"));
    assert.match(command, /^npm run -s bench -- --quick/);
    const measured = results.map((result: { test: { name: string }; measured: { contender: string }[] }) => [
      result.test.name,
      ...result.measured.map(({ contender }) => contender),
    ]);
    assert.deepEqual(measured, [
      ["call-64", "tcp", "tcp-raw"],
      ["up-16", "tcp", "tcp-raw", "tcp-raw-credit"],
    ]);
    const [sample] = results[0].measured[0].samples;
    for (const key of ["perSecond", "clientUs", "serverUs"])
      assert.ok(sample[key] > 0, `${key} ${sample[key]}`);
    assert.match(readFileSync(file("a.md"), "utf8"), /\| Calls \| call-64 \|/);
    assert.match(readFileSync(file("a.svg"), "utf8"), /<\/svg>/);
  });

  for (const { args, code, message } of [
    { args: ["--filter", "nothing"], code: 1, message: /no CASE\/LANE matches/ },
    { args: ["--profile", "call-64/nobody"], code: 1, message: /no lane or peer nobody/ },
    { args: ["--profile", "nothing/tcp"], code: 1, message: /no case nothing/ },
    { args: ["--rounds", "0"], code: 2, message: /--rounds 0: not a count/ },
    { args: ["--nonsense"], code: 2, message: /usage:/ },
  ]) {
    test(`${args.join(" ")} ends with ${code} and says why`, async () => {
      const ended = await run(...args);
      assert.equal(ended.code, code);
      assert.match(ended.error, message);
    });
  }
});
