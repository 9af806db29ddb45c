import { eventually } from "../hostile/raw-peer.ts";
import {
  CONDUITS,
  type ConduitKind,
  type Fault,
  type FaultScene,
  TRANSPORTS,
  type Transport,
} from "./fault.ts";
import {
  expectErrors,
  expectNoMoreCalls,
  expectNothingLost,
  pause,
  told,
  underWay,
  untilMoved,
  untilSettled,
} from "./judge.ts";
import { CLIENT_WAITS, SERVER_WAITS } from "./kill-faults.ts";
import { Neighbour, visit } from "./neighbour.ts";
import type { Side } from "./side.ts";
import type { ConnectSetting, ServeSetting } from "./side-process.ts";
import { machineMs } from "./waiters.ts";

const KEEPALIVE = { intervalMs: 150, timeoutMs: 300 };
/** Longer than it takes to notice (ms). */
const LONG_MS = 900;
/** Shorter than anything waits (ms). */
const SHORT_MS = 300;
const RECONNECT = { baseMs: 20, capMs: 60, totalMs: 20_000 };
const CLIENT = 1;

/** A server that is remembered, and a client at work there. */
async function begin(
  scene: FaultScene,
  transport: Transport,
  { serving = {}, connecting }: { readonly serving?: ServeSetting; readonly connecting: ConnectSetting },
): Promise<{ server: Side; client: Side; address: string }> {
  const server = scene.start("server");
  const address = await server.serve(scene.urlOf(transport), serving);
  const client = scene.start("client");
  await client.remember();
  await server.remember();
  const seed = scene.random.integer(0, 2 ** 31);
  await underWay(client, address, { number: CLIENT, seed, setting: connecting });
  await pause(scene.random.integer(0, 50));
  await client.report();
  return { server, client, address };
}

/** Both stopped for a while, one after the other; everything goes on. */
function stoppedShortly(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "SIGSTOP for a moment",
    where: `${transport}, ${conduit}, both in turn`,
    expected: "everything goes on, nothing is lost",
    async run(scene) {
      const { server, client } = await begin(scene, transport, { connecting: { conduit } });
      for (let times = 0; times < scene.times; times++) {
        for (const side of [client, server]) {
          await side.stop();
          await pause(SHORT_MS);
          side.continue();
          await untilMoved(client);
        }
      }
      const outcome = await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome };
    },
  };
}

function serverFrozen(transport: Transport): Fault {
  return {
    name: "SIGSTOP of the server, beyond keepalive",
    where: `${transport}, bare`,
    expected: "the client is told keepalive; the server is clean when it goes on",
    async run(scene) {
      const connecting = { conduit: "bare", keepalive: KEEPALIVE } as const;
      const { server, client, address } = await begin(scene, transport, { connecting });
      await using neighbour = await Neighbour.connect(address);
      const atMs = machineMs();
      await server.stop();
      const settled = await untilSettled(client, CLIENT_WAITS);
      const errorAfterMs = expectErrors(settled, ["keepalive"], atMs);
      await expectNoMoreCalls(client, ["keepalive"]);
      server.continue();
      expectErrors(await untilSettled(server, SERVER_WAITS), ["closed", "io"], atMs);
      await neighbour.check();
      await visit(address);
      await client.tell({ kind: "hang-up" });
      return { outcome: `told ${told(settled)}`, errorAfterMs };
    },
  };
}

function clientFrozen(transport: Transport): Fault {
  return {
    name: "SIGSTOP of a client, beyond keepalive",
    where: `${transport}, bare`,
    expected: "its handlers are told keepalive, the neighbour is served; the client is told when it goes on",
    async run(scene) {
      const serving = { keepalive: KEEPALIVE };
      const { server, client, address } = await begin(scene, transport, {
        serving,
        connecting: { conduit: "bare" },
      });
      await using neighbour = await Neighbour.connect(address);
      const atMs = machineMs();
      await client.stop();
      const settled = await untilSettled(server, SERVER_WAITS);
      const errorAfterMs = expectErrors(settled, ["keepalive"], atMs);
      await neighbour.check();
      await visit(address);
      client.continue();
      const clientSettled = await untilSettled(client, CLIENT_WAITS);
      expectErrors(clientSettled, ["closed", "io"], atMs);
      await client.tell({ kind: "hang-up" });
      return { outcome: `handlers told ${told(settled)}; the client ${told(clientSettled)}`, errorAfterMs };
    },
  };
}

