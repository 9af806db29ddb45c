import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { TraceEvent } from "roam/trace";
import { madeTrace } from "../../conformance/src/inspector/made-trace.ts";
import { LineScanner } from "../src/store/line-scanner.ts";
import { Names } from "../src/store/names.ts";

const encoder = new TextEncoder();

/** All that a scanner knows of a line. */
function seen(scanner: LineScanner) {
  const { t, session, kind, isOut, isHandler, tag, connection, id, method } = scanner;
  const { hasChannels, outcome, ms, bytes, credit } = scanner;
  return {
    t,
    session,
    kind,
    isOut,
    isHandler,
    tag,
    connection,
    id,
    method,
    hasChannels,
    outcome,
    ms,
    bytes,
    credit,
  };
}

function scan(line: string) {
  const bytes = encoder.encode(`${line}\n`);
  const scanner = new LineScanner(new Names());
  const newline = scanner.scan(bytes, 0, bytes.length);
  return { scanner, isScanned: newline === bytes.length - 1, newline };
}

suite("the line scanner", () => {
  test("sees in each line of a trace what JSON.parse sees", () => {
    const names = new Names();
    const [scanner, parsed] = [new LineScanner(names), new LineScanner(names)];
    let scanned = 0;
    const lines = [...madeTrace({ events: 20_000, seed: 3 })].join("").trim().split("\n").slice(1);
    for (const line of lines) {
      const bytes = encoder.encode(`${line}\n`);
      if (scanner.scan(bytes, 0, bytes.length) < 0) continue;
      scanned++;
      parsed.take(JSON.parse(line) as TraceEvent);
      assert.deepEqual(seen(scanner), seen(parsed), line);
    }
    assert(scanned > lines.length * 0.95, `${scanned} of ${lines.length} were scanned`);
  });

  test("reads ids that are texts, fractions, and fields that it does not know", () => {
    const { scanner, isScanned } = scan(
      '{"t":12.345,"session":3,"kind":"message","direction":"in","tag":"ChannelItem","connection":"4","id":"9007199254740993","later":{"a":[1,"]}\\""]},"bytes":7,"credit":0}',
    );
    assert(isScanned);
    const { t, session, isOut, tag, connection, id, bytes, credit } = scanner;
    assert.deepEqual(
      { t, session, isOut, tag, connection, id, bytes, credit },
      {
        t: 12.345,
        session: 3,
        isOut: false,
        tag: 1,
        connection: 4,
        id: 9007199254740992,
        bytes: 7,
        credit: 0,
      },
    );
  });

  for (const [name, line] of [
    ["another order", '{"session":1,"t":1,"kind":"message"}'],
    ["a kind that is rare", '{"t":1,"session":1,"kind":"sample"}'],
    ["an exponent", '{"t":1e-7,"session":1,"kind":"message","direction":"in"}'],
    ["an escape in a name", '{"t":1,"session":1,"kind":"call-begin","side":"caller","method":"a\\u0041"}'],
    ["blanks", '{ "t": 1, "session": 1, "kind": "message" }'],
    ["a line that is cut", '{"t":1,"session":1,"kind":"message","metadata":[{"key":"a'],
  ] as const) {
    test(`leaves ${name} to JSON.parse`, () => assert.equal(scan(line).newline, -1));
  }
});
