import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = fileURLToPath(new URL("../testbed/main.ts", import.meta.url));

/** Longest wait for a line (ms): on a machine that has much to do, far more than it takes. */
const LINE_TIMEOUT_MS = 30_000;

/** The main job as a person starts it, in a process of its own. */
export class MainJob implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** The exit status; null if a signal ended the process. */
  readonly exit: Promise<number | null>;
  output = "";
  errors = "";

  constructor(args: readonly string[] = []) {
    // The one who starts this may be run by npm, but it is not.
    const { npm_lifecycle_event: _, ...env } = process.env;
    const nodeArgs = ["--conditions=roam-source", "--import", "tsx", MAIN, ...args];
    const child = spawn(process.execPath, nodeArgs, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    // `close` and not `exit`: everything it said has been read by then.
    this.exit = once(child, "close").then(([code]) => code as number | null);
  }

  /**
   * Waits until the output holds a match.
   *
   * @returns its first group
   * @throws Error if the process ends, or says nothing like it in time
   */
  async line(pattern: RegExp): Promise<string> {
    const signal = AbortSignal.timeout(LINE_TIMEOUT_MS);
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match[1] ?? match[0];
      const { stdout } = this.#child;
      if (stdout === null || stdout.readableEnded || signal.aborted) {
        throw new Error(`no line like ${pattern}\n${this.output}${this.errors}`);
      }
      // Woken by the next text or the end; what is there is looked at again.
      await new Promise<void>((resolve) => {
        const wake = () => {
          stdout.off("data", wake).off("end", wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        stdout.on("data", wake).on("end", wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exit;
  }
}
