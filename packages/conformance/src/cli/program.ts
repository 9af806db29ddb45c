import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { within } from "../interop/case.ts";
import { Difference } from "../vectors/tally.ts";

export const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));
/** The command as it is installed: what was compiled. */
export const ROAM = `${REPOSITORY}packages/cli/bin/roam.js`;
/** Longest time for one command (ms); a busy machine starts Node slowly. */
export const COMMAND_LIMIT_MS = 15_000;

export interface Outcome {
  /** Exit status, or the signal that ended it. */
  readonly exit: number | string;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  /** All of standard input; "open" leaves it open and silent. */
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

const alive = new Set<ChildProcess>();

/** Ends whatever still runs. */
export function killCommands(): void {
  for (const child of alive) child.kill("SIGKILL");
  alive.clear();
}

/** Neither the terminal of who runs the checks nor their wishes count. */
export function plainEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, NODE_OPTIONS: _options, NODE_ENV: _node, ...env } = process.env;
  return { ...env, ...more };
}

/** A `roam` with pipes around it. */
export class Piped {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | string>;
  out = "";
  err = "";
  #onText: () => void = () => {};

  constructor(command: string, args: readonly string[], { stdin, env, cwd = REPOSITORY }: RunOptions = {}) {
    const child = spawn(command, args, { cwd, env: plainEnv(env), stdio: "pipe" });
    this.#child = child;
    alive.add(child);
    child.stdin.on("error", () => {});
    if (stdin !== "open") child.stdin.end(stdin ?? "");
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
      this.#onText();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
      this.#onText();
    });
    this.#closed = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => {
        alive.delete(child);
        resolve(code ?? signal ?? "?");
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async done(): Promise<Outcome> {
    const exit = await within("the command's end", this.#closed, COMMAND_LIMIT_MS);
    return { exit, out: this.out, err: this.err };
  }

  /** Waits until something was written. @returns what matched */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    const look = () => pattern.exec(this.out) ?? pattern.exec(this.err);
    const found = new Promise<RegExpExecArray>((resolve) => {
      this.#onText = () => {
        const match = look();
        if (match !== null) resolve(match);
      };
      this.#onText();
    });
    const ended = this.#closed.then((exit): never => {
      throw new Difference(`it ended with ${exit} before ${pattern} was seen: ${this.out}${this.err}`);
    });
    return within(`${pattern}`, Promise.race([found, ended]), COMMAND_LIMIT_MS);
  }
}

export function start(args: readonly string[], options: RunOptions = {}): Piped {
  return new Piped(process.execPath, [ROAM, ...args], options);
}

export function roam(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start(args, options).done();
}

/** @throws Difference with all that the command said */
export function expectOutcome(
  got: Outcome,
  wanted: Partial<Record<"exit" | "out" | "err", number | string | RegExp>>,
): void {
  for (const key of ["exit", "out", "err"] as const) {
    const want = wanted[key];
    if (want === undefined) continue;
    const isRight = want instanceof RegExp ? want.test(String(got[key])) : got[key] === want;
    if (!isRight) {
      throw new Difference(
        `expected ${key} ${want instanceof RegExp ? want : JSON.stringify(want)}, got ${JSON.stringify(got)}`,
      );
    }
  }
}
