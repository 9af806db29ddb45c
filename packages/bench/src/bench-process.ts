import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { CommonRequest, Reply } from "./requests.ts";

/** Time for an answer, beyond what the work takes (ms). */
const ANSWER_MS = 60_000;
/** Time for a process to end by itself (ms). */
const END_MS = 2000;

/** How the processes of a run are started. */
export interface ChildSetting {
  /** All threads of both sides on core 0. */
  readonly isPinned: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** A process of a pair, which answers requests one at a time. It ends with this process, in any case. */
export class BenchProcess<R extends { readonly kind: string }> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;

  /** @param file a bundle that answers requests */
  constructor(file: string, contender: string, { isPinned, env }: ChildSetting) {
    const node = { execPath: process.execPath, execArgv: [] };
    // `taskset` becomes the process that it starts, so the child and its channel are the same.
    const pinned = { execPath: "taskset", execArgv: ["--cpu-list", "0", process.execPath] };
    this.#name = `${contender}: ${file.replace(/^.*\//, "")}`;
    this.#child = fork(file, [contender], { ...(isPinned ? pinned : node), env: { ...process.env, ...env } });
  }

  /**
   * @param workMs how long the work takes
   * @throws Error if the process fails, ends, or takes much longer
   */
  async ask(request: R | CommonRequest, workMs = 0): Promise<unknown> {
    const child = this.#child;
    const asked = `${this.#name}: ${JSON.stringify(request)}`;
    if (child.exitCode !== null) throw new Error(`${asked}: ended before`);
    const reply = await new Promise<Reply>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit).off("error", onExit);
        act();
      };
      const onMessage = (message: unknown) => settle(() => resolve(message as Reply));
      const onExit = (cause: unknown) => settle(() => reject(new Error(`${asked}: ended (${cause})`)));
      const onTimeout = () => settle(() => reject(new Error(`${asked}: no answer`)));
      const timer = setTimeout(onTimeout, workMs + ANSWER_MS);
      child.on("message", onMessage).on("exit", onExit).on("error", onExit);
      child.send(request, (error) => error !== null && onExit(error));
    });
    if ("error" in reply) throw new Error(`${asked}: ${reply.error}`);
    return reply.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
    if (child.connected) child.disconnect();
    await ended;
    clearTimeout(timer);
  }
}
