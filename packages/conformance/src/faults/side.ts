import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { AskedProcess } from "../../../bench/src/asked-process.ts";
import { eventually } from "../hostile/raw-peer.ts";
import { within } from "../interop/case.ts";
import { Difference } from "../vectors/tally.ts";
import type {
  ConnectSetting,
  Outcome,
  Served,
  ServeSetting,
  SideReport,
  SideRequest,
  SideStatus,
} from "./side-process.ts";
import type { Came } from "./works-server.ts";

/** Longest wait for an answer of a process (ms): a limit for what hangs, not a measure. */
const ANSWER_MS = 15_000;

/** What a process had before something happened to its counterpart. */
interface Before {
  readonly descriptors: readonly string[];
  readonly status: SideStatus;
}

/** A server's or a client's process, as the one who does things to it has it. */
export class Side implements AsyncDisposable {
  readonly name: string;
  readonly #process: AskedProcess;
  before: Before | undefined;
  isAlive = true;

  /** @param options.maxFiles open at a time (default: as many as this process's) */
  constructor(program: string, name: string, options: { readonly maxFiles?: number } = {}) {
    this.name = name;
    this.#process = new AskedProcess(program, [], ["--expose-gc"], options);
  }

  /** @returns the address @throws Difference if it cannot be had */
  async serve(url: string, setting: ServeSetting = {}): Promise<string> {
    const { error, address } = await this.tryServe(url, setting);
    if (error !== undefined) throw new Difference(`${this.name} cannot serve: ${error.text}`);
    return address;
  }

  tryServe(url: string, setting: ServeSetting = {}): Promise<Served> {
    return this.#ask({ kind: "serve", url, setting });
  }

  connect(address: string, number: number, setting: ConnectSetting): Promise<Outcome> {
    return this.#ask({ kind: "connect", address, number, setting });
  }

  visit(address: string, setting: ConnectSetting = {}): Promise<Outcome> {
    return this.#ask({ kind: "visit", address, setting });
  }

  work(seed: number): Promise<void> {
    return this.#ask({ kind: "work", seed });
  }

  finish(): Promise<void> {
    return this.#ask({ kind: "finish" });
  }

  report(): Promise<SideReport> {
    return this.#ask({ kind: "report" });
  }

  came(number: number): Promise<Readonly<Record<string, Came>>> {
    return this.#ask({ kind: "came", number });
  }

  status(): Promise<SideStatus> {
    return this.#ask({ kind: "status" });
  }

  /** For what is asked of one process only here and there. */
  tell<T = void>(request: SideRequest): Promise<T> {
    return this.#ask(request);
  }

  /** `kill -9`; resolves when its files are closed, and another can serve where it did. */
  async kill(): Promise<void> {
    this.isAlive = false;
    await this.#process[Symbol.asyncDispose]();
  }

  /** SIGSTOP; resolves when it has stopped. */
  async stop(): Promise<void> {
    process.kill(this.#process.pid, "SIGSTOP");
    await eventually("a stopped process", () => this.#state === "T");
  }

  /** SIGCONT. */
  continue(): void {
    process.kill(this.#process.pid, "SIGCONT");
  }

  /** One letter of the kernel's: T has been stopped. */
  get #state(): string {
    const text = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2)[0] ?? "";
  }

  /** Open files, by what they are. */
  get descriptors(): readonly string[] {
    const directory = `/proc/${this.#process.pid}/fd`;
    return readdirSync(directory).flatMap((name) => {
      try {
        return [readlinkSync(`${directory}/${name}`)];
      } catch {
        // Closed in between.
        return [];
      }
    });
  }

  /** From now on, what it takes is to be what it takes now, when all is over. */
  async remember(): Promise<void> {
    this.before = { status: await this.status(), descriptors: this.descriptors };
  }

  #ask<T>(request: SideRequest): Promise<T> {
    return within(`${this.name}, ${request.kind}`, this.#process.ask<T>(request), ANSWER_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
