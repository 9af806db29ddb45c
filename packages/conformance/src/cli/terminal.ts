import { type IPty, spawn } from "@lydell/node-pty";
import { within } from "../interop/case.ts";
import { Difference } from "../vectors/tally.ts";
import { COMMAND_LIMIT_MS, plainEnv, REPOSITORY, ROAM } from "./program.ts";

const alive = new Set<Terminal>();

export function closeTerminals(): void {
  for (const terminal of alive) terminal.kill();
}

/** A program in a terminal of its own, and somebody who types and reads. */
export class Terminal {
  readonly #pty: IPty;
  readonly #exited: Promise<number>;
  /** Everything that was written to it, escape sequences included. */
  text = "";
  #onText: () => void = () => {};

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#pty = spawn(command, [...args], {
      name: "xterm-256color",
      // Wide enough that no line of the checks is wrapped.
      cols: 250,
      rows: 30,
      cwd: REPOSITORY,
      env: plainEnv(env),
    });
    alive.add(this);
    this.#pty.onData((text) => {
      this.text += text;
      this.#onText();
    });
    this.#exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        alive.delete(this);
        resolve(exitCode);
      });
    });
  }

  static roam(args: readonly string[], env?: NodeJS.ProcessEnv): Terminal {
    return new Terminal(process.execPath, [ROAM, ...args], env);
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** The key: the terminal makes a signal of it. */
  ctrlC(): void {
    this.type("\u0003");
  }

  kill(): void {
    alive.delete(this);
    this.#pty.kill("SIGKILL");
  }

  /** Waits until something is on the screen that was not before the call to `from`. */
  async seen(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      this.#onText = () => {
        const match = pattern.exec(this.text.slice(from));
        if (match !== null) resolve(match);
      };
      this.#onText();
    });
    const ended = this.#exited.then((exit): never => {
      throw new Difference(`it ended with ${exit} before ${pattern} was seen: ${JSON.stringify(this.text)}`);
    });
    return within(
      `${pattern} in ${JSON.stringify(this.text)}`,
      Promise.race([found, ended]),
      COMMAND_LIMIT_MS,
    );
  }

  exited(): Promise<number> {
    return within("the program's end", this.#exited, COMMAND_LIMIT_MS);
  }
}
