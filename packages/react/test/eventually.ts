/** A limit for what hangs (ms). */
const LIMIT_MS = 10_000;

/** Resolves when it is so. @throws Error if it does not come to that */
export async function eventually(what: string | (() => string), isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`never: ${typeof what === "string" ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
