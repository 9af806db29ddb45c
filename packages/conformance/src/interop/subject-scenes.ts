import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { clientOn, serve } from "roam";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { ADDRESSES, SOCKET_KINDS, type SocketKind } from "./address.ts";
import { type Scene, within } from "./case.ts";
import { Child } from "./child.ts";
import { firstSession } from "./meeting.ts";
import { RustPeer } from "./rust-peer.ts";

const SCRIPT = fileURLToPath(new URL("../../subject.sh", import.meta.url));
/** Time for the subject to start and come to its end (ms). */
const RUN_LIMIT_MS = 15_000;

/** An address in the form of `PEER_ADDR`. */
function peerAddr(kind: SocketKind, address: string): string {
  return kind === "tcp" ? address : ADDRESSES[kind].url(address);
}

function startSubject(directory: string, env: Readonly<Record<string, string>>): Child {
  // From a foreign directory, and with nothing of our own environment that it would read.
  const cleared = { SUBJECT_MODE: "", SUBJECT_CONDUIT: "", PEER_ADDR: "" };
  return new Child(SCRIPT, [], { env: { ...cleared, ...env }, directory });
}

async function expectExit(subject: Child, status: number): Promise<void> {
  const ended = await subject.exited(RUN_LIMIT_MS);
  if (ended !== status) throw new Difference(`it ended with ${ended}: ${subject.log.join(" | ")}`);
}

/** What a Rust peer of that conduit is given besides. */
const CONDUITS = { bare: [], stable: ["--conduit", "stable"] } as const;
type Conduit = keyof typeof CONDUITS;

/** The subject dials a Rust peer, which calls it and then is gone. */
function serverScene(kind: SocketKind, conduit: Conduit, faults: readonly string[] = []): Scene {
  const how = conduit === "bare" ? "" : ` stable${faults.length > 0 ? ", links cut" : ""}`;
  return {
    title: `subject server ${kind}${how}`,
    async run({ directory }, report) {
      const address = ADDRESSES[kind].free(directory);
      const rust = new RustPeer([
        ...["listen", "--link", kind, "--addr", address, "--once", "--call"],
        ...CONDUITS[conduit],
        ...faults,
      ]);
      const subject = startSubject(directory, {
        PEER_ADDR: peerAddr(kind, await rust.listening()),
        ...(conduit === "stable" && { SUBJECT_CONDUIT: conduit }),
      });
      const checks = await rust.report(report);
      rust.kill();
      await report.check("the subject ends with status 0 when hung up on", () => expectExit(subject, 0));
      return ` (${checks} calls made by the Rust peer)`;
    },
  };
}

/** Rust peers of both conduits dial the subject at the same time; one of them cuts its links. */
function listenScene(kind: SocketKind, conduit: Conduit): Scene {
  return {
    title: `subject listen ${kind}${conduit === "bare" ? "" : " stable"}`,
    async run({ directory }, report) {
      const asked = peerAddr(kind, ADDRESSES[kind].free(directory));
      const subject = startSubject(directory, {
        SUBJECT_MODE: "listen",
        PEER_ADDR: asked,
        ...(conduit === "stable" && { SUBJECT_CONDUIT: conduit }),
      });
      const address = await subject.listening();
      const dial = ["dial", "--link", kind, "--addr", address, "--call"];
      const stable = new RustPeer([...dial, ...CONDUITS.stable, "--cut-every", "20"]);
      const peers = [new RustPeer(dial), stable];
      let checks = 0;
      for (const rust of peers) {
        checks += await rust.report(report);
        await rust.reportExit(report);
      }
      const cuts = stable.sessions[0]?.cutHere ?? 0;
      await report.check("links were cut", async () => expectEqual("cuts", cuts > 0, true));
      return ` (${checks} calls made by the Rust peers, ${cuts} cuts)`;
    },
  };
}

const orderlyEnd: Scene = {
  title: "subject closed in order",
  async run({ directory }, report) {
    const { onSession, arrived } = firstSession();
    await using server = await serve("tcp://127.0.0.1:0", Testbed, testbedHandlers, { onSession });
    const subject = startSubject(directory, { PEER_ADDR: server.address.replace("tcp://", "") });
    const session = await within("the session", arrived, RUN_LIMIT_MS);
    await report.check("it serves", async () => {
      const client = clientOn(session, session.root, Testbed);
      expectEqual("answer", await client.sum({ numbers: [1, 2, 3] }), 6n);
    });
    await session.close();
    await report.check("status 0", () => expectExit(subject, 0));
    await report.check("no complaint", async () => expectEqual("log", subject.log, []));
    return "";
  },
};

