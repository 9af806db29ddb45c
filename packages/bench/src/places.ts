import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const maps = new Map<string, SourceMap | undefined>();

function mapOf(url: string): SourceMap | undefined {
  if (!url.startsWith("file:")) return undefined;
  if (!maps.has(url)) {
    let map: SourceMap | undefined;
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, "utf8")));
    } catch {
      map = undefined; // not a bundle of ours
    }
    maps.set(url, map);
  }
  return maps.get(url);
}

/** `packages/…/file.ts:line` of a place in a bundle (zero-based); Node's own files as they are. */
export function placeOf(url: string, line: number, column: number): string {
  const entry = mapOf(url)?.findEntry(line, column);
  if (entry === undefined || !("originalSource" in entry)) return url === "" ? "" : `${url}:${line + 1}`;
  const file = resolve(dirname(fileURLToPath(url)), entry.originalSource);
  return `${relative(process.cwd(), file)}:${entry.originalLine + 1}`;
}

/** The place of a whole line: that of its last statement. */
export function lineOf(url: string, line: number): string {
  return placeOf(url, line, Number.MAX_SAFE_INTEGER).replace(/^.*\//, "");
}
