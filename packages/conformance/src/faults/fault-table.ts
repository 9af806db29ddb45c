import type { Fault } from "./fault.ts";
import type { PlayedFault } from "./play-fault.ts";

export function headOf(): string {
  return [
    "outcome; fault | where | expected",
    "       seen | time to the error | open files of who goes on, before -> after | the row took",
  ].join("\n");
}

/** A row, for a person to read. */
export function lineOf({ name, where, expected }: Fault, played: PlayedFault): string {
  const { seen, failures, descriptors, tookMs } = played;
  const outcome = failures.length === 0 ? "ok    " : "FAILED";
  const after = seen?.errorAfterMs === undefined ? "no error" : `${seen.errorAfterMs.toFixed(0)} ms`;
  const files = descriptors.map(({ name, before, after }) => `${name} ${before} -> ${after}`);
  return [
    `${outcome} ${name} | ${where} | ${expected}`,
    `       ${seen?.outcome ?? "-"} | ${after} | ${files.join(", ") || "-"} | ${(tookMs / 1000).toFixed(1)} s`,
    ...failures.map((failure) => `       FAILED ${failure}`),
  ].join("\n");
}
