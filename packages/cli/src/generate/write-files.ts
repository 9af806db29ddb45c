import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface WrittenFile {
  readonly path: string;
  readonly status: "written" | "unchanged" | "stale";
}

/**
 * Writes files whose text is not theirs already.
 *
 * @param isCheck only looks: what would be written is `stale`
 */
export function writeFiles(files: ReadonlyMap<string, string>, isCheck: boolean): WrittenFile[] {
  return [...files].map(([path, text]): WrittenFile => {
    if (textOf(path) === text) return { path, status: "unchanged" };
    if (isCheck) return { path, status: "stale" };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return { path, status: "written" };
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
