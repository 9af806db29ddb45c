// The measuring process of one contender, named on the command line.
import { type Case, caseNamed, warmUpCases } from "./cases.ts";
import { answerRequests } from "./child.ts";
import { contenderNamed } from "./contenders.ts";
import type { Peer } from "./peer.ts";
import type { ClientRequest, Run } from "./requests.ts";

/** Connections opened at a time: less than a listener lets wait. */
const OPENING = 50;

/**
 * Times that a fresh process goes through its warm-up: what was compiled for calls alone is thrown
 * away when bytes and streams come, so that a single pass would leave the calls cold.
 */
const WARM_UP_PASSES = 5;
/** Times over that a warm-up may take. */
const WARM_UP_PATIENCE = 4;

const contender = await contenderNamed(process.argv[2] ?? "");
const peers: Peer[] = [];
let address = "";

/** Opens a connection, and waits until the far side has taken it: its queue is shorter than ours. */
async function opened(): Promise<Peer> {
  const peer = await contender.open(address);
  await peer.call(1);
  return peer;
}

/** Opens or closes connections until there are so many. */
async function setConnections(count: number): Promise<void> {
  while (peers.length < count) {
    const opening = Array.from({ length: Math.min(OPENING, count - peers.length) }, opened);
    peers.push(...(await Promise.all(opening)));
  }
  await Promise.all(peers.splice(count).map((peer) => peer.close()));
}

function canDo(test: Case): boolean {
  return contender.cases?.test(test.name) !== false && peers.every((peer) => test.isPossible(peer));
}

async function run(test: Case, durationMs: number): Promise<Run> {
  const start = performance.now();
  const operations = await test.run(peers, durationMs);
  return { operations, elapsedMs: performance.now() - start };
}

/**
 * Runs a case until this process has computed for half the time: on a busy machine that takes longer
 * than the time itself, and a processor shared with others would leave it cold.
 */
async function warmUp(test: Case, durationMs: number): Promise<void> {
  const start = performance.now();
  const startCpu = process.cpuUsage();
  for (;;) {
    await run(test, durationMs);
    const { user, system } = process.cpuUsage(startCpu);
    const elapsedMs = performance.now() - start;
    if ((user + system) / 1000 >= durationMs / 2 || elapsedMs >= durationMs * WARM_UP_PATIENCE) return;
  }
}

answerRequests<ClientRequest>(async (request) => {
  switch (request.kind) {
    case "open":
      address = request.address;
      return setConnections(1);
    case "warm-up": {
      const possible = warmUpCases.filter(canDo);
      const sliceMs = request.durationMs / possible.length / WARM_UP_PASSES;
      for (let pass = 0; pass < WARM_UP_PASSES; pass++) {
        for (const test of possible) await warmUp(test, sliceMs);
      }
      return;
    }
    case "prepare": {
      const test = caseNamed(request.case);
      if (!canDo(test)) return false;
      await setConnections(test.connections);
      // No other case has warmed up for many connections, and opening them leaves garbage.
      await warmUp(test, request.durationMs * (test.connections > 1 ? 3 : 1));
      return true;
    }
    case "run":
      return run(caseNamed(request.case), request.durationMs);
  }
});
