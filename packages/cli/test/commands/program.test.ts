import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { COMMANDS } from "../../src/commands/index.ts";
import { EXIT_MEANINGS } from "../../src/exit-codes.ts";
import { manual } from "../../src/manual.ts";
import { Billing } from "./call-example.ts";
import { Files, roam } from "./roam-command.ts";

const shown = COMMANDS.filter(({ isHidden }) => !isHidden);

suite("help", () => {
  test("of the program lists every command and every exit code", async () => {
    const { exit, out, err } = await roam(["--help"]);
    assert.deepEqual([exit, err], [0, ""]);
    for (const { name, summary } of shown) assert.ok(out.replace(/\s+/g, " ").includes(summary), name);
    for (const [code, meaning] of EXIT_MEANINGS)
      assert.match(out, new RegExp(`^ {2}${code} +${meaning}$`, "m"));
    for (const { name, isHidden } of COMMANDS) if (isHidden) assert.ok(!out.includes(`  ${name} `), name);
  });

  for (const { name, examples, options, args } of shown) {
    test(`of ${name} has its arguments, options and examples`, async () => {
      const { exit, out } = await roam([name, "--help"]);
      assert.equal(exit, 0);
      assert.equal((await roam(["help", name])).out, out);
      assert.ok(examples.length > 0, "an example");
      for (const { command } of examples) assert.ok(out.includes(command), command);
      for (const { flags } of options) assert.ok(out.includes(flags), flags);
      for (const { form } of args) assert.ok(out.includes(form.replace(/[<>[\]]/g, "")), form);
    });

    test(`the examples of ${name} are command lines of it`, () => {
      for (const { command } of examples) assert.match(command, /\broam \w/);
    });
  }

  test("as Markdown says the same", async () => {
    const { out } = await roam(["help", "--markdown"]);
    assert.equal(out, manual(COMMANDS));
    for (const { name, about } of shown)
      assert.ok(out.includes(`\n## roam ${name}\n`) && out.includes(about), name);
  });

  test("is in colour on a terminal only", async () => {
    assert.ok((await roam(["--help"], { isTerminal: true })).out.includes("\u001b[1m"));
    assert.ok(!(await roam(["--help"], { isTerminal: true, env: { NO_COLOR: "1" } })).out.includes("\u001b"));
    assert.ok(!(await roam(["--help"])).out.includes("\u001b"));
    assert.ok((await roam(["--help"], { env: { FORCE_COLOR: "1" } })).out.includes("\u001b[1m"));
  });
});

suite("command lines that make no sense are exit 2, on standard error", () => {
  for (const [args, message] of [
    [[], /^Usage: roam/],
    [["cal"], /unknown command 'cal'\n?.*Did you mean call\?/s],
    [["ls"], /missing required argument 'source'/],
    [["ls", "--nope", "x"], /unknown option '--nope'/],
    [["ids", "x", "--conduit", "fast"], /Allowed choices are auto, stable, bare/],
    [["generate", "x", "--watch", "--check"], /exclude each other/],
    [["ids", "/nowhere.json"], /there is no such file or directory\ntry: a source is a URL/],
    [["ids", "package.json"], /package\.json: not a schema.*\ntry: roam ls SOURCE --json/],
    [["completion", "tcsh"], /Allowed choices are bash, zsh, fish/],
    [["help", "nope"], /there is no command nope/],
  ] as const) {
    test(`roam ${args.join(" ")}`, async () => {
      const { exit, out, err } = await roam(args);
      assert.equal(exit, 2);
      assert.equal(out, "");
      assert.match(err, message);
    });
  }

  test("and JSON with --json", async () => {
    const { exit, err } = await roam(["ids", "/nowhere.json", "--json"]);
    assert.equal(exit, 2);
    assert.equal(JSON.parse(err).error.code, "usage");
  });
});

test("--version is that of the package", async () => {
  const { default: own } = await import("../../package.json", { with: { type: "json" } });
  assert.deepEqual(await roam(["--version"]), { exit: 0, out: `${own.version}\n`, err: "" });
});

suite("ls and ids of a schema", () => {
  test("ls", async () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const short = await roam(["ls", schema]);
    assert.equal(short.exit, 0);
    assert.match(
      short.out,
      /^Billing\n {2}lookup\(id: u64\) -> Result<Invoice, LookupError>\n {2}sum\(numbers: Rx<i32>\) -> i64\n/,
    );
    const long = await roam(["ls", schema, "billing", "-l"]);
    assert.match(long.out, /watch\(since: u64, out: Tx<Invoice, 4>\) {2}0x[\da-f]{16}\n/);
    assert.match(long.out, /enum LookupError \{ NotFound, Denied \{ why: String \} \}/);
    const json = await roam(["ls", schema, "--json"]);
    const again = files.write("again.json", json.out);
    assert.equal((await roam(["diff", schema, again])).exit, 0);
    const none = await roam(["ls", schema, "Biling"]);
    assert.deepEqual([none.exit, /there are Billing/.test(none.err)], [2, true]);
  });

  test("ids", async () => {
    using files = new Files();
    const { exit, out } = await roam(["ids", files.schema("billing.json", Billing)]);
    assert.equal(exit, 0);
    const [, sum = ""] = out.split("\n");
    const id = Billing.descriptors().get("sum")?.id.toString(16).padStart(16, "0");
    assert.equal(sum, `0x${id}  Billing.sum(numbers: Rx<i32>) -> i64  25 01 27 09 0a`);
  });

  test("a peer that does not tell wants --schema", async () => {
    using files = new Files();
    const schema = files.schema("billing.json", Billing);
    const { exit, err } = await roam(["ls", "tcp://127.0.0.1:1", "--schema", schema]);
    assert.equal(exit, 4);
    assert.match(err, /cannot connect/);
  });
});
