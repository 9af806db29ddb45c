import { type ChildProcess, fork } from "node:child_process";

/** A process of ours that does what it is asked, one thing at a time. It ends with this one. */
export class AskedProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  /**
   * @param execArgv flags of Node
   * @param options.maxFiles open at a time, as `ulimit -n` has it (default: as many as this one's)
   */
  constructor(
    program: string,
    args: readonly string[],
    execArgv: readonly string[],
    { maxFiles }: { readonly maxFiles?: number } = {},
  ) {
    const shell = ["-c", `ulimit -n ${maxFiles}; exec "$0" "$@"`, process.execPath];
    this.#child =
      maxFiles === undefined
        ? fork(program, args, { execArgv: [...execArgv] })
        : fork(program, args, { execPath: "/bin/sh", execArgv: [...shell, ...execArgv] });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error what the process failed by, or that it has ended */
  ask<T>(request: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#child.off("message", onAnswer).off("exit", onExit);
        act();
      };
      const onAnswer = (answer: Answer<T>) =>
        settle(() => ("value" in answer ? resolve(answer.value) : reject(new Error(answer.error))));
      const onExit = () => settle(() => reject(new Error("the process has ended")));
      this.#child.on("message", onAnswer).on("exit", onExit);
      this.#child.send(request as object);
    });
  }

  // Killed: ten thousand connections are closed fastest by the kernel.
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}

type Answer<T> = { readonly value: T } | { readonly error: string };

/** The other side: answers the parent's requests, for as long as it lives. */
export function answerParent<R>(answer: (request: R) => Promise<unknown>): void {
  process.once("disconnect", () => process.exit(1));
  process.on("message", (request: R) => {
    answer(request).then(
      // `undefined` would not be sent.
      (value) => process.send?.({ value: value ?? null }),
      (error) => process.send?.({ error: error instanceof Error ? String(error.stack) : String(error) }),
    );
  });
}
