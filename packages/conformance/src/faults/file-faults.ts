import { eventually } from "../hostile/raw-peer.ts";
import { Difference } from "../vectors/tally.ts";
import { CONDUITS, type ConduitKind, type Fault, TRANSPORTS, type Transport } from "./fault.ts";
import { expectFailed, expectNothingLost, expectWorked, pause, underWay, untilMoved } from "./judge.ts";
import { visit } from "./neighbour.ts";
import type { Outcome } from "./side-process.ts";

/** As many as a process may have open here; it has about twenty by itself. */
const MAX_FILES = 64;
/** More clients than that. */
const CROWD = 80;
const CLIENT = 1;
const SLOWEST_MS = 5_000;

/** What a dial comes to that the server's process cannot take: it is closed before a word is said. */
const TURNED_AWAY = ["handshake", "io"];

function serverOutOfFiles(transport: Transport, conduit: ConduitKind): Fault {
  return {
    name: "EMFILE in the server",
    where: `${transport}, ${conduit}`,
    expected: "who is there is served; who dials is told once; when files are free again, all are served",
    async run(scene) {
      const server = scene.start("server", { maxFiles: MAX_FILES });
      const address = await server.serve(scene.urlOf(transport));
      const client = scene.start("client");
      const newcomer = scene.start("newcomer");
      for (const side of [server, client, newcomer]) await side.remember();
      await underWay(client, address, {
        number: CLIENT,
        seed: scene.random.integer(0, 2 ** 31),
        setting: { conduit },
      });
      const open = server.descriptors.length;
      let errorAfterMs = 0;
      let text = "";
      for (let times = 0; times < scene.times; times++) {
        await eventually("no file of a visitor's", () => server.descriptors.length <= open);
        await server.tell({ kind: "fill" });
        for (let dials = 0; dials < 3; dials++) {
          const outcome = await newcomer.visit(address, { conduit });
          expectFailed("a dial", outcome, TURNED_AWAY);
          errorAfterMs = Math.max(errorAfterMs, outcome.tookMs);
          text = outcome.error?.text ?? "";
        }
        await untilMoved(client);
        await server.tell({ kind: "free" });
        expectWorked("a dial when files are free", await newcomer.visit(address, { conduit }));
      }
      expectAtOnce(errorAfterMs);
      await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome: text, errorAfterMs };
    },
  };
}

/** The links themselves take all files. */
function crowd(transport: Transport): Fault {
  return {
    name: "EMFILE by more links than files",
    where: `${transport}, server`,
    expected: "the surplus is told once each; the others are served, and all when some have left",
    async run(scene) {
      const server = scene.start("server", { maxFiles: MAX_FILES });
      const address = await server.serve(scene.urlOf(transport));
      const client = scene.start("client");
      for (const side of [server, client]) await side.remember();
      const outcomes: Outcome[] = [];
      for (let number = 1; number <= CROWD; number++)
        outcomes.push(await client.connect(address, number, { conduit: "bare" }));
      const refused = outcomes.filter(({ error }) => error !== undefined);
      for (const outcome of refused) expectFailed("a dial", outcome, TURNED_AWAY);
      if (refused.length === 0) throw new Difference("there was room for all");
      await client.work(scene.random.integer(0, 2 ** 31));
      await untilMoved(client);
      await client.finish();
      await client.tell({ kind: "hang-up" });
      await eventually("room", async () => (await server.status()).sessions === 0);
      await visit(address);
      const errorAfterMs = Math.max(...refused.map(({ tookMs }) => tookMs));
      expectAtOnce(errorAfterMs);
      return { outcome: `${CROWD - refused.length} of ${CROWD} came in`, errorAfterMs };
    },
  };
}

