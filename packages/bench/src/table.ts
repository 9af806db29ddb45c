import type { Case } from "./cases.ts";
import { type Measured, median } from "./rounds.ts";

const COLUMNS = [10, 12, 10, 10, 25, 18];

function row(...cells: string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(COLUMNS[0] ?? 0) : cell.padStart(COLUMNS[index] ?? 0)))
    .join(" ")
    .trimEnd();
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function spread(values: readonly number[], format: (value: number) => string): string {
  return `${format(Math.min(...values))}-${format(Math.max(...values))}`;
}

const ratio = (value: number) => value.toFixed(2);

/** One case: a line per lane, medians with the smallest and largest round. */
export function caseTable(test: Case, measured: readonly Measured[]): string {
  const lines = measured.map(({ lane, perSecond, ofRaw }) => {
    const rate = median(perSecond);
    const bytes = test.payloadBytes === undefined ? "" : whole((rate * test.payloadBytes) / 2 ** 20);
    return row(
      lane,
      whole(rate),
      (1e6 / rate).toFixed(rate > 1e5 ? 2 : 1),
      bytes,
      spread(perSecond, whole),
      ofRaw === undefined ? "" : `${ratio(median(ofRaw))} (${spread(ofRaw, ratio)})`,
    );
  });
  const bytesTitle = test.payloadBytes === undefined ? "" : "MiB/s each";
  const head = row("", `${test.unit}/s`, "µs each", bytesTitle, "min-max", "of raw (min-max)");
  return [`${test.title} [${test.name}]`, head, ...lines, ""].join("\n");
}

/** Everything in one line: what TCP does, and how near it comes to the bare socket. */
export function summary(measured: readonly Measured[]): string {
  const figures = measured
    .filter(({ lane }) => lane === "tcp")
    .map(({ case: name, perSecond, ofRaw }) => {
      const near = ofRaw === undefined ? "" : ` (${ratio(median(ofRaw))} of raw)`;
      return `${name} ${whole(median(perSecond))}/s${near}`;
    });
  return figures.length === 0 ? `${measured.length} lines measured` : `tcp: ${figures.join(", ")}`;
}
