import { Difference } from "../vectors/tally.ts";
import {
  CONDUITS,
  type ConduitKind,
  type Fault,
  type FaultScene,
  TRANSPORTS,
  type Transport,
} from "./fault.ts";
import { expectErrors, pause, told, underWay, untilSettled } from "./judge.ts";
import { CLIENT_WAITS, GONE, SERVER_WAITS } from "./kill-faults.ts";
import { visit } from "./neighbour.ts";
import type { Side } from "./side.ts";
import { machineMs } from "./waiters.ts";

const CLIENT = 1;
/** How long a stable session waits for its client, or looks for its server (ms). */
const PATIENCE_MS = 300;
/** What drain may take (ms), and the time that it takes to hang up besides, with some for a busy machine. */
const DRAIN_MS = 600;
const HANG_UP_MS = 3_000;
/** A drain that is not to last so long by itself (ms). */
const LONG_DRAIN_MS = 10_000;

async function begin(
  scene: FaultScene,
  transport: Transport,
  conduit: ConduitKind,
): Promise<{ server: Side; client: Side; address: string }> {
  const server = scene.start("server");
  const client = scene.start("client");
  // Before it serves: drained, it listens no more.
  for (const side of [server, client]) await side.remember();
  const address = await server.serve(scene.urlOf(transport), { retention: { retentionMs: PATIENCE_MS } });
  const seed = scene.random.integer(0, 2 ** 31);
  const setting = { conduit, reconnect: { baseMs: 20, capMs: 60, totalMs: PATIENCE_MS } };
  await underWay(client, address, { number: CLIENT, seed, setting });
  return { server, client, address };
}

function serverVanishes(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "kill -9 of a server that drains",
    where: `${transport}, ${conduit}`,
    expected: "new calls are cancelled, those in flight told once; a new server at the address is found",
    async run(scene) {
      const { server, client, address } = await begin(scene, transport, conduit);
      const drained = server.tell({ kind: "drain", timeoutMs: LONG_DRAIN_MS }).catch(() => {});
      await pause(scene.random.integer(0, 100));
      const atMs = machineMs();
      await server.kill();
      const settled = await untilSettled(client, CLIENT_WAITS);
      await drained;
      const errorAfterMs = expectErrors(settled, ["cancelled", ...GONE[conduit]], atMs);
      const inFlight = settled.filter(({ who }) => /items|not answered/.test(who));
      expectErrors(inFlight, GONE[conduit], atMs);
      await scene.start("server 2").serve(address);
      await visit(address);
      await client.tell({ kind: "hang-up" });
      return { outcome: `told ${told(settled)}`, errorAfterMs };
    },
  };
}

function clientVanishes(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "kill -9 of a client of a server that drains",
    where: `${transport}, ${conduit}`,
    expected: "its handlers are told once, and the drain is over before its time",
    async run(scene) {
      const { server, client } = await begin(scene, transport, conduit);
      const startMs = machineMs();
      await client.kill();
      // A process is asked one thing at a time: what its handlers were told is asked for afterwards.
      const tookMs = await server.tell<number>({ kind: "drain", timeoutMs: LONG_DRAIN_MS });
      if (tookMs > LONG_DRAIN_MS / 2) throw new Difference(`drained after ${tookMs.toFixed(0)} ms only`);
      const settled = await untilSettled(server, SERVER_WAITS);
      // Waited for by nobody: that the session is closed may come first.
      const errorAfterMs = expectErrors(settled, ["closed", ...GONE[conduit]], startMs);
      return { outcome: `drained in ${tookMs.toFixed(0)} ms, handlers told ${told(settled)}`, errorAfterMs };
    },
  };
}

function clientFrozen(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "SIGSTOP of a client of a server that drains",
    where: `${transport}, ${conduit}`,
    expected: "the drain takes its time and no more; the client is told once when it goes on",
    async run(scene) {
      const { server, client } = await begin(scene, transport, conduit);
      await client.report();
      await client.stop();
      const startMs = machineMs();
      const tookMs = await server.tell<number>({ kind: "drain", timeoutMs: DRAIN_MS });
      if (tookMs > DRAIN_MS + HANG_UP_MS) throw new Difference(`drained after ${tookMs.toFixed(0)} ms only`);
      const settled = await untilSettled(server, SERVER_WAITS);
      const errorAfterMs = expectErrors(settled, ["closed"], startMs);
      client.continue();
      const clientSettled = await untilSettled(client, CLIENT_WAITS);
      expectErrors(clientSettled, ["cancelled", "closed", ...GONE[conduit]], startMs);
      await client.tell({ kind: "hang-up" });
      const outcome = `drained in ${tookMs.toFixed(0)} ms, handlers told ${told(settled)}; the client ${told(clientSettled)}`;
      return { outcome, errorAfterMs };
    },
  };
}

export const DRAIN_FAULTS: readonly Fault[] = TRANSPORTS.flatMap((transport) =>
  CONDUITS.flatMap((conduit) => [
    serverVanishes(transport, conduit),
    clientVanishes(transport, conduit),
    clientFrozen(transport, conduit),
  ]),
);
