import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { connect, createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import type { Peer } from "../peer.ts";
import { checkCount, sendInWindows } from "./streams.ts";
import { NotFoundError, type Serving } from "./system.ts";

const PROGRAM = "nats-server";
/** The broker ends with its parent's end of the pipe, however that comes. */
const SCRIPT = 'program="$0"; "$program" "$@" & read -r _; kill $!; wait $!';
const START_TIMEOUT_MS = 10_000;
const REQUEST = { timeout: 60_000 };

function u32(value: number): Buffer {
  const data = Buffer.allocUnsafe(4);
  data.writeUInt32BE(value);
  return data;
}

function readU32({ data }: Msg): number {
  return Buffer.from(data.buffer, data.byteOffset, data.length).readUInt32BE();
}

/** @throws NotFoundError if no folder of PATH has the program */
function find(program: string): string {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next one may have it.
    }
  }
  throw new NotFoundError(`${program} is not in PATH`);
}

type Broker = ChildProcessByStdio<Writable, null, Readable>;

/** @returns where the broker listens, as it says */
async function listening(broker: Broker): Promise<string> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  for await (const line of createInterface({ input: broker.stderr, signal })) {
    const [, address] = /client connections on (\S+)/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`${PROGRAM} did not start`);
}

async function startBroker(): Promise<Serving> {
  const args = ["-c", SCRIPT, find(PROGRAM), "--addr", "127.0.0.1", "--port", "-1"];
  const broker: Broker = spawn("sh", args, { stdio: ["pipe", "ignore", "pipe"] });
  const ended = once(broker, "exit");
  const close = async () => {
    broker.stdin.end();
    await ended;
  };
  try {
    const address = await listening(broker);
    broker.stderr.resume();
    return { address, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function dial(servers: string): Promise<NatsConnection> {
  return connect({ servers, reconnect: false, noAsyncTraces: true });
}

/** Counts what comes at a subject, and answers those that ask with the count, until an empty one comes. */
function countItems(connection: NatsConnection, subject: string): () => number {
  let count = 0;
  const subscription = connection.subscribe(subject, {
    callback(_error, message) {
      if (message.data.length === 0) return subscription.unsubscribe();
      count++;
      if (message.reply) message.respond(u32(count));
    },
  });
  return () => count;
}

/** Sends to a subject that the other side counts. @returns how many, and how many it has counted */
async function sendItems(connection: NatsConnection, subject: string, durationMs: number) {
  let counted = 0;
  const sent = await sendInWindows(
    durationMs,
    (item) => connection.publish(subject, u32(item)),
    async (item) => {
      counted = readU32(await connection.request(subject, u32(item), REQUEST));
    },
  );
  connection.publish(subject);
  return { sent, counted };
}

function serveOn(connection: NatsConnection): void {
  const answer = (subject: string, callback: (message: Msg) => void) =>
    connection.subscribe(subject, { callback: (_error, message) => callback(message) });
  answer("next", (message) => void message.respond(u32(readU32(message) + 1)));
  answer("echo", (message) => void message.respond(message.data));
  answer("receive", async (message) => {
    const { subject, durationMs } = message.json<{ subject: string; durationMs: number }>();
    message.respond(u32((await sendItems(connection, subject, durationMs)).sent));
  });
  answer("send", (message) => {
    const subject = createInbox();
    countItems(connection, subject);
    message.respond(subject);
  });
}

export async function serve(): Promise<Serving> {
  const broker = await startBroker();
  const connection = await dial(broker.address);
  serveOn(connection);
  // The broker knows of the subscriptions when this has come back.
  await connection.flush();
  return {
    address: broker.address,
    async close() {
      await connection.close();
      await broker.close();
    },
  };
}

export async function open(address: string): Promise<Peer> {
  return new NatsPeer(await dial(address));
}

class NatsPeer implements Peer {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  async call(value: number): Promise<number> {
    return readU32(await this.#connection.request("next", u32(value), REQUEST));
  }

  async echo(payload: Uint8Array): Promise<number> {
    return (await this.#connection.request("echo", payload, REQUEST)).data.length;
  }

  async receive(durationMs: number): Promise<number> {
    const subject = createInbox();
    const received = countItems(this.#connection, subject);
    const request = JSON.stringify({ subject, durationMs });
    const sent = readU32(await this.#connection.request("receive", request, REQUEST));
    return checkCount(sent, received());
  }

  async send(durationMs: number): Promise<number> {
    const subject = (await this.#connection.request("send", undefined, REQUEST)).string();
    const { sent, counted } = await sendItems(this.#connection, subject, durationMs);
    return checkCount(sent, counted);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}
