import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { documentOf, type Service } from "roam/schema";
import { Stop } from "../../src/io.ts";
import { runProgram } from "../../src/program.ts";

/** One run of the command in this process. */
export interface Run {
  readonly done: Promise<Outcome>;
  readonly stdin: PassThrough;
  /** What was written so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves once standard output, or standard error, contains the text; rejects after five seconds. */
  seen(text: string): Promise<void>;
  /** As Ctrl-C does. */
  interrupt(): void;
}

export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** Whole standard input; without it standard input is empty, with `null` it stays open. */
  readonly stdin?: string | null;
  readonly env?: NodeJS.ProcessEnv;
  readonly isTerminal?: boolean;
  /** Fails with EPIPE after so many characters, as a pipe nobody reads. */
  readonly outEndsAfter?: number;
}

class Kept extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;
  readonly #most: number;
  readonly #onText: () => void;

  constructor(onText: () => void, { isTerminal = false, most = Number.POSITIVE_INFINITY } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTerminal;
    this.#most = most;
    this.#onText = onText;
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error) => void): void {
    if (this.text.length + chunk.length > this.#most)
      return done(Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    this.text += chunk;
    this.#onText();
    done();
  }
}

export function start(argv: readonly string[], options: RunOptions = {}): Run {
  const watching = new Set<() => void>();
  const look = () => {
    for (const one of watching) one();
  };
  const isTerminal = options.isTerminal ?? false;
  const most = options.outEndsAfter;
  const stdout = new Kept(look, { isTerminal, ...(most !== undefined && { most }) });
  const stderr = new Kept(look, { isTerminal });
  const stdin = new PassThrough();
  if (options.stdin !== null) stdin.end(options.stdin ?? "");
  const stop = new AbortController();
  const streams = { stdin, stdout, stderr, env: options.env ?? {}, signal: stop.signal };
  const done = runProgram(argv, streams).then((exit) => {
    stdin.destroy();
    return { exit, out: stdout.text, err: stderr.text };
  });
  return {
    done,
    stdin,
    out: () => stdout.text,
    err: () => stderr.text,
    seen: (text) =>
      new Promise((resolve, reject) => {
        const has = () => stdout.text.includes(text) || stderr.text.includes(text);
        const timer = setTimeout(() => {
          watching.delete(check);
          reject(new Error(`${JSON.stringify(text)} was not seen in ${stdout.text} ${stderr.text}`));
        }, 5_000);
        const check = () => {
          if (!has()) return;
          clearTimeout(timer);
          watching.delete(check);
          resolve();
        };
        watching.add(check);
        check();
      }),
    interrupt: () => stop.abort(new Stop("SIGINT", 130)),
  };
}

export function roam(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start(argv, options).done;
}

/** A directory for a test's files, gone after it. */
export class Files implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "roam-cli-test-"));

  write(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  schema(name: string, ...services: Service[]): string {
    return this.write(name, JSON.stringify(documentOf(services)));
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
