/**
 * All cores behind one port. The primary process takes the connections and hands each to a worker; what
 * belongs to a session stays in the worker where it began. A client that comes back after a lost link has
 * to find that worker again: workers put their number into the resume keys that they give out, and the
 * primary looks for a key in the first bytes of a connection. The sessions of a worker that dies are lost,
 * and their clients are told so.
 */
import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { fail, implement, serveHandler } from "roam";
import { duplexLink } from "roam/streams";
import { Hello } from "./hello.ts";

/** A connection changes hands together with what was read of it. */
interface Handed {
  readonly head: string;
}

/** A client has this long to say whether it comes back (ms). */
const HELLO_MS = 10_000;
/** How the first frame of a client with a stable conduit begins: its length, and its magic. */
const STABLE = Buffer.concat([Buffer.of(25, 0, 0, 0), Buffer.from("ROCH")]);
/** The bytes that come next: flags, 1 if there is a resume key, and that key. */
const FLAGS_AT = STABLE.length;
const KEY_AT = FLAGS_AT + 1;

/** @returns the worker that has the session, "any" for a new one; undefined if more bytes will tell */
function wantedWorker(head: Buffer): number | "any" | undefined {
  if (head.length <= KEY_AT) return undefined;
  const isResuming = head.subarray(0, FLAGS_AT).equals(STABLE) && ((head[FLAGS_AT] ?? 0) & 1) === 1;
  return isResuming ? head[KEY_AT] : "any";
}

/** The workers that are ready for connections, by number. */
const ready = new Map<number, Worker>();

/** Starts a worker, and another one in its place when it ends. @returns when it is ready */
function start(number: number): Promise<void> {
  const worker = cluster.fork({ WORKER: String(number) });
  worker.once("disconnect", () => ready.delete(number));
  worker.once("exit", () => void start(number));
  return new Promise((resolve) => {
    worker.once("message", () => {
      ready.set(number, worker);
      console.log(`worker ${number} is process ${worker.process.pid}`);
      resolve();
    });
  });
}

let turn = 0;

function hand(socket: Socket, head: Buffer, wanted: number | "any"): void {
  const worker = wanted === "any" ? [...ready.values()][turn++ % ready.size] : ready.get(wanted);
  const handed: Handed = { head: head.toString("base64") };
  // A client whose worker is not there dials again, and finds the one in its place.
  if (worker === undefined) socket.destroy();
  else worker.send(handed, socket, (error) => error && socket.destroy());
}

async function takeConnections(port: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, number) => start(number)));
  const server = createServer({ highWaterMark: 1 }, (socket) => {
    let head = Buffer.alloc(0);
    socket.setTimeout(HELLO_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    // Both kinds of clients wait for an answer to what they say first: no more comes meanwhile.
    socket.on("data", (chunk) => {
      head = Buffer.concat([head, chunk]);
      const wanted = wantedWorker(head);
      if (wanted === undefined) return;
      // With its bytes put back it is full and stops reading: what follows is the worker's to read, and
      // this process has the socket too until the worker has said that it came.
      socket.removeAllListeners("data").pause().unshift(chunk);
      hand(socket, head, wanted);
    });
  });
  server.listen(port, "127.0.0.1", () => {
    console.log(`serving on tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}

async function work(number: number): Promise<void> {
  const handler = implement(Hello, {
    greet: ({ name }) => (name === "" ? fail("NoName") : `Hello, ${name}, from worker ${number}!`),
    async count({ from, numbers }) {
      for (let left = from; left > 0; left--) await numbers.send(left);
    },
  });
  const listen = async (onLink: Parameters<Parameters<typeof serveHandler>[0]>[0]) => {
    process.on("message", ({ head }: Handed, socket: Socket | undefined) => {
      // Gone on its way here.
      if (socket === undefined) return;
      socket.allowHalfOpen = true;
      socket.setNoDelay(true);
      socket.unshift(Buffer.from(head, "base64"));
      onLink(duplexLink(socket, { peer: `${socket.remoteAddress}:${socket.remotePort}` }));
    });
    process.send?.("ready");
    return { address: `worker ${number}`, close: async () => {} };
  };
  await serveHandler(listen, handler, {
    randomBytes(length) {
      const bytes = randomBytes(length);
      bytes[0] = number;
      return bytes;
    },
  });
}

const [, , port = 4400, count = availableParallelism()] = process.argv;
if (cluster.isPrimary) await takeConnections(Number(port), Number(count));
else await work(Number(process.env.WORKER));
