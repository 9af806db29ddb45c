import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { type Socket as ClientSocket, io } from "socket.io-client";
import type { Peer } from "../peer.ts";
import { checkCount, sendInWindows } from "./streams.ts";
import type { Serving } from "./system.ts";

type Items = {
  item(item: number): void;
  /** An item, and all before it, taken. */
  taken(item: number, acknowledge: () => void): void;
};
type ToServer = Items & {
  next(value: number, answer: (value: number) => void): void;
  echo(payload: Uint8Array, answer: (payload: Uint8Array) => void): void;
  receive(durationMs: number, answer: (sent: number) => void): void;
  /** How many items came since it was last asked. */
  count(answer: (count: number) => void): void;
};

/** Enough for 1 MiB and what is around it; the default is a little less. */
const MAX_BYTES = 1e8;

function serveSocket(socket: Socket<ToServer, Items>): void {
  let count = 0;
  socket.on("next", (value, answer) => answer(value + 1));
  socket.on("echo", (payload, answer) => answer(payload));
  socket.on("receive", async (durationMs, answer) => {
    const sent = await sendInWindows(
      durationMs,
      (item) => socket.emit("item", item),
      (item) => socket.emitWithAck("taken", item),
    );
    answer(sent);
  });
  socket.on("item", () => count++);
  socket.on("taken", (_item, acknowledge) => {
    count++;
    acknowledge();
  });
  socket.on("count", (answer) => {
    answer(count);
    count = 0;
  });
}

export async function serve(): Promise<Serving> {
  const http = createServer();
  const server = new Server<ToServer, Items>(http, {
    transports: ["websocket"],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: MAX_BYTES,
  });
  server.on("connection", serveSocket);
  await once(http.listen(0, "127.0.0.1"), "listening");
  return {
    address: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

export async function open(address: string): Promise<Peer> {
  const socket: ClientSocket<Items, ToServer> = io(address, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  return new SocketIoPeer(socket);
}

class SocketIoPeer implements Peer {
  readonly #socket: ClientSocket<Items, ToServer>;
  #received = 0;

  constructor(socket: ClientSocket<Items, ToServer>) {
    this.#socket = socket;
    socket.on("item", () => this.#received++);
    socket.on("taken", (_item, acknowledge) => {
      this.#received++;
      acknowledge();
    });
  }

  call(value: number): Promise<number> {
    return this.#socket.emitWithAck("next", value);
  }

  async echo(payload: Uint8Array): Promise<number> {
    return (await this.#socket.emitWithAck("echo", payload)).length;
  }

  async receive(durationMs: number): Promise<number> {
    this.#received = 0;
    const sent = await this.#socket.emitWithAck("receive", durationMs);
    return checkCount(sent, this.#received);
  }

  async send(durationMs: number): Promise<number> {
    const sent = await sendInWindows(
      durationMs,
      (item) => this.#socket.emit("item", item),
      (item) => this.#socket.emitWithAck("taken", item),
    );
    return checkCount(sent, await this.#socket.emitWithAck("count"));
  }

  async close(): Promise<void> {
    this.#socket.disconnect();
  }
}