/** The other side notices, gives the link up, and gets its session again when the stopped one goes on. */
function frozenAndResumed(transport: Transport, who: "client" | "server"): Fault {
  return {
    name: `SIGSTOP of the ${who}, beyond keepalive`,
    where: `${transport}, stable`,
    expected: "the link is given up, the session goes on, nothing is lost",
    async run(scene) {
      const { server, client } = await begin(scene, transport, {
        serving: who === "client" ? { keepalive: KEEPALIVE } : {},
        connecting: {
          conduit: "stable",
          reconnect: RECONNECT,
          ...(who === "server" ? { keepalive: KEEPALIVE } : {}),
        },
      });
      let resumes = 0;
      for (let times = 0; times < scene.times; times++) {
        const side = { client, server }[who];
        await client.report();
        await side.stop();
        if (who === "client") await untilDetached(server);
        else await pause(LONG_MS);
        side.continue();
        await eventually("a resume", async () => {
          resumes += (await client.report()).states.filter((kind) => kind === "resumed").length;
          return resumes > times;
        });
        await untilMoved(client);
      }
      const work = await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome: `${resumes} resumed; ${work}` };
    },
  };
}

function untilDetached(server: Side): Promise<void> {
  return eventually("a session without a link", async () => (await server.status()).detached > 0);
}

function clientFrozenTooLong(transport: Transport): Fault {
  return {
    name: "SIGSTOP of a client, beyond retention",
    where: `${transport}, stable`,
    expected: "both sides are told session-lost, once",
    async run(scene) {
      const serving = { keepalive: KEEPALIVE, retention: { retentionMs: 200 } };
      const connecting = { conduit: "stable", reconnect: RECONNECT } as const;
      const { server, client, address } = await begin(scene, transport, { serving, connecting });
      const atMs = machineMs();
      await client.stop();
      const settled = await untilSettled(server, SERVER_WAITS);
      const errorAfterMs = expectErrors(settled, ["session-lost"], atMs);
      const continuedMs = machineMs();
      client.continue();
      const clientSettled = await untilSettled(client, CLIENT_WAITS);
      const clientMs = expectErrors(clientSettled, ["session-lost"], continuedMs);
      await expectNoMoreCalls(client, ["session-lost"]);
      await visit(address);
      await client.tell({ kind: "hang-up" });
      const outcome = `handlers told ${told(settled)}; the client ${told(clientSettled)}, ${clientMs.toFixed(0)} ms after it went on`;
      return { outcome, errorAfterMs };
    },
  };
}

/** The server stands still for longer than anybody waits for it: as a machine that was suspended. */
function serverFrozenTooLong(transport: Transport): Fault {
  return {
    name: "SIGSTOP of the server, beyond all patience",
    where: `${transport}, stable`,
    expected: "the client is told session-lost; the server is clean when it goes on",
    async run(scene) {
      const reconnect = { ...RECONNECT, totalMs: 500 };
      const limits = { handshakeTimeoutMs: 200 };
      const { server, client, address } = await begin(scene, transport, {
        serving: { retention: { retentionMs: 400 } },
        connecting: { conduit: "stable", reconnect, keepalive: KEEPALIVE, limits },
      });
      const atMs = machineMs();
      await server.stop();
      const settled = await untilSettled(client, CLIENT_WAITS);
      const errorAfterMs = expectErrors(settled, ["session-lost"], atMs);
      await expectNoMoreCalls(client, ["session-lost"]);
      server.continue();
      expectErrors(await untilSettled(server, SERVER_WAITS), ["session-lost"], atMs);
      await visit(address);
      await client.tell({ kind: "hang-up" });
      return { outcome: `told ${told(settled)}`, errorAfterMs };
    },
  };
}

/**
 * The stopped side asks itself whether the other one lives. Its Ping goes out while the server is stopped, so
 * that it is sure to wait for the Pong when it is stopped in turn; that comes while it stands still.
 */
function ownKeepalive(transport: Transport): Fault {
  return {
    name: "SIGSTOP of a client that sends Pings",
    where: `${transport}, bare`,
    expected: "it does not blame the server for its own absence: everything goes on, nothing is lost",
    async run(scene) {
      const keepalive = { intervalMs: 50, timeoutMs: 400 };
      const { server, client } = await begin(scene, transport, {
        connecting: { conduit: "bare", keepalive },
      });
      for (let times = 0; times < scene.times; times++) {
        await server.stop();
        await pause(200);
        await client.stop();
        server.continue();
        await pause(LONG_MS);
        client.continue();
        await untilMoved(client);
      }
      const outcome = await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome };
    },
  };
}

export const STOP_FAULTS: readonly Fault[] = TRANSPORTS.flatMap((transport) => [
  ...CONDUITS.map((conduit) => stoppedShortly(transport, conduit)),
  serverFrozen(transport),
  clientFrozen(transport),
  frozenAndResumed(transport, "server"),
  frozenAndResumed(transport, "client"),
  clientFrozenTooLong(transport),
  serverFrozenTooLong(transport),
  ownKeepalive(transport),
]);
