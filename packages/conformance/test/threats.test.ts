import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { THREATS } from "../src/hostile/threats.ts";

const ROOT = new URL("../../../", import.meta.url);
const TABLE = readFileSync(new URL("SECURITY.md", ROOT), "utf8").split("## Threats")[1] ?? "";

suite("the threats of SECURITY.md", () => {
  test("name every row that is played, and none that is not", () => {
    const rows = TABLE.split("\n").filter((line) => line.startsWith("| "));
    const named = rows.flatMap((row) => [...row.matchAll(/"([^"]+)"/g)].map(([, name]) => name));
    assert.deepEqual(named.sort(), THREATS.map(({ name }) => name).sort());
  });

  test("name tests and commands that exist", () => {
    const files = readdirSync(new URL("packages/", ROOT), { recursive: true }).map(String);
    const tests = new Set(
      files.filter((path) => path.includes("/test/")).map((path) => path.split("/").at(-1)),
    );
    const { scripts } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
    const seenBy = TABLE.split("\n").flatMap((line) => line.split(" | ").slice(3));
    const named = seenBy.flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string),
    );
    assert.ok(named.length > 15, `${named.length} names`);
    for (const name of named) assert.ok(name.endsWith(".ts") ? tests.has(name) : name in scripts, name);
  });
});
