import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AskedProcess } from "./asked-process.ts";
import type { MemoryRequest, Usage, UsageNow } from "./memory-child.ts";

export type Side = "server" | "client";
export const SIDES: readonly Side[] = ["server", "client"];
export type BothSides<T> = Readonly<Record<Side, T>>;

const WARM_UP_CALLS = 200_000;
const MEASURED_CALLS = 50_000;
/** Room for all that the measured calls allocate, so that nothing is collected meanwhile (MiB). */
const ROOMY_MIB = 512;

const ROOMY = [`--max-semi-space-size=${ROOMY_MIB}`, `--min-semi-space-size=${ROOMY_MIB}`];

/** A serving and a dialling process, fresh. */
class Pair implements AsyncDisposable {
  readonly #processes: BothSides<AskedProcess>;
  readonly #directory = mkdtempSync(join(tmpdir(), "roam-memory-"));
  #address = "";

  /** @param program the bundle of memory-child.ts */
  constructor(program: string, lane: string, execArgv: readonly string[] = []) {
    const start = () =>
      new AskedProcess(program, [lane], ["--expose-gc", "--no-flush-bytecode", ...execArgv]);
    this.#processes = { server: start(), client: start() };
  }

  async serve(): Promise<void> {
    this.#address = await this.ask<string>("server", { kind: "serve", directory: this.#directory });
  }

  open(count: number): Promise<void> {
    return this.ask("client", { kind: "open", address: this.#address, count });
  }

  ask<T>(side: Side, request: MemoryRequest): Promise<T> {
    return this.#processes[side].ask<T>(request);
  }

  async askBoth<T>(request: MemoryRequest): Promise<BothSides<T>> {
    const server = await this.ask<T>("server", request);
    return { server, client: await this.ask<T>("client", request) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(SIDES.map((side) => this.#processes[side][Symbol.asyncDispose]()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export interface IdlePlan {
  /** Connections that are there before the first look. */
  readonly before: number;
  /** Those that are opened between it and the second, and that the difference is divided by. */
  readonly count: number;
}

/** What one of the idle connections takes on either side (bytes). */
export async function idleUsage(
  program: string,
  lane: string,
  { before, count }: IdlePlan,
): Promise<BothSides<Usage>> {
  await using pair = new Pair(program, lane);
  await pair.serve();
  await pair.open(before);
  const first = await pair.askBoth<Usage>({ kind: "settled-usage" });
  await pair.open(count);
  const second = await pair.askBoth<Usage>({ kind: "settled-usage" });
  const each = (side: Side): Usage => ({
    rss: (second[side].rss - first[side].rss) / count,
    heapUsed: (second[side].heapUsed - first[side].heapUsed) / count,
    external: (second[side].external - first[side].external) / count,
  });
  return { server: each("server"), client: each("client") };
}

/** Writes both heaps as they are with `before` and with `count` more idle connections. */
export async function idleSnapshots(
  program: string,
  lane: string,
  { before, count }: IdlePlan,
  path: (side: Side, when: "before" | "after") => string,
): Promise<void> {
  await using pair = new Pair(program, lane);
  await pair.serve();
  await pair.open(before);
  for (const when of ["before", "after"] as const) {
    if (when === "after") await pair.open(count);
    await pair.askBoth({ kind: "settled-usage" });
    for (const side of SIDES) await pair.ask(side, { kind: "snapshot", path: path(side, when) });
  }
}

/** What is allocated on the heap and outside it (bytes). */
export interface Allocated {
  readonly heap: number;
  readonly external: number;
}

function between(before: UsageNow, after: UsageNow, count: number): Allocated {
  if (after.collections !== before.collections) throw new Error("garbage was collected meanwhile");
  return {
    heap: (after.heapUsed - before.heapUsed) / count,
    external: (after.external - before.external) / count,
  };
}

/** What one call of many in flight allocates on either side (bytes). */
export async function callAllocation(
  program: string,
  lane: string,
  inFlight: number,
): Promise<BothSides<Allocated>> {
  await using pair = new Pair(program, lane, ROOMY);
  await pair.serve();
  await pair.open(1);
  await pair.ask("client", { kind: "call", count: WARM_UP_CALLS, inFlight });
  await pair.askBoth({ kind: "settled-usage" });
  const before = await pair.askBoth<UsageNow>({ kind: "usage" });
  await pair.ask("client", { kind: "call", count: MEASURED_CALLS, inFlight });
  const after = await pair.askBoth<UsageNow>({ kind: "usage" });
  const each = (side: Side) => between(before[side], after[side], MEASURED_CALLS);
  return { server: each("server"), client: each("client") };
}

/**
 * The same method on objects whose size is known.
 *
 * @returns measured bytes by real ones
 */
export async function methodCheck(program: string): Promise<number> {
  const flags = ["--expose-gc", ...ROOMY];
  await using child = new AskedProcess(program, ["socket"], flags);
  const ask = <T>(kind: "settled-usage" | "usage" | "allocate") => child.ask<T>({ kind });
  await ask("settled-usage");
  const before = await ask<UsageNow>("usage");
  const bytes = await ask<number>("allocate");
  const after = await ask<UsageNow>("usage");
  return between(before, after, bytes).heap;
}
