import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { after, suite, test } from "node:test";
import { SCRIPTS } from "../../src/completion/scripts.ts";
import { Billing } from "./call-example.ts";
import { Files, roam } from "./roam-command.ts";

const files = new Files();
const schema = files.schema("billing.json", Billing);
after(() => files[Symbol.dispose]());

/** What a shell is told: whether it completes paths, and the candidates without what they are about. */
async function asked(line: string, shell = "zsh"): Promise<readonly [paths: string, ...values: string[]]> {
  const { exit, out } = await roam(["complete", shell, line]);
  assert.equal(exit, 0);
  const [paths = "", ...lines] = out.trimEnd().split("\n");
  return [paths, ...lines.map((one) => one.split("\t")[0] ?? "")];
}

suite("what can follow", () => {
  const call = `roam call tcp://far:1 --schema ${schema}`;
  const cases: readonly (readonly [line: string, answer: readonly string[]])[] = [
    ["roam ca", ["none", "call", "capture"]],
    ["roam compl", ["none", "completion"]],
    ["roam --v", ["none", "--version"]],
    ["roam nope ", ["none"]],
    ["roam generate --codec ", ["none", "runtime", "static"]],
    ["roam generate --codec=s", ["none", "--codec=static"]],
    ["roam generate --che", ["none", "--check"]],
    ["roam generate --out ", ["directories"]],
    ["roam generate src/", ["files"]],
    ["roam generate a b ", ["files"]],
    ["roam completion ", ["none", "bash", "zsh", "fish"]],
    ["roam help ca", ["none", "call", "capture"]],
    ["roam ls t", ["files", "tcp://127.0.0.1:", "tls://"]],
    ["roam call tcp://far:1 --timeout ", ["none"]],
    ["roam call tcp://far:1 Bil", ["none"]],
    [`${call} Billing.s`, ["none", "Billing.sum", "Billing.store", "Billing.slow"]],
    [`${call} billing.L`, ["none", "Billing.lookup"]],
    [`${call} Billing.lookup --i`, ["none", "--id", "--insecure"]],
    [`${call} -v Billing.store --na`, ["none", "--name"]],
    ["roam call tcp://far:1 --schema=/nowhere.json Billing.", ["none"]],
  ];
  for (const [line, answer] of cases) {
    test(line.replace(schema, "billing.json"), async () => assert.deepEqual(await asked(line), answer));
  }

  test("bash is given what stands behind the last colon or equals sign, where it cuts words", async () => {
    assert.deepEqual(await asked("roam ls tcp:", "bash"), ["files", "//127.0.0.1:"]);
    assert.deepEqual(await asked("roam generate --codec=s", "bash"), ["none", "static"]);
  });
});

test("the script works in bash", () => {
  // The real program would start for each; what it answers is tested above.
  const stub = files.write("roam", '#!/bin/sh\necho none\nprintf "call\\tcall a method\\n"\n');
  chmodSync(stub, 0o755);
  const script = files.write("completion.bash", SCRIPTS.bash);
  const line = `source ${script}; COMP_LINE="roam ca"; COMP_POINT=7; COMP_WORDS=(roam ca); COMP_CWORD=1; compopt() { :; }; _roam; echo "\${COMPREPLY[@]}"; complete -p roam`;
  const out = execFileSync("bash", ["--norc", "-c", line], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${files.directory}:${process.env.PATH}` },
  });
  assert.equal(out, "call\ncomplete -F _roam roam\n");
});
