import { relative } from "node:path";
import type { Io } from "./io.ts";
import type { Finding } from "./parts.ts";
import { printable } from "./printable.ts";

/** Tells what could not be known, one finding as compilers do. @returns how many are errors */
export function tellFindings(findings: readonly Finding[], io: Io): number {
  const { notePaint: paint } = io;
  if (!io.isJson) {
    for (const { file, line, column, severity, message, hint } of findings) {
      const word = severity === "error" ? paint.red("error:") : paint.yellow("warning:");
      io.note(`${paint.bold(`${near(file)}:${line}:${column}:`)} ${word} ${printable(message)}`);
      if (hint !== undefined) io.note(`  ${paint.cyan("try:")} ${printable(hint)}`);
    }
  }
  return findings.filter(({ severity }) => severity === "error").length;
}

/** A path as short as it can be said from here. */
export function near(file: string): string {
  const path = relative(process.cwd(), file);
  return path === "" || path.startsWith("..") ? file : path;
}
