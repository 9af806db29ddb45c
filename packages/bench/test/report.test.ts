import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { caseNamed } from "../src/cases.ts";
import { compact, threeDigits } from "../src/figures.ts";
import type { Circumstances } from "../src/machine.ts";
import { markdown } from "../src/markdown.ts";
import type { CaseResult, Measured } from "../src/measured.ts";
import { plot } from "../src/plot.ts";
import { caseTable, summary } from "../src/table.ts";

const AROUND: Circumstances = {
  machine: "Processor <fast & new>",
  cores: 2,
  versions: { node: "v20.0.0" },
  date: "2026-01-02",
  command: "npm run -s bench -- --filter 'call-64/tcp$'",
  setting: "client and server in two processes",
};

function measured(
  contender: string,
  role: Measured["role"],
  rates: number[],
  more: Partial<Measured> = {},
): Measured {
  const samples = rates.map((perSecond) => ({ perSecond, clientUs: 2, serverUs: 1 }));
  const none = { ofRaw: undefined, ofRawCpu: undefined, ofRawCredit: undefined, ofBestPeer: undefined };
  return { contender, role, samples, ...none, ...more };
}

const CALLS: CaseResult = {
  test: caseNamed("call-64"),
  bestPeer: "rsocket",
  measured: [
    measured("tcp", "ours", [200_000, 300_000, 250_000], {
      ofRaw: [0.5, 0.7, 0.625],
      ofRawCpu: [0.5, 0.5, 0.5],
      ofBestPeer: [2, 3, 2.5],
    }),
    measured("tcp-raw", "limit", [400_000, 430_000, 400_000]),
    measured("rsocket", "peer", [100_000], { ofRaw: [0.25], ofRawCpu: [0.25] }),
  ],
};
const STREAM: CaseResult = {
  test: caseNamed("down-16"),
  bestPeer: undefined,
  measured: [measured("tcp", "ours", [1_934_000], { ofRaw: [0.5], ofRawCredit: [4] })],
};
const BYTES: CaseResult = {
  test: caseNamed("echo-1MiB-1"),
  bestPeer: undefined,
  measured: [measured("tcp", "ours", [1234.5])],
};
const RESULTS = [CALLS, STREAM, BYTES];

suite("figures", () => {
  for (const { value, expected } of [
    { value: 0.1234, expected: "0.12" },
    { value: 12.34, expected: "12.3" },
    { value: 999.4, expected: "999" },
    { value: 999.6, expected: "1.00k" },
    { value: 445_123, expected: "445k" },
    { value: 999_600, expected: "1.00M" },
    { value: 1_934_000, expected: "1.93M" },
  ]) {
    test(`${value} is ${expected}`, () => assert.equal(compact(value), expected));
  }
  test("times keep three digits", () => assert.equal(threeDigits(1234.5), "1,235"));
});

suite("caseTable", () => {
  test("shows medians, spreads, CPU time and ratios", () => {
    const [title, head, tcp, raw] = caseTable(CALLS).split("\n");
    assert.equal(title, "small calls, 64 in flight [call-64]");
    assert.deepEqual(head?.trim().split(/ {2,}/), [
      ...["calls/s", "min-max", "client µs", "server µs"],
      ...["of raw", "of raw by CPU", "of rsocket"],
    ]);
    assert.deepEqual(tcp?.split(/ {2,}/), [
      ...["tcp", "250,000", "200,000-300,000", "2.00", "1.00"],
      ...["0.63 (0.50-0.70)", "0.50 (0.50-0.50)", "2.50 (2.00-3.00)"],
    ]);
    assert.deepEqual(raw?.split(/ {2,}/).length, 5);
  });

  test("shows MiB/s where bytes travel", () => assert.match(caseTable(BYTES), /MiB\/s.*\n.* 1,235 /));

  test("sums TCP up", () => {
    assert.equal(
      summary(RESULTS),
      "tcp: call-64 250,000/s (0.63 of raw), down-16 1,934,000/s (0.50 of raw), echo-1MiB-1 1,235/s",
    );
  });
});

suite("markdown", () => {
  const lines = markdown(RESULTS, AROUND).split("\n");

  test("says with what, when and where", () => {
    assert.equal(
      lines[0],
      "`npm run -s bench -- --filter 'call-64/tcp$'`: 2026-01-02; 2 x Processor <fast & new>; node v20.0.0; " +
        "client and server in two processes.",
    );
  });

  for (const { name, line } of [
    { name: "a table of calls", line: "| Calls | call-64 |" },
    { name: "rates and ratios", line: "| tcp | 250k (0.63) |" },
    { name: "the limit without a ratio", line: "| tcp-raw | 400k |" },
    { name: "bytes in a table of their own", line: "| tcp | 1.23k |" },
    { name: "CPU times", line: "| tcp | 2.00 + 1.00 |" },
    { name: "ratios to the window of 16", line: "| tcp | 4.00 |" },
    { name: "ratios to the fastest other one", line: "| tcp | 2.50 (rsocket) |" },
  ]) {
    test(`has ${name}`, () => assert.ok(lines.includes(line), lines.join("\n")));
  }

  test("all lines of a table have as many cells as its head", () => {
    let cells = 0;
    for (const line of lines) {
      const count = line.split("|").length;
      if (!line.startsWith("|")) cells = 0;
      else if (cells === 0) cells = count;
      else assert.equal(count, cells, line);
    }
  });
});

/** Throws unless every tag is closed in order and every & begins a reference. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  let at = 0;
  for (const { 0: tag, index, groups } of xml.matchAll(
    /<(?<end>\/?)(?<name>[\w]+)(?: [\w:-]+="[^"<]*")*(?<empty>\/?)>/g,
  )) {
    assert.doesNotMatch(xml.slice(at, index), /[<>]|&(?!#\d+;)/);
    at = index + tag.length;
    if (groups?.end === "/") assert.equal(open.pop(), groups.name);
    else if (groups?.empty !== "/") open.push(groups?.name ?? "");
  }
  assert.deepEqual(open, []);
  assert.equal(xml.slice(at).trim(), "");
}

suite("plot", () => {
  const svg = plot(RESULTS, AROUND);
  const bars = [...svg.matchAll(/<rect class="(\w+)" x="118" y="\d+" width="([\d.]+)"/g)];

  test("is well-formed", () => {
    assertWellFormed(svg);
    assert.match(svg, /Processor &#60;fast &#38; new&#62;/);
  });

  test("has a bar for each contender of each case, the longer the faster", () => {
    assert.deepEqual(
      bars.map(([, role]) => role),
      ["ours", "limit", "peer", "ours", "ours"],
    );
    const [ours = 0, raw = 0, peer = 0] = bars.map(([, , width]) => Number(width));
    assert.ok(raw > ours && ours > peer && peer > 0, `${raw} ${ours} ${peer}`);
  });

  test("labels bars with rate and ratio", () => assert.match(svg, />250k \(0\.63\)</));

  test("has a legend for those who take part only", () => {
    assert.match(svg, />other systems</);
    assert.doesNotMatch(plot([BYTES], AROUND), />other systems</);
  });
});
