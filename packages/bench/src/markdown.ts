import { compact, ratio, threeDigits } from "./figures.ts";
import { type Circumstances, describe } from "./machine.ts";
import { type CaseResult, type Measured, medianClientUs, medianRate, medianServerUs } from "./measured.ts";
import { median } from "./statistics.ts";

/** The cases that stand in one table: with too many columns nobody reads it. */
const GROUPS: readonly { readonly title: string; has(result: CaseResult): boolean }[] = [
  {
    title: "Calls",
    has: ({ test }) => test.unit === "calls" && test.payloadBytes === undefined,
  },
  { title: "Bytes there and back", has: ({ test }) => test.payloadBytes !== undefined },
  { title: "Streams", has: ({ test }) => test.unit === "items" },
];

type Cell = (measured: Measured, result: CaseResult) => string | undefined;

/** A column for each case, a line for each contender that has something to show. */
function table(title: string, results: readonly CaseResult[], cell: Cell): string[] {
  const names = [...new Set(results.flatMap(({ measured }) => measured.map(({ contender }) => contender)))];
  const lines = names.flatMap((name) => {
    const cells = results.map((result) => {
      const measured = result.measured.find(({ contender }) => contender === name);
      return measured && cell(measured, result);
    });
    if (cells.every((text) => text === undefined)) return [];
    return [`| ${[name, ...cells.map((text) => text ?? "")].join(" | ")} |`];
  });
  if (lines.length === 0) return [];
  const head = [title, ...results.map(({ test }) => test.name)];
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [`| ${head.join(" | ")} |`, `| ${rule.join(" | ")} |`, ...lines, ""];
}

const rateCell: Cell = (measured) => {
  const { ofRaw } = measured;
  const near = ofRaw === undefined ? "" : ` (${ratio(median(ofRaw))})`;
  return `${compact(medianRate(measured))}${near}`;
};

const cpuCell: Cell = (measured) =>
  `${threeDigits(medianClientUs(measured))} + ${threeDigits(medianServerUs(measured))}`;

const bestPeerCell: Cell = ({ ofBestPeer }, { bestPeer }) =>
  ofBestPeer && `${ratio(median(ofBestPeer))} (${bestPeer})`;

const creditCell: Cell = ({ ofRawCredit }) => ofRawCredit && ratio(median(ofRawCredit));

/** Medians as tables, with all that is to be known about how they came about. */
export function markdown(results: readonly CaseResult[], around: Circumstances): string {
  const sections = [
    { text: "Per second, medians; in brackets the ratio to the raw lane, round by round.", cell: rateCell },
    { text: "CPU time of client + server for one of them (µs).", cell: cpuCell },
    { text: "Ratio to the raw lane with a window of 16 items.", cell: creditCell },
    { text: "Ratio to the fastest of the others.", cell: bestPeerCell },
  ];
  const parts = sections.flatMap(({ text, cell }) => {
    const tables = GROUPS.flatMap(({ title, has }) => table(title, results.filter(has), cell));
    return tables.length === 0 ? [] : [text, "", ...tables];
  });
  return [`\`${around.command}\`: ${describe(around)}.`, "", ...parts].join("\n");
}
