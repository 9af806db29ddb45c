import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname, extname, resolve } from "node:path";

/** Editors write a file in several steps; changes within this time are one (ms). */
const SETTLE_MS = 50;

/**
 * Waits until a source changes, comes or goes in the directories of the files.
 *
 * @param sinceMs when they were last read: what changed meanwhile counts, too
 * @returns false if the signal aborted instead
 */
export function changed(files: readonly string[], sinceMs: number, signal: AbortSignal): Promise<boolean> {
  const extensions = new Set([...files.map((file) => extname(file)), ".toml"]);
  const directories = new Set(files.map((file) => dirname(resolve(file))));
  return new Promise((done) => {
    const watchers: FSWatcher[] = [];
    let timer: NodeJS.Timeout | undefined;
    const end = (isChanged: boolean) => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      signal.removeEventListener("abort", onAbort);
      done(isChanged);
    };
    const onAbort = () => end(false);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    for (const directory of directories) {
      const watcher = watch(directory, (_event, name) => {
        if (name !== null && !extensions.has(extname(name))) return;
        clearTimeout(timer);
        timer = setTimeout(() => end(true), SETTLE_MS);
      });
      // The directory went away: whatever comes of that is found out by reading again.
      watcher.on("error", () => end(true));
      watchers.push(watcher);
    }
    // Before there were watchers.
    if (files.some((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > sinceMs)) end(true);
  });
}
