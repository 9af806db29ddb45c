import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { typedLine } from "../../src/completion/typed-line.ts";
import { nearest } from "../../src/nearest.ts";
import { wantsColor } from "../../src/paint.ts";
import { jsonOnOneLine, printable } from "../../src/printable.ts";
import { count, durationMs } from "../../src/quantity.ts";
import { splitWords } from "../../src/split-words.ts";
import { schemeOf } from "../../src/url.ts";

test("a command behind stdio: is split as a shell does, and nothing is expanded", () => {
  assert.deepEqual(splitWords(` ./server  --name "a b" 'c "d' e\\ f "q\\"r" $HOME x'y'"z"`), [
    "./server",
    "--name",
    "a b",
    'c "d',
    "e f",
    'q"r',
    "$HOME",
    "xyz",
  ]);
  assert.deepEqual(splitWords(""), []);
  assert.deepEqual(splitWords("''"), [""]);
  assert.throws(() => splitWords("a 'b"), { name: "UsageFailure", message: /quote is not closed/ });
});

suite("a line that is being typed", () => {
  for (const [text, words, current] of [
    ["", [], ""],
    ["roam", [], "roam"],
    ["roam ", ["roam"], ""],
    ["roam call tcp://127.0.0.1:1 Te", ["roam", "call", "tcp://127.0.0.1:1"], "Te"],
    ['roam ls "my fi', ["roam", "ls"], "my fi"],
    ["roam ls 'my file' ", ["roam", "ls", "my file"], ""],
    ["roam ls my\\ fi", ["roam", "ls"], "my fi"],
  ] as const) {
    test(JSON.stringify(text), () => assert.deepEqual(typedLine(text), { words, current }));
  }
});

test("times and counts", () => {
  assert.deepEqual(
    ["500", "500ms", "2s", "1.5m", "1h", ".5s"].map(durationMs),
    [500, 500, 2000, 90_000, 3_600_000, 500],
  );
  for (const text of ["", "-1", "2 weeks", "s", "1e3"])
    assert.throws(() => durationMs(text), /is not a time/);
  assert.equal(count()("3"), 3);
  for (const text of ["0", "1.5", "", "x"]) assert.throws(() => count()(text), /whole number of at least 1/);
});

test("colour is for terminals, and the environment has the last word", () => {
  const terminal = { isTTY: true };
  assert.equal(wantsColor(terminal, {}), true);
  assert.equal(wantsColor({}, {}), false);
  assert.equal(wantsColor(terminal, { NO_COLOR: "1" }), false);
  assert.equal(wantsColor(terminal, { NO_COLOR: "" }), true);
  assert.equal(wantsColor(terminal, { TERM: "dumb" }), false);
  assert.equal(wantsColor({}, { FORCE_COLOR: "1" }), true);
  assert.equal(wantsColor(terminal, { FORCE_COLOR: "0" }), false);
});

test("control characters of a peer's texts do nothing to a terminal", () => {
  assert.equal(jsonOnOneLine({ a: "\u001b\u007f\u009b" }), '{"a":"\\u001b\\u007f\\u009b"}');
  assert.equal(printable("a\u001b[2Jb\tc\nd\r\u009b"), "a\\x1b[2Jb\tc\nd\\x0d\\x9b");
});

test("a URL is one by its scheme", () => {
  assert.equal(schemeOf("tcp://h:1"), "tcp");
  assert.equal(schemeOf("unix:/a"), "unix");
  assert.equal(schemeOf("stdio:cat"), "stdio");
  for (const text of ["schema.json", "c:\\x", "http://x", "./tcp"]) assert.equal(schemeOf(text), undefined);
});

test("names that somebody may have meant", () => {
  const names = ["Testbed.create_person", "Testbed.echo", "Testbed.echo_point"];
  assert.deepEqual(nearest("Testbed.ecko", names), ["Testbed.echo"]);
  assert.deepEqual(nearest("person", names), ["Testbed.create_person"]);
  assert.deepEqual(nearest("Testbed.xyzzy", names), []);
});
