import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Addresses, ServerRequest } from "./server.ts";

/** The serving process. It ends with this one, in any case. */
export class ServerProcess implements AsyncDisposable {
  readonly addresses: Addresses;
  /** Receivers grant credit ahead of their consumers. */
  readonly isAdaptive: boolean;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, addresses: Addresses, isAdaptive: boolean) {
    this.isAdaptive = isAdaptive;
    this.#child = child;
    this.addresses = addresses;
  }

  static async start(isAdaptive: boolean): Promise<ServerProcess> {
    const directory = mkdtempSync(join(tmpdir(), "roam-bench-"));
    const child = fork(new URL("./server.mjs", import.meta.url), [
      directory,
      isAdaptive ? "adaptive" : "fixed",
    ]);
    const [addresses] = (await once(child, "message")) as [Addresses];
    return new ServerProcess(child, addresses, isAdaptive);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(request: ServerRequest): Promise<void> {
    const done = once(this.#child, "message");
    this.#child.send(request);
    await done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

/** Keeps a process, with all its threads, on core 0. */
export function pin(pid: number): void {
  execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", "0", String(pid)], { stdio: "ignore" });
}
