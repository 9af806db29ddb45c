import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Inbox } from "../../src/internal/inbox.ts";

/** A TCP server that takes connections and never says a word. */
export async function silentServer() {
  const sockets: Socket[] = [];
  const taken = new Inbox<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    sockets.push(socket);
    taken.push(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    /** The next connection. */
    async connection(): Promise<Socket> {
      return (await taken.take()) as Socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A port that nobody listens on: one that was free a moment ago. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
