import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { BenchProcess, type ChildSetting } from "./bench-process.ts";
import type { Contender } from "./contender.ts";
import type { ClientRequest, CommonRequest, Run, ServeRequest } from "./requests.ts";

/** One measurement. */
export interface Sample {
  readonly perSecond: number;
  /** CPU time of each process for one operation, all threads (µs). */
  readonly clientUs: number;
  readonly serverUs: number;
}

export interface PairSetting extends ChildSetting {
  /** Where the programs of `server.ts` and `client.ts` are. */
  readonly program: (name: string) => string;
  /** For sockets and the like. */
  readonly directory: string;
}

/** The two fresh processes of a contender, connected. */
export class Pair implements AsyncDisposable {
  readonly #server: BenchProcess<ServeRequest>;
  readonly #client: BenchProcess<ClientRequest>;

  private constructor(contender: Contender, setting: PairSetting) {
    this.#server = new BenchProcess(setting.program("server.ts"), contender.name, setting);
    this.#client = new BenchProcess(setting.program("client.ts"), contender.name, setting);
  }

  static async start(contender: Contender, setting: PairSetting): Promise<Pair> {
    mkdirSync(setting.directory, { recursive: true });
    const directory = mkdtempSync(join(setting.directory, "pair-"));
    const pair = new Pair(contender, setting);
    try {
      const address = await pair.#server.ask({ kind: "serve", directory });
      await pair.#client.ask({ kind: "open", address: address as string });
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
    return pair;
  }

  async warmUp(durationMs: number): Promise<void> {
    await this.#client.ask({ kind: "warm-up", durationMs }, durationMs);
  }

  /** @returns whether the contender can do this case */
  async prepare(test: string, durationMs: number): Promise<boolean> {
    return (await this.#client.ask({ kind: "prepare", case: test, durationMs }, durationMs)) as boolean;
  }

  run(test: string, durationMs: number): Promise<Run> {
    return this.#client.ask({ kind: "run", case: test, durationMs }, durationMs) as Promise<Run>;
  }

  /** @returns undefined if the contender cannot do this case */
  async measure(test: string, durationMs: { warmUp: number; round: number }): Promise<Sample | undefined> {
    if (!(await this.prepare(test, durationMs.warmUp))) return undefined;
    const before = await this.askBoth({ kind: "cpu" });
    const { operations, elapsedMs } = await this.run(test, durationMs.round);
    const after = await this.askBoth({ kind: "cpu" });
    const cpuUs = (side: "client" | "server") =>
      ((after[side] as number) - (before[side] as number)) / operations;
    return {
      perSecond: (operations * 1000) / elapsedMs,
      clientUs: cpuUs("client"),
      serverUs: cpuUs("server"),
    };
  }

  async askBoth(
    client: CommonRequest,
    server: CommonRequest = client,
  ): Promise<{ readonly client: unknown; readonly server: unknown }> {
    const answers = await Promise.all([this.#client.ask(client), this.#server.ask(server)]);
    return { client: answers[0], server: answers[1] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client[Symbol.asyncDispose](), this.#server[Symbol.asyncDispose]()]);
  }
}
