import type { FuzzFinding, FuzzRecord } from "./campaign.ts";
import type { FileCoverage } from "./counters.ts";
import type { CrewResult } from "./crew.ts";
import type { TargetName } from "./targets.ts";
import type { WorkerReport } from "./worker-thread.ts";

/** What all threads did with one target. */
export interface TargetResult {
  readonly name: TargetName;
  readonly executions: number;
  /** Time of all threads together. */
  readonly seconds: number;
  readonly coverage: readonly FileCoverage[];
  readonly findings: readonly FuzzFinding[];
  readonly slowest: FuzzRecord;
  readonly largest: FuzzRecord;
  readonly largestPerByte: FuzzRecord;
}

/** Joins what the threads report of one target. */
export function resultOf(name: TargetName, { reports, findings }: CrewResult): TargetResult {
  const own = reports.filter((report) => report.name === name);
  const most = (of: (report: WorkerReport) => FuzzRecord): FuzzRecord =>
    own.map(of).reduce((a, b) => (b.amount > a.amount ? b : a), { amount: 0, input: new Uint8Array() });
  return {
    name,
    executions: own.reduce((sum, { executions }) => sum + executions, 0),
    seconds: own.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000,
    coverage: joined(own),
    findings: [...own.flatMap((report) => report.findings), ...findings.filter((one) => one.name === name)],
    slowest: most((report) => report.slowest),
    largest: most((report) => report.largest),
    largestPerByte: most((report) => report.largestPerByte),
  };
}

/** Of each file what the better thread covered: both begin with the same corpus and learn much the same. */
function joined(reports: readonly WorkerReport[]): FileCoverage[] {
  const files = new Map<string, FileCoverage>();
  for (const one of reports.flatMap(({ coverage }) => coverage)) {
    const other = files.get(one.file);
    if (other === undefined || one.covered > other.covered) files.set(one.file, one);
  }
  // Of files that are only loaded nothing is expected.
  return [...files.values()].filter(({ covered }) => covered > 0);
}

const HEAD = [
  "target",
  "executions",
  "per second",
  "branches",
  "crashes",
  "hangs",
  "slowest ms",
  "bytes per input byte",
  "most bytes",
];

/** A table in Markdown. */
export function tableOf(results: readonly TargetResult[]): string {
  const rows = results.map((result) => {
    const { name, executions, seconds, coverage, findings, slowest, largest, largestPerByte } = result;
    const covered = coverage.reduce((sum, file) => sum + file.covered, 0);
    const branches = coverage.reduce((sum, file) => sum + file.branches, 0);
    const found = (kind: FuzzFinding["kind"]) => String(findings.filter((one) => one.kind === kind).length);
    return [
      name,
      String(executions),
      seconds === 0 ? "-" : (executions / seconds).toFixed(0),
      `${covered} of ${branches}`,
      found("crash"),
      found("hang"),
      `${slowest.amount.toFixed(2)} (${slowest.input.length} bytes)`,
      `${largestPerByte.amount.toFixed(0)} (${largestPerByte.input.length} bytes)`,
      `${largest.amount} (${largest.input.length} bytes)`,
    ];
  });
  return [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
