import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { newWebSocketRpcSession, type RpcStub, RpcTarget } from "capnweb";
import { WebSocket, WebSocketServer } from "ws";
import { count } from "../items.ts";
import type { Peer } from "../peer.ts";
import { checkCount, isInTime } from "./streams.ts";
import type { Serving } from "./system.ts";

/** Serves one connection. */
class Bench extends RpcTarget {
  #sent = 0;

  next(value: number): number {
    return value + 1;
  }

  echo(payload: Uint8Array): Uint8Array {
    return payload;
  }

  receive(durationMs: number): ReadableStream<number> {
    this.#sent = 0;
    return itemsFor(durationMs, () => this.#sent++);
  }

  /** How many items the last `receive` had. */
  sent(): number {
    return this.#sent;
  }

  send(items: ReadableStream<number>): Promise<number> {
    return count(items);
  }
}

/** Counts up until the time is over, as fast as they are taken. */
function itemsFor(durationMs: number, onItem: () => void): ReadableStream<number> {
  const end = performance.now() + durationMs;
  let item = 0;
  return new ReadableStream({
    pull(controller) {
      if (!isInTime(item, end)) return controller.close();
      onItem();
      controller.enqueue(item++);
    },
  });
}

function session(socket: WebSocket, main?: RpcTarget): RpcStub<Bench> {
  // It looks up a constant in the WebSocket of browsers, which Node 20 has not.
  globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
  return newWebSocketRpcSession<Bench>(socket as unknown as globalThis.WebSocket, main);
}

export async function serve(): Promise<Serving> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => void session(socket, new Bench()));
  await once(server, "listening");
  return {
    address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export async function open(address: string): Promise<Peer> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, "open");
  return new CapnwebPeer(socket, session(socket));
}

class CapnwebPeer implements Peer {
  readonly #socket: WebSocket;
  readonly #main: RpcStub<Bench>;

  constructor(socket: WebSocket, main: RpcStub<Bench>) {
    this.#socket = socket;
    this.#main = main;
  }

  call(value: number): Promise<number> {
    return this.#main.next(value);
  }

  async echo(payload: Uint8Array): Promise<number> {
    return (await this.#main.echo(payload)).length;
  }

  async receive(durationMs: number): Promise<number> {
    const received = await count(await this.#main.receive(durationMs));
    return checkCount(await this.#main.sent(), received);
  }

  async send(durationMs: number): Promise<number> {
    let sent = 0;
    const received = await this.#main.send(itemsFor(durationMs, () => sent++));
    return checkCount(sent, received);
  }

  async close(): Promise<void> {
    this.#main[Symbol.dispose]();
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}
