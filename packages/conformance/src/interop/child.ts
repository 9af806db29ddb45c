import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { within } from "./case.ts";

/** Time for a child to start and say that it listens (ms); a busy machine loads sources slowly. */
const START_LIMIT_MS = 20_000;
const EXIT_LIMIT_MS = 5_000;

const alive = new Set<ChildProcess>();

/** Ends every child that still runs. */
export function killAll(): void {
  for (const child of alive) child.kill("SIGKILL");
  alive.clear();
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly directory?: string;
  /** Standard output belongs to a link; nobody else reads it. */
  readonly isLink?: boolean;
}

/** A program under test: its `listening` line, what it writes to standard error, its exit. */
export class Child {
  readonly #process: ChildProcess;
  readonly #listening: Promise<string>;
  readonly #exited: Promise<number | string>;
  /** Lines of standard error so far. */
  readonly log: string[] = [];

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    const { directory: cwd, env } = options;
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
    this.#process = child;
    alive.add(child);
    child.stdin.on("error", () => {});
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.log.push(line);
      this.onLog(line);
    });
    // "close" and not "exit": then everything that it wrote has been read.
    this.#exited = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => {
        alive.delete(child);
        resolve(code ?? signal ?? "?");
      });
    });
    this.#listening = options.isLink
      ? Promise.reject(new TypeError("its standard output is a link"))
      : firstAddress(child.stdout, this.#exited);
    this.#listening.catch(() => {});
  }

  /** Called with each line of standard error. */
  protected onLog(_line: string): void {}

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  get pipes(): { readonly stdin: Writable; readonly stdout: Readable } {
    const { stdin, stdout } = this.#process;
    if (stdin === null || stdout === null) throw new TypeError("the child has no pipes");
    return { stdin, stdout };
  }

  /** The address of its `listening` line. */
  listening(): Promise<string> {
    return within("the listening line", this.#listening, START_LIMIT_MS);
  }

  /** Its exit status, or the signal that ended it. */
  exited(limitMs = EXIT_LIMIT_MS): Promise<number | string> {
    return within("the child's exit", this.#exited, limitMs);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

function firstAddress(output: Readable, exited: Promise<number | string>): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: output }).once("line", (line) => {
      const address = /^listening (\S+)$/.exec(line)?.[1];
      if (address === undefined) reject(new Error(`expected a listening line, got ${JSON.stringify(line)}`));
      else resolve(address);
    });
    void exited.then((status) => reject(new Error(`it ended with ${status} before it listened`)));
  });
}
