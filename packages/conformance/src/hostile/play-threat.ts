import { connect } from "roam";
import { AskedProcess } from "../../../bench/src/asked-process.ts";
import { pause } from "../attack/desk.ts";
import { quantile } from "../chaos/quantile.ts";
import { within } from "../interop/case.ts";
import type { NeighbourReport } from "./neighbour-process.ts";
import { eventually } from "./raw-peer.ts";
import { Target } from "./target-service.ts";
import { type Threat, ThreatScene } from "./threat.ts";
import type { VictimStatus } from "./victim-process.ts";

export interface Programs {
  readonly victim: string;
  readonly neighbour: string;
}

/** What came of an attack. */
export interface PlayedThreat {
  readonly seen: string;
  /** What is not as expected; none if all is well. */
  readonly failures: readonly string[];
  /** Most that the victim's memory grew by (bytes). */
  readonly growthBytes: number;
  /** Latencies of the neighbour's calls (ms). */
  readonly before: readonly number[];
  readonly during: readonly number[];
  readonly tookMs: number;
}

const ATTACK_LIMIT_MS = 30_000;
const DEFAULT_GROWTH_MIB = 64;
const DEFAULT_NEIGHBOUR_MS = 500;
/** Time for the victim to be rid of what the attackers left (ms). */
const CLEAN_UP_MS = 10_000;
/** Garbage may wait for little room, so that the memory that is watched is what is held. */
const LITTLE_GARBAGE = "--max-semi-space-size=4";
/** Longest time that a newcomer may take to be served afterwards (ms). */
const NEWCOMER_MS = 5_000;

/** Runs one attack on a fresh victim. */
export async function playThreat(
  threat: Threat,
  programs: Programs,
  { seed, beforeMs }: { readonly seed: number; readonly beforeMs: number },
): Promise<PlayedThreat> {
  await using victim = new AskedProcess(programs.victim, [], [LITTLE_GARBAGE]);
  await using neighbour = new AskedProcess(programs.neighbour, [], []);
  const report = () => neighbour.ask<NeighbourReport>({ kind: "report" });
  const address = await victim.ask<string>({ kind: "serve", setting: threat.victim ?? {} });
  const token = threat.victim?.token;
  await neighbour.ask({
    kind: "connect",
    address,
    options: token === undefined ? {} : { metadata: { token } },
  });
  // What is called first is compiled first.
  await pause(beforeMs / 2);
  await report();
  await pause(beforeMs);
  const { latenciesMs: before } = await report();
  const scene = new ThreatScene(victim, address, seed);
  const { peakRssBytes } = await scene.status();

  const startMs = performance.now();
  const failures: string[] = [];
  const attempt = async (what: string, run: () => Promise<void>, limitMs: number) => {
    try {
      await within(what, run(), limitMs);
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
    }
  };
  let seen = "";
  const attack = async () => {
    seen = await threat.run(scene);
  };
  await attempt("the attack", attack, ATTACK_LIMIT_MS);
  const tookMs = performance.now() - startMs;
  const { latenciesMs: during, failures: failedCalls, states } = await report();
  failures.push(...failedCalls.slice(0, 3).map((call) => `the neighbour's call: ${call}`));
  if (states.length > 0) failures.push(`the neighbour's session: ${states}`);
  await attempt("a newcomer", () => serveNewcomer(address, token), NEWCOMER_MS);
  const kept = 1 + (threat.maxKept ?? 0);
  let status: VictimStatus | undefined;
  const isClean = async () => {
    status = await scene.status();
    return status.sessions <= kept && status.running === 0;
  };
  await attempt("what is left", () => eventually("nothing", isClean, CLEAN_UP_MS), 2 * CLEAN_UP_MS);
  const growthBytes = (status?.peakRssBytes ?? Number.NaN) - peakRssBytes;
  judge(threat, { growthBytes, during, failures });
  return { seen, failures, growthBytes, before, during, tookMs };
}

function judge(
  { maxGrowthMib = DEFAULT_GROWTH_MIB, maxNeighbourMs = DEFAULT_NEIGHBOUR_MS }: Threat,
  seen: { readonly growthBytes: number; readonly during: readonly number[]; readonly failures: string[] },
): void {
  const growthMib = seen.growthBytes / 2 ** 20;
  if (!(growthMib <= maxGrowthMib))
    seen.failures.push(`memory grew by ${growthMib.toFixed(0)} MiB, above ${maxGrowthMib}`);
  const p99 = quantile(seen.during, 0.99);
  if (!(p99 <= maxNeighbourMs))
    seen.failures.push(
      `the neighbour's p99 ${p99.toFixed(0)} ms of ${seen.during.length} calls, above ${maxNeighbourMs}`,
    );
}

async function serveNewcomer(address: string, token: string | undefined): Promise<void> {
  const client = await connect(address, Target, token === undefined ? {} : { metadata: { token } });
  await client.echo({ value: 1 });
  await client.$.session.close();
}