interface RawPeer {
  readonly name: string;
  readonly status: number;
  answer(socket: Socket): void;
}

/** What a counterpart does instead of a handshake, and the status that the subject ends with. */
const RAW_PEERS: readonly RawPeer[] = [
  { name: "a hang-up before the handshake", status: 0, answer: (socket) => socket.end() },
  { name: "a reset before the handshake", status: 0, answer: (socket) => socket.resetAndDestroy() },
  {
    name: "a payload that is no message",
    status: 1,
    answer: (socket) => socket.write(Uint8Array.of(3, 0, 0, 0, 0xff, 0xff, 0xff)),
  },
  {
    name: "a payload length beyond reason",
    status: 1,
    answer: (socket) => socket.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff)),
  },
];
/** Flag 1, and a key of zeros. */
const REJECTION = Uint8Array.of(25, 0, 0, 0, ...Buffer.from("ROSH"), 1, ...new Uint8Array(20));
const RAW_STABLE_PEERS: readonly RawPeer[] = [
  ...RAW_PEERS,
  { name: "a rejected handshake", status: 1, answer: (socket) => socket.write(REJECTION) },
];

function rawPeersScene(conduit: Conduit): Scene {
  return {
    title: `subject against no Roam peer${conduit === "bare" ? "" : ", stable"}`,
    async run({ directory }, report) {
      for (const { name, status, answer } of conduit === "bare" ? RAW_PEERS : RAW_STABLE_PEERS) {
        // Only when the subject has spoken, so that it is there to see what comes.
        const server = createServer((socket) => {
          socket.on("error", () => {}).once("data", () => answer(socket));
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const subject = startSubject(directory, {
          PEER_ADDR: `127.0.0.1:${(server.address() as AddressInfo).port}`,
          SUBJECT_CONDUIT: conduit,
        });
        await report.check(`${name}: status ${status}`, () => expectExit(subject, status));
        await report.check(`${name}: one line if it failed`, async () =>
          expectEqual("lines", subject.log.length, status),
        );
        server.close();
      }
      return "";
    },
  };
}

const BAD_ENVIRONMENTS: readonly { variable: string; env: Readonly<Record<string, string>> }[] = [
  { variable: "PEER_ADDR", env: {} },
  { variable: "PEER_ADDR", env: { PEER_ADDR: "nowhere" } },
  { variable: "PEER_ADDR", env: { PEER_ADDR: "127.0.0.1:99999" } },
  { variable: "PEER_ADDR", env: { PEER_ADDR: "unix:/nonexistent/socket" } },
  { variable: "SUBJECT_MODE", env: { PEER_ADDR: "127.0.0.1:1", SUBJECT_MODE: "client" } },
  { variable: "SUBJECT_CONDUIT", env: { PEER_ADDR: "127.0.0.1:1", SUBJECT_CONDUIT: "solid" } },
];

const badEnvironments: Scene = {
  title: "subject environment",
  async run({ directory }, report) {
    for (const { variable, env } of BAD_ENVIRONMENTS) {
      await report.check(`${JSON.stringify(env)}: status 2, ${variable} named`, async () => {
        const subject = startSubject(directory, env);
        await expectExit(subject, 2);
        expectEqual("lines", subject.log.length, 1);
        expectEqual("named", /[A-Z]+_[A-Z]+/.exec(subject.log[0] ?? "")?.[0], variable);
      });
    }
    return "";
  },
};

export const SUBJECT_SCENES: readonly Scene[] = [
  ...SOCKET_KINDS.map((kind) => serverScene(kind, "bare")),
  ...SOCKET_KINDS.map((kind) => serverScene(kind, "stable")),
  serverScene("tcp", "stable", ["--cut-every", "20"]),
  ...SOCKET_KINDS.map((kind) => listenScene(kind, "bare")),
  listenScene("tcp", "stable"),
  orderlyEnd,
  rawPeersScene("bare"),
  rawPeersScene("stable"),
  badEnvironments,
];
