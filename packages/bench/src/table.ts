import { ratio, threeDigits, whole } from "./figures.ts";
import { type CaseResult, type Measured, medianClientUs, medianRate, medianServerUs } from "./measured.ts";
import { median } from "./statistics.ts";

const NAME_WIDTH = 18;
const COLUMN_GAP = "  ";

function spread(values: readonly number[], format: (value: number) => string): string {
  return `${format(Math.min(...values))}-${format(Math.max(...values))}`;
}

interface Column {
  readonly title: string;
  cell(measured: Measured): string;
}

function ratioColumn(title: string, of: (measured: Measured) => readonly number[] | undefined): Column {
  return {
    title,
    cell(measured) {
      const ratios = of(measured);
      return ratios === undefined ? "" : `${ratio(median(ratios))} (${spread(ratios, ratio)})`;
    },
  };
}

function columnsOf({ test, bestPeer, measured }: CaseResult): Column[] {
  const { payloadBytes } = test;
  const isThere = (of: (one: Measured) => unknown) => measured.some((one) => of(one) !== undefined);
  return [
    { title: `${test.unit}/s`, cell: (one) => whole(medianRate(one)) },
    {
      title: "min-max",
      cell: ({ samples }) =>
        spread(
          samples.map((s) => s.perSecond),
          whole,
        ),
    },
    ...(payloadBytes === undefined
      ? []
      : [{ title: "MiB/s", cell: (one: Measured) => whole((medianRate(one) * payloadBytes) / 2 ** 20) }]),
    { title: "client µs", cell: (one) => threeDigits(medianClientUs(one)) },
    { title: "server µs", cell: (one) => threeDigits(medianServerUs(one)) },
    ...(isThere((one) => one.ofRaw)
      ? [ratioColumn("of raw", (one) => one.ofRaw), ratioColumn("of raw by CPU", (one) => one.ofRawCpu)]
      : []),
    ...(isThere((one) => one.ofRawCredit)
      ? [ratioColumn("of raw with window 16", (one) => one.ofRawCredit)]
      : []),
    ...(bestPeer === undefined ? [] : [ratioColumn(`of ${bestPeer}`, (one) => one.ofBestPeer)]),
  ];
}

/** One case: a line for each contender, medians with the smallest and largest round. */
export function caseTable(result: CaseResult): string {
  const columns = columnsOf(result).map(({ title, cell }) => [title, ...result.measured.map(cell)]);
  const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
  const line = (name: string, index: number) => {
    const cells = columns.map((column, at) => (column[index] ?? "").padStart(widths[at] ?? 0));
    return [name.padEnd(NAME_WIDTH), ...cells].join(COLUMN_GAP).trimEnd();
  };
  const names = ["", ...result.measured.map(({ contender }) => contender)];
  return [`${result.test.title} [${result.test.name}]`, ...names.map(line), ""].join("\n");
}

/** Everything in one line: what TCP does, and how near it comes to the bare socket. */
export function summary(results: readonly CaseResult[]): string {
  const figures = results.flatMap(({ test, measured }) => {
    const tcp = measured.find(({ contender }) => contender === "tcp");
    if (tcp === undefined) return [];
    const near = tcp.ofRaw === undefined ? "" : ` (${ratio(median(tcp.ofRaw))} of raw)`;
    return [`${test.name} ${whole(medianRate(tcp))}/s${near}`];
  });
  return figures.length === 0 ? `${results.length} cases measured` : `tcp: ${figures.join(", ")}`;
}
