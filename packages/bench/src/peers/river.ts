import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  createClient,
  createServer,
  Ok,
  Procedure,
  type Server,
  type ServerClient,
  ServiceSchema,
} from "@replit/river";
import { BinaryCodec } from "@replit/river/codec";
import { WebSocketClientTransport } from "@replit/river/transport/ws/client";
import { WebSocketServerTransport } from "@replit/river/transport/ws/server";
import { type Static, Type } from "@sinclair/typebox";
import { WebSocket, WebSocketServer } from "ws";
import type { Peer } from "../peer.ts";
import { checkCount, sendInWindows } from "./streams.ts";
import type { Serving } from "./system.ts";

const Value = Type.Object({ value: Type.Number() });
const Bytes = Type.Object({ payload: Type.Uint8Array() });
/** `asks` for a `Count`, so that its sender knows that it was taken. */
const Item = Type.Object({ item: Type.Number(), asks: Type.Boolean() });
const Count = Type.Object({ count: Type.Number() });

/** The answers of a stream, one after the other: it allows one reader at a time. */
class Answers<T> {
  readonly #answers: AsyncIterator<T>;
  #last: Promise<T>;

  constructor(answers: AsyncIterable<T>) {
    this.#answers = answers[Symbol.asyncIterator]();
    this.#last = Promise.resolve(undefined as T);
  }

  next(): Promise<T> {
    this.#last = this.#last.then(async () => {
      const { done, value } = await this.#answers.next();
      if (done) throw new Error("the stream ended");
      return value;
    });
    return this.#last;
  }
}

function sendItems(
  durationMs: number,
  push: (item: Static<typeof Item>) => unknown,
  answer: () => Promise<unknown>,
): Promise<number> {
  return sendInWindows(
    durationMs,
    (item) => push({ item, asks: false }),
    (item) => {
      push({ item, asks: true });
      return answer();
    },
  );
}

// Both streams are duplex: River has no backpressure, so their receivers answer.
const Bench = ServiceSchema.define({
  next: Procedure.rpc({
    input: Value,
    output: Value,
    handler: async (_context, { value }) => Ok({ value: value + 1 }),
  }),
  echo: Procedure.rpc({
    input: Bytes,
    output: Bytes,
    handler: async (_context, { payload }) => Ok({ payload }),
  }),
  receive: Procedure.stream({
    init: Type.Object({ durationMs: Type.Number() }),
    input: Count,
    output: Type.Union([Item, Count]),
    async handler(_context, { durationMs }, input, output) {
      const answers = new Answers(input);
      const push = (item: Static<typeof Item>) => output.push(Ok(item));
      const count = await sendItems(durationMs, push, () => answers.next());
      output.push(Ok({ count }));
      output.end();
    },
  }),
  send: Procedure.stream({
    input: Item,
    output: Count,
    async handler(_context, input, output) {
      let count = 0;
      for await (const { asks } of input) {
        count++;
        if (asks) output.push(Ok({ count }));
      }
      output.end();
    },
  }),
});

type BenchServer = Server<{ bench: typeof Bench }>;

const SERVER = "server";
const OPTIONS = {
  codec: BinaryCodec,
  // Nobody reconnects here: a closed session is to leave nothing behind.
  sessionDisconnectGraceMs: 0,
  // A busy machine does not make a dead peer; the default is two seconds.
  heartbeatsUntilDead: 60,
};

export async function serve(): Promise<Serving> {
  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const transport = new WebSocketServerTransport(wss, SERVER, OPTIONS);
  const server = createServer(transport, { bench: Bench });
  await once(wss, "listening");
  return {
    address: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`,
    async close() {
      await server.close();
      transport.close();
      await new Promise<void>((resolve) => wss.close(() => resolve()));
    },
  };
}

export async function open(address: string): Promise<Peer> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  const transport = new WebSocketClientTransport(async () => socket, randomUUID(), OPTIONS);
  transport.reconnectOnConnectionDrop = false;
  const connected = new Promise<void>((resolve, reject) => {
    transport.addEventListener("connectionStatus", () => resolve());
    transport.addEventListener("protocolError", ({ message }) => reject(new Error(message)));
    socket.once("error", reject);
  });
  const client = createClient<BenchServer>(transport, SERVER);
  await connected;
  return new RiverPeer(socket, transport, client);
}

type Result<T> = { ok: true; payload: T } | { ok: false; payload: { code: string; message: string } };

function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.payload.code}: ${result.payload.message}`);
  return result.payload;
}

class RiverPeer implements Peer {
  readonly #socket: WebSocket;
  readonly #transport: WebSocketClientTransport;
  readonly #bench: ServerClient<BenchServer>["bench"];

  constructor(socket: WebSocket, transport: WebSocketClientTransport, client: ServerClient<BenchServer>) {
    this.#socket = socket;
    this.#transport = transport;
    this.#bench = client.bench;
  }

  async call(value: number): Promise<number> {
    return unwrap(await this.#bench.next.rpc({ value })).value;
  }

  async echo(payload: Uint8Array): Promise<number> {
    return unwrap(await this.#bench.echo.rpc({ payload })).payload.length;
  }

  async receive(durationMs: number): Promise<number> {
    const [answers, items] = await this.#bench.receive.stream({ durationMs });
    let count = 0;
    let sent = 0;
    for await (const result of items) {
      const message = unwrap(result);
      if ("count" in message) sent = message.count;
      else {
        count++;
        if (message.asks) answers.push({ count });
      }
    }
    return checkCount(sent, count);
  }

  async send(durationMs: number): Promise<number> {
    const [items, results] = await this.#bench.send.stream();
    const answers = new Answers(results);
    let counted = 0;
    const push = (item: Static<typeof Item>) => items.push(item);
    const sent = await sendItems(durationMs, push, async () => {
      counted = unwrap(await answers.next()).count;
    });
    items.end();
    return checkCount(sent, counted);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#transport.close();
    await closed;
  }
}