function clientOutOfFiles(transport: Transport): Fault {
  return {
    name: "EMFILE in a client",
    where: `${transport}, bare and stable`,
    expected: "a dial fails with io, caused by EMFILE; its session goes on; it can dial when files are free",
    async run(scene) {
      const server = scene.start("server");
      const address = await server.serve(scene.urlOf(transport));
      const client = scene.start("client", { maxFiles: MAX_FILES });
      for (const side of [server, client]) await side.remember();
      const seed = scene.random.integer(0, 2 ** 31);
      await underWay(client, address, { number: CLIENT, seed, setting: { conduit: "bare" } });
      let errorAfterMs = 0;
      let text = "";
      for (let times = 0; times < scene.times; times++) {
        await client.tell({ kind: "fill" });
        for (const conduit of CONDUITS) {
          const outcome = await client.visit(address, { conduit });
          expectFailed("a dial", outcome, ["io"], "EMFILE");
          errorAfterMs = Math.max(errorAfterMs, outcome.tookMs);
          text = outcome.error?.text ?? "";
        }
        await untilMoved(client);
        await client.tell({ kind: "free" });
        expectWorked("a dial when files are free", await client.visit(address));
      }
      expectAtOnce(errorAfterMs);
      await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome: text, errorAfterMs };
    },
  };
}

/** A name cannot be looked up either. */
function nameOutOfFiles(): Fault {
  return {
    name: "EMFILE in a client, by a name",
    where: "tcp://localhost",
    expected: "io with what the system says; it can dial when files are free",
    async run(scene) {
      const server = scene.start("server");
      const { port } = new URL(await server.serve("tcp://127.0.0.1:0"));
      const client = scene.start("client", { maxFiles: MAX_FILES });
      for (const side of [server, client]) await side.remember();
      await client.tell({ kind: "fill" });
      const outcome = await client.visit(`tcp://localhost:${port}`);
      expectFailed("a dial", outcome, ["io"]);
      await client.tell({ kind: "free" });
      expectWorked("a dial when files are free", await client.visit(`tcp://localhost:${port}`));
      return {
        outcome: `${outcome.error?.text} (${outcome.error?.causes})`,
        errorAfterMs: outcome.tookMs,
      };
    },
  };
}

function linkLostOutOfFiles(transport: Transport): Fault {
  return {
    name: "EMFILE when a link has to be replaced",
    where: `${transport}, stable, client`,
    expected: "it tries until files are free; then the session goes on, nothing is lost",
    async run(scene) {
      const server = scene.start("server");
      const address = await server.serve(scene.urlOf(transport));
      const client = scene.start("client", { maxFiles: MAX_FILES });
      for (const side of [server, client]) await side.remember();
      const seed = scene.random.integer(0, 2 ** 31);
      const setting = { conduit: "stable", reconnect: { baseMs: 20, capMs: 60 } } as const;
      await underWay(client, address, { number: CLIENT, seed, setting });
      let attempts = 0;
      for (let times = 0; times < scene.times; times++) {
        await client.report();
        await client.tell({ kind: "drop-link-and-fill" });
        await pause(300);
        const { states } = await client.report();
        if (states.includes("resumed")) throw new Difference("there was a file left");
        attempts += states.filter((kind) => kind === "detached").length;
        await client.tell({ kind: "free" });
        await untilMoved(client);
      }
      const work = await expectNothingLost(client, server, CLIENT);
      await client.tell({ kind: "hang-up" });
      return { outcome: `${attempts} attempts in vain; ${work}` };
    },
  };
}

function listenOutOfFiles(transport: Transport): Fault {
  return {
    name: "EMFILE when a server starts",
    where: transport,
    expected: "io, caused by EMFILE; it can start when files are free",
    async run(scene) {
      const server = scene.start("server", { maxFiles: MAX_FILES });
      await server.remember();
      await server.tell({ kind: "fill" });
      const outcome = await server.tryServe(scene.urlOf(transport));
      expectFailed("the start", outcome, ["io"], "EMFILE");
      await server.tell({ kind: "free" });
      const address = await server.serve(scene.urlOf(transport));
      await visit(address);
      await server.tell({ kind: "close" });
      return { outcome: outcome.error?.text ?? "", errorAfterMs: outcome.tookMs };
    },
  };
}

function expectAtOnce(ms: number): void {
  if (ms > SLOWEST_MS) throw new Difference(`told after ${ms.toFixed(0)} ms only`);
}

export const FILE_FAULTS: readonly Fault[] = [
  ...TRANSPORTS.flatMap((transport) => [
    ...CONDUITS.map((conduit) => serverOutOfFiles(transport, conduit)),
    crowd(transport),
    clientOutOfFiles(transport),
    linkLostOutOfFiles(transport),
    listenOutOfFiles(transport),
  ]),
  nameOutOfFiles(),
];
