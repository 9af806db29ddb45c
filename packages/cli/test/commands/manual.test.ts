import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../../src/commands/index.ts";
import { manual } from "../../src/manual.ts";

test("docs/command.md is what the commands say of themselves: roam help --markdown > docs/command.md", () => {
  const page = new URL("../../../../docs/command.md", import.meta.url);
  assert.equal(readFileSync(page, "utf8"), manual(COMMANDS));
});
