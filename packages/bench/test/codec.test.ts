import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CASE_NAMES, type CaseName, caseValues } from "../src/codec/codec-cases.ts";
import type { CodecMeasured } from "../src/codec/codec-rounds.ts";
import { codecTable, short, verdicts } from "../src/codec/codec-table.ts";
import type { Coding } from "../src/codec/contestant.ts";
import { CONTESTANTS } from "../src/codec/contestants.ts";

const MAIN = fileURLToPath(new URL("../src/codec.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "roam-codec-test-"));
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

const values = caseValues();
const byCodec = new Map<string, Record<CaseName, Coding>>();
for (const [codec, load] of Object.entries(CONTESTANTS)) {
  const { contestant } = await load();
  const codings = CASE_NAMES.map((name) => [
    name,
    (contestant[name] as (value: unknown) => Coding)(values[name]),
  ]);
  byCodec.set(codec, Object.fromEntries(codings));
}
const coding = (codec: string, name: CaseName) => (byCodec.get(codec) as Record<CaseName, Coding>)[name];

suite("every codec gives the value back, in each case", () => {
  for (const codec of byCodec.keys()) {
    test(codec, () => {
      for (const name of CASE_NAMES) {
        const { encode, decode, plain } = coding(codec, name);
        assert.deepEqual(plain(decode(encode())), values[name], name);
      }
    });
  }
});

suite("ours", () => {
  test("writes the bytes that a person's code writes", () => {
    for (const name of CASE_NAMES) {
      assert.deepEqual(coding("ours", name).encode(), coding("by hand", name).encode(), name);
    }
  });

  test("takes no more bytes than any other", () => {
    for (const name of CASE_NAMES) {
      const sizes = [...byCodec.keys()].map((codec) => coding(codec, name).encode().length);
      assert.equal(coding("ours", name).encode().length, Math.min(...sizes), name);
    }
  });
});

suite("the table of codecs", () => {
  const measured = (codec: string, encode: number[], decode: number[]): CodecMeasured => ({
    case: "point",
    codec,
    bytes: 3,
    perSecond: { encode, decode },
  });
  const all = [
    measured("ours", [4, 8, 6], [10, 10, 10]),
    measured("by hand", [8, 8, 8], [20, 20, 20]),
    measured("closures", [2, 2, 2], [5, 5, 5]),
    measured("avsc", [2, 4, 6], [1, 1, 1]),
    measured("JSON", [1, 1, 1], [30, 20, 40]),
  ];

  test("compares each round with its neighbour's, and with the fastest other codec", () => {
    assert.deepEqual(verdicts(all), [
      { case: "point", direction: "encode", best: "avsc", ofBest: 2, ofHand: 0.75, ofClosures: 3 },
      { case: "point", direction: "decode", best: "JSON", ofBest: 1 / 3, ofHand: 0.5, ofClosures: 2 },
    ]);
    const lines = codecTable(all).split("\n");
    assert.match(lines.at(-2) ?? "", /^point encode +avsc 2\.00 +0\.75 +3\.00$/);
  });

  for (const [rate, text] of [
    [78.4, "78"],
    [456_123, "456k"],
    [12_345_678, "12.3M"],
  ] as const) {
    test(`writes ${rate} as ${text}`, () => assert.equal(short(rate), text));
  }
});

suite("npm run bench:codec", () => {
  test("measures in real processes and writes what it is asked for", async () => {
    const json = join(directory, "codec.json");
    const { code, out, error } = await run(
      "--quick",
      "--filter",
      "point/(ours|by hand|avsc)",
      "--json",
      json,
    );
    assert.equal(error, "");
    assert.equal(code, 0);
    assert.match(out, /^ours +3 .*\nby hand +3 .*\navsc +3 /m);
    const written = JSON.parse(readFileSync(json, "utf8")) as { measured: CodecMeasured[] };
    for (const { perSecond } of written.measured) {
      for (const rate of [...perSecond.encode, ...perSecond.decode]) assert.ok(rate > 0);
      assert.equal(perSecond.encode.length, 3);
    }
  });

  for (const { args, code, message } of [
    { args: ["--filter", "nothing"], code: 2, message: /no CASE\/CODEC matches/ },
    { args: ["--filter", "("], code: 2, message: /Invalid regular expression/ },
    { args: ["--fast"], code: 2, message: /usage/ },
  ]) {
    test(`says what is wrong with ${args.join(" ")}`, async () => {
      const ended = await run(...args);
      assert.equal(ended.code, code);
      assert.match(ended.error, message);
    });
  }
});
