import { Difference } from "../vectors/tally.ts";
import { type Fault, type FaultScene, TRANSPORTS, type Transport } from "./fault.ts";
import {
  expectErrors,
  expectFailed,
  expectNothingLost,
  pause,
  told,
  underWay,
  untilSettled,
} from "./judge.ts";
import { CLIENT_WAITS, SERVER_WAITS } from "./kill-faults.ts";
import type { Side } from "./side.ts";
import type { ConnectSetting, Outcome, ServeSetting } from "./side-process.ts";
import { machineMs } from "./waiters.ts";

const CLIENT = 1;
const KEEPALIVE = { intervalMs: 50, timeoutMs: 1_000 };
/** What is to last so long (ms), and how much longer it may take on a busy machine. */
const LASTS_MS = 500;
const LATE_MS = 2_000;

/** Both processes' clocks on the wall are set to and fro all the while, by hours and days. */
async function begin(
  scene: FaultScene,
  transport: Transport,
  { serving = {}, connecting }: { readonly serving?: ServeSetting; readonly connecting: ConnectSetting },
): Promise<{ server: Side; client: Side }> {
  const server = scene.start("server");
  const client = scene.start("client");
  for (const side of [server, client]) await side.tell({ kind: "jump-clocks" });
  const address = await server.serve(scene.urlOf(transport), serving);
  for (const side of [server, client]) await side.remember();
  const seed = scene.random.integer(0, 2 ** 31);
  await underWay(client, address, { number: CLIENT, seed, setting: connecting });
  return { server, client };
}

/** @param soonerMs how much sooner than its time it may be: what is rounded, or drawn by lot */
function expectInTime(what: string, tookMs: number, lastsMs: number, soonerMs = 5): void {
  if (tookMs >= lastsMs - soonerMs && tookMs <= lastsMs + LATE_MS) return;
  throw new Difference(`${what} after ${tookMs.toFixed(0)} ms, expected after ${lastsMs}`);
}

function goesOn(transport: Transport): Fault {
  return {
    name: "clocks that are set: deadlines and keepalive",
    where: `${transport}, stable, both sides`,
    expected: "the deadline comes in its time, no Ping is missed, nothing is lost",
    async run(scene) {
      const setting = { keepalive: KEEPALIVE };
      const connecting = { ...setting, conduit: "stable" } as const;
      const { server, client } = await begin(scene, transport, { serving: setting, connecting });
      const timeoutMs = LASTS_MS;
      const outcome = await client.tell<Outcome>({ kind: "deadline", timeoutMs });
      expectFailed("the call", outcome, ["deadline-exceeded"]);
      expectInTime("the deadline", outcome.tookMs, LASTS_MS);
      const { states } = await client.report();
      if (states.length > 0) throw new Difference(`the session was ${states}`);
      const work = await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      const came = `the deadline of ${LASTS_MS} ms after ${outcome.tookMs.toFixed(0)}`;
      return { outcome: `${came}; ${work}`, errorAfterMs: outcome.tookMs };
    },
  };
}

function retention(transport: Transport): Fault {
  return {
    name: "clocks that are set: retention",
    where: `${transport}, stable, server`,
    expected: "a session is kept for its time, and no longer",
    async run(scene) {
      const serving = { retention: { retentionMs: LASTS_MS } };
      const { server, client } = await begin(scene, transport, {
        serving,
        connecting: { conduit: "stable" },
      });
      const atMs = machineMs();
      await client.kill();
      const settled = await untilSettled(server, SERVER_WAITS);
      const errorAfterMs = expectErrors(settled, ["session-lost"], atMs);
      expectInTime("lost", errorAfterMs, LASTS_MS);
      return { outcome: `handlers told ${told(settled)}`, errorAfterMs };
    },
  };
}

function reconnecting(transport: Transport): Fault {
  return {
    name: "clocks that are set: looking for the server",
    where: `${transport}, stable, client`,
    expected: "it looks for its time, and no longer",
    async run(scene) {
      const reconnect = { baseMs: 10, capMs: 20, totalMs: LASTS_MS };
      const { server, client } = await begin(scene, transport, {
        connecting: { conduit: "stable", reconnect },
      });
      const atMs = machineMs();
      await server.kill();
      const settled = await untilSettled(client, CLIENT_WAITS);
      const errorAfterMs = expectErrors(settled, ["session-lost"], atMs);
      expectInTime("lost", errorAfterMs, LASTS_MS, 2 * reconnect.capMs);
      await client.tell({ kind: "hang-up" });
      return { outcome: `told ${told(settled)}`, errorAfterMs };
    },
  };
}

function keepalive(transport: Transport): Fault {
  return {
    name: "clocks that are set: keepalive",
    where: `${transport}, bare, client`,
    expected: "a silent server is given its time, and no more",
    async run(scene) {
      const timeoutMs = LASTS_MS;
      const connecting = { conduit: "bare", keepalive: { intervalMs: 20, timeoutMs } } as const;
      const { server, client } = await begin(scene, transport, { connecting });
      await pause(50);
      const atMs = machineMs();
      await server.stop();
      const settled = await untilSettled(client, CLIENT_WAITS);
      server.continue();
      const errorAfterMs = expectErrors(settled, ["keepalive"], atMs);
      // A Ping may have been out for a while, unanswered by a server that was busy.
      expectInTime("dead", errorAfterMs, LASTS_MS, LASTS_MS / 2);
      await client.tell({ kind: "hang-up" });
      return { outcome: `told ${told(settled)}`, errorAfterMs };
    },
  };
}

export const CLOCK_FAULTS: readonly Fault[] = TRANSPORTS.flatMap((transport) => [
  goesOn(transport),
  retention(transport),
  reconnecting(transport),
  keepalive(transport),
]);
