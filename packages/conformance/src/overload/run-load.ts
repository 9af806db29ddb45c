import { AskedProcess } from "../../../bench/src/asked-process.ts";
import type { ClientRequest, Offered } from "./client-process.ts";
import { Level } from "./level.ts";
import type { ServerRequest, ServerUsage } from "./server-process.ts";
import type { Load } from "./work.ts";

/** Of the capacity, in the order in which a round goes through them. */
const FACTORS = [1, 4, 0.5, 2];
const CLIENTS = 2;

export interface Programs {
  readonly server: string;
  readonly client: string;
}

export interface Timing {
  readonly rounds: number;
  /** Of each level in each round (ms). */
  readonly levelMs: number;
}

export interface LoadResult {
  readonly capacityPerSecond: number;
  /** By their factors. */
  readonly levels: readonly Level[];
  /** RSS of the server when its capacity had been measured (bytes). */
  readonly startRssBytes: number;
  readonly drain: DrainResult;
}

/** A drain at four times the capacity. */
export interface DrainResult {
  readonly tookMs: number;
  readonly level: Level;
}

/** A server and clients in processes of their own, over loopback TCP. */
class Stage implements AsyncDisposable {
  readonly #server: AskedProcess;
  readonly #clients: readonly AskedProcess[];

  constructor(programs: Programs) {
    this.#server = new AskedProcess(programs.server, [], []);
    this.#clients = Array.from({ length: CLIENTS }, () => new AskedProcess(programs.client, [], []));
  }

  server<T>(request: ServerRequest): Promise<T> {
    return this.#server.ask<T>(request);
  }

  clients<T>(request: ClientRequest): Promise<T[]> {
    return Promise.all(this.#clients.map((client) => client.ask<T>(request)));
  }

  async open({ connections, server, client: limits }: Load): Promise<void> {
    const address = await this.server<string>({ kind: "serve", limits: server });
    await this.clients({ kind: "open", address, connections: connections / CLIENTS, limits });
  }

  async capacity({ work, lanes }: Load, durationMs: number): Promise<number> {
    const perSecond = await this.clients<number>({ kind: "saturate", work, lanes, durationMs });
    return perSecond.reduce((a, b) => a + b, 0);
  }

  async offer(level: Level, { work }: Load, perSecond: number, durationMs: number): Promise<void> {
    await this.server({ kind: "usage" });
    const share = perSecond / CLIENTS;
    const clients = await this.clients<Offered>({ kind: "offer", work, perSecond: share, durationMs });
    level.add(durationMs, clients, await this.server<ServerUsage>({ kind: "usage" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server, ...this.#clients].map((process) => process[Symbol.asyncDispose]()));
  }
}

/** Measures the capacity, then offers more and less than that in turns; drains at last. */
export async function runLoad(load: Load, programs: Programs, timing: Timing): Promise<LoadResult> {
  const { rounds, levelMs } = timing;
  await using stage = new Stage(programs);
  await stage.open(load);
  await stage.capacity(load, levelMs);
  const capacityPerSecond = await stage.capacity(load, levelMs);
  const { peakRssBytes: startRssBytes } = await stage.server<ServerUsage>({ kind: "usage" });
  const levels = FACTORS.map((factor) => new Level(factor));
  for (let round = 0; round < rounds; round++) {
    for (const level of levels) await stage.offer(level, load, level.factor * capacityPerSecond, levelMs);
  }
  const drain = await drainUnderLoad(stage, load, capacityPerSecond, levelMs);
  return { capacityPerSecond, levels: levels.sort((a, b) => a.factor - b.factor), startRssBytes, drain };
}

async function drainUnderLoad(
  stage: Stage,
  load: Load,
  capacityPerSecond: number,
  levelMs: number,
): Promise<DrainResult> {
  const level = new Level(4);
  const share = (4 * capacityPerSecond) / CLIENTS;
  const { work } = load;
  await stage.server({ kind: "usage" });
  const offering = stage.clients<Offered>({ kind: "offer", work, perSecond: share, durationMs: levelMs });
  await new Promise((resolve) => setTimeout(resolve, levelMs / 2));
  const tookMs = await stage.server<number>({ kind: "drain" });
  const usage = await stage.server<ServerUsage>({ kind: "usage" });
  level.add(levelMs, await offering, usage);
  return { tookMs, level };
}
