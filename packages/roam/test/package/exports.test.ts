import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { promisify } from "node:util";

const PACKAGE = new URL("../../", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", PACKAGE), "utf8")) as {
  exports: Record<string, unknown>;
};

/** `roam/link: LengthPrefix LinkReceiver …`, a line per entry. */
async function surface(entries: readonly string[], conditions: readonly string[]): Promise<string> {
  const script = `
    for (const entry of ${JSON.stringify(entries)}) {
      const names = Object.keys(await import(entry)).sort();
      console.log(entry + ": " + names.join(" "));
    }`;
  const args = [...conditions, "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE.pathname });
  return stdout;
}

suite("the package's entries", () => {
  const entries = Object.keys(manifest.exports).map((path) => `roam${path.slice(1)}`);

  test("export what exports.txt says, so that an accidental export shows", async () => {
    const expected = readFileSync(new URL("exports.txt", PACKAGE), "utf8");
    assert.equal(await surface(entries, ["--conditions=roam-source", "--import", "tsx"]), expected);
  });

  test("export the same when built, for plain Node", async () => {
    const expected = readFileSync(new URL("exports.txt", PACKAGE), "utf8");
    assert.equal(await surface(entries, []), expected);
  });
});
