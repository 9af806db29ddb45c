import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
    replaceFile(path, text);
    return { path, status: "written" };
  });
}

/** All of it or nothing: on a full disk there must not be half a module where a whole one was. */
function replaceFile(path: string, text: string): void {
  // Where a symbolic link leads to: a rename would replace the link.
  const target = existsSync(path) ? realpathSync(path) : path;
  const part = `${target}.${process.pid}.part`;
  try {
    writeFileSync(part, text);
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
