import { pause } from "../attack/desk.ts";
import {
  CONDUITS,
  type ConduitKind,
  type Fault,
  type FaultScene,
  TRANSPORTS,
  type Transport,
} from "./fault.ts";
import { expectErrors, expectNoMoreCalls, told, underWay, untilSettled } from "./judge.ts";
import { Neighbour, visit } from "./neighbour.ts";
import type { Side } from "./side.ts";
import type { ConnectSetting } from "./side-process.ts";
import { machineMs, type Settled } from "./waiters.ts";

/** Waits of a client at work, and of the handlers that serve it. */
export const CLIENT_WAITS = 7;
export const SERVER_WAITS = 3;
/** Latest moment of a kill, from when everything is under way (ms). */
const LATEST_MS = 150;
/** How long a stable session waits for its client, or looks for its server (ms). */
const RETENTION_MS = 300;
const RECONNECT = { baseMs: 20, capMs: 60, totalMs: RETENTION_MS };

/** What a killed peer looks like: the kernel ends its sockets, or resets those with bytes unread. */
export const GONE: Readonly<Record<ConduitKind, readonly string[]>> = {
  bare: ["closed", "io"],
  stable: ["session-lost"],
};

/** Lets everything get under way, and kills one side in the middle of it. @returns when (by machineMs) */
async function killInTheMiddle(
  scene: FaultScene,
  { client, address, number, setting, victim }: Parties,
): Promise<number> {
  await underWay(client, address, { number, seed: scene.random.integer(0, 2 ** 31), setting });
  await pause(scene.random.integer(0, LATEST_MS));
  await client.report();
  const atMs = machineMs();
  await victim.kill();
  return atMs;
}

interface Parties {
  readonly client: Side;
  readonly address: string;
  readonly number: number;
  readonly setting: ConnectSetting;
  readonly victim: Side;
}

function clientKilled(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "kill -9 of a client",
    where: `${transport}, ${conduit}`,
    expected: "its handlers are told once, the neighbour is served",
    async run(scene) {
      const server = scene.start("server");
      const setting = { retention: { retentionMs: RETENTION_MS } };
      const address = await server.serve(scene.urlOf(transport), setting);
      await server.remember();
      await visit(address);
      await using neighbour = await Neighbour.connect(address);
      const all: Settled[] = [];
      let errorAfterMs = 0;
      for (let number = 1; number <= scene.times; number++) {
        const client = scene.start(`client ${number}`);
        const parties = { client, address, number, setting: { conduit }, victim: client };
        const atMs = await killInTheMiddle(scene, parties);
        const settled = await untilSettled(server, SERVER_WAITS);
        errorAfterMs = Math.max(errorAfterMs, expectErrors(settled, GONE[conduit], atMs));
        all.push(...settled);
      }
      await neighbour.check();
      await visit(address);
      return { outcome: `${scene.times} kills, handlers told ${told(all)}`, errorAfterMs };
    },
  };
}

function serverKilled(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "kill -9 of the server",
    where: `${transport}, ${conduit}`,
    expected: "whoever waits is told once; a new server at the address is found",
    async run(scene) {
      const client = scene.start("client");
      const all: Settled[] = [];
      let errorAfterMs = 0;
      let server = scene.start("server 1");
      const address = await server.serve(scene.urlOf(transport));
      await client.remember();
      for (let number = 1; number <= scene.times; number++) {
        const setting = { conduit, reconnect: RECONNECT };
        const atMs = await killInTheMiddle(scene, { client, address, number, setting, victim: server });
        const settled = await untilSettled(client, CLIENT_WAITS);
        errorAfterMs = Math.max(errorAfterMs, expectErrors(settled, GONE[conduit], atMs));
        all.push(...settled);
        await expectNoMoreCalls(client, GONE[conduit]);
        server = scene.start(`server ${number + 1}`);
        await server.serve(address);
      }
      await client.tell({ kind: "hang-up" });
      await visit(address);
      return { outcome: `${scene.times} kills, told ${told(all)}`, errorAfterMs };
    },
  };
}

function serverStartedAgain(transport: Transport): Fault {
  return {
    name: "kill -9 of the server, which starts again",
    where: `${transport}, stable`,
    expected: "the new one does not know the session: whoever waits is told once, at once",
    async run(scene) {
      const client = scene.start("client");
      let server = scene.start("server 1");
      const address = await server.serve(scene.urlOf(transport));
      await client.remember();
      const all: Settled[] = [];
      let errorAfterMs = 0;
      for (let number = 1; number <= scene.times; number++) {
        // Looks for it for a minute: it is not the time that decides.
        const setting: ConnectSetting = { conduit: "stable", reconnect: { baseMs: 20, capMs: 60 } };
        const next = scene.start(`server ${number + 1}`);
        await killInTheMiddle(scene, { client, address, number, setting, victim: server });
        await next.serve(address);
        const startedMs = machineMs();
        const settled = await untilSettled(client, CLIENT_WAITS);
        errorAfterMs = Math.max(errorAfterMs, expectErrors(settled, GONE.stable, startedMs));
        all.push(...settled);
        server = next;
      }
      await client.tell({ kind: "hang-up" });
      await visit(address);
      return { outcome: `${scene.times} kills, told ${told(all)}, counted from the new start`, errorAfterMs };
    },
  };
}

export const KILL_FAULTS: readonly Fault[] = TRANSPORTS.flatMap((transport) => [
  ...CONDUITS.flatMap((conduit) => [clientKilled(transport, conduit), serverKilled(transport, conduit)]),
  serverStartedAgain(transport),
]);
