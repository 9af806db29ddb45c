import { setMaxListeners } from "node:events";
import type { Client } from "roam";
import type { Methods } from "roam/schema";
import { argsFor, statedMethod, toldMethod } from "../../call/run-call.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Io } from "../../io.ts";
import { openPeer, type Peer, type PeerOptions } from "../../peer.ts";
import { progressBar } from "../progress-bar.ts";
import { benchCall } from "./bench-call.ts";
import { BenchLoad, type LoadResult } from "./bench-load.ts";
import { type BenchFacts, benchJson, benchText } from "./bench-text.ts";

export interface BenchCommandOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  readonly concurrency: number;
  readonly connections: number;
  /** Milliseconds; undefined where only calls are counted. */
  readonly duration?: number;
  readonly count?: number;
  /** Milliseconds. */
  readonly warmup: number;
  readonly timeout?: number;
  readonly virtual: boolean;
}

const DURATION_MS = 5_000;
const PROGRESS_MS = 100;

/** Makes the same call again and again and tells how long it takes. */
export async function runBench(
  [url = "", name = "", ...words]: readonly string[],
  options: BenchCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const stated = await statedMethod(name, options, io);
  const early = stated && (await argsFor(stated, words, io));
  const peers: Peer[] = [await openPeer(url, options, io)];
  try {
    const [first] = peers as [Peer];
    const told = stated === undefined ? await toldMethod(first, name, io) : undefined;
    const method = stated ?? (told as NonNullable<typeof told>).method;
    const call = benchCall(method, early ?? (await argsFor(method, words, io)), options.timeout);
    while (peers.length < options.connections) peers.push(await openPeer(url, options, io));
    const isVirtual = options.virtual || told?.isVirtual === true;
    const clients = await Promise.all(peers.map((peer) => peer.client(method.service, { isVirtual })));
    const facts: BenchFacts = {
      url,
      method: `${method.descriptor.service}.${method.descriptor.name}`,
      concurrency: options.concurrency,
      connections: peers.length,
    };
    await tryOnce(() => call(clients[0] as Client<Methods>, io.signal));
    if (options.warmup > 0)
      await load(new BenchLoad(call), clients, { ...options, duration: options.warmup }, io);
    const cpu = process.cpuUsage();
    const result = await load(new BenchLoad(call), clients, options, io);
    const { user, system } = process.cpuUsage(cpu);
    const cpuShare = (user + system) / 1000 / Math.max(1, result.tookMs);
    await tell({ ...facts, cpuShare }, result, io);
    return result.failures.size === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
}

/** A call that cannot succeed is told of before it is made ten thousand times. An error of its own is an answer. */
async function tryOnce(call: () => Promise<number>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if ((error as { code?: unknown }).code !== "user") throw error;
  }
}

async function load(
  bench: BenchLoad,
  clients: readonly Client<Methods>[],
  options: BenchCommandOptions,
  io: Io,
): Promise<LoadResult> {
  const { concurrency, count = Number.POSITIVE_INFINITY } = options;
  const durationMs =
    options.duration ?? (options.count === undefined ? DURATION_MS : Number.POSITIVE_INFINITY);
  const startedMs = performance.now();
  const draw = () => {
    const passedMs = performance.now() - startedMs;
    const share = Math.max(passedMs / durationMs, bench.done / count);
    const rate = Math.round((bench.done / passedMs) * 1000);
    const text = `${bench.done.toLocaleString("en-US")} calls, ${rate.toLocaleString("en-US")}/s`;
    io.progress(progressBar(share, 1, text, io.columns));
  };
  setMaxListeners(0, io.signal);
  const timer = setInterval(draw, PROGRESS_MS);
  try {
    return await bench.run(clients, { concurrency, count, durationMs, signal: io.signal });
  } finally {
    clearInterval(timer);
    io.progress(undefined);
  }
}

async function tell(facts: BenchFacts & { cpuShare: number }, result: LoadResult, io: Io): Promise<void> {
  // After Ctrl-C standard output takes nothing more; what was measured is worth a look all the same.
  if (io.signal.aborted) {
    if (!io.isJson && result.latencies.count > 0) io.note(benchText(facts, result, io.notePaint));
    return;
  }
  if (io.isJson) return io.jsonLine(benchJson(facts, result));
  await io.line(benchText(facts, result, io.paint));
}
