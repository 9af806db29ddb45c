import { closeSync, openSync, writeSync } from "node:fs";
import { UsageFailure } from "../failure.ts";
import type { CaptureHeader, CaptureLine } from "./capture-format.ts";

/** Lines are written together, at the end of the turn or when there are so many (characters). */
const MOST_WAITING = 64 * 1024;

/**
 * A capture being written. Writing is synchronous: nothing piles up while the disk is slow, and
 * whatever ends the process, the file has whole lines but for the last at most.
 */
export class CaptureFile {
  readonly #descriptor: number;
  #waiting: string[] = [];
  #length = 0;
  #timer: NodeJS.Immediate | undefined;
  #onError: (error: Error) => void;
  #hasFailed = false;
  /** Written, waiting lines included. */
  bytes = 0;

  /**
   * @param onError the disk is full, or the like: nothing more is written
   * @throws UsageFailure if the file exists, unless it may be overwritten
   */
  constructor(path: string, options: { readonly mayOverwrite: boolean; onError(error: Error): void }) {
    this.#onError = options.onError;
    try {
      // Payloads are nobody else's business.
      this.#descriptor = openSync(path, options.mayOverwrite ? "w" : "wx", 0o600);
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      throw new UsageFailure(`${path} exists`, "name another file, or overwrite it with --force");
    }
  }

  write(line: CaptureHeader | CaptureLine): void {
    if (this.#hasFailed) return;
    const text = `${JSON.stringify(line)}\n`;
    this.#waiting.push(text);
    this.#length += text.length;
    // JSON of ours is nearly all ASCII; for a progress line that is near enough.
    this.bytes += text.length;
    if (this.#length >= MOST_WAITING) this.flush();
    else this.#timer ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.#timer !== undefined) clearImmediate(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0 || this.#hasFailed) return;
    const bytes = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#length = 0;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    } catch (error) {
      this.#hasFailed = true;
      this.#onError(error as Error);
    }
  }

  close(): void {
    this.flush();
    closeSync(this.#descriptor);
  }
}
