import type { AddressInfo, ListenOptions, Server, Socket } from "node:net";
import { RoamError } from "../errors.ts";
import type { Link, Listener } from "../link/link.ts";
import { duplexLink } from "./node-stream.ts";
import { socketFacts } from "./socket-facts.ts";

/**
 * Starts a server and hands up a link per connection.
 *
 * @throws RoamError `io` if the address cannot be had
 */
export function listenOn(
  server: Server,
  event: "connection" | "secureConnection",
  where: ListenOptions,
  options: {
    describe(bound: AddressInfo | string): string;
    onLink(link: Link): void;
    prepare(socket: Socket): void;
  },
): Promise<Listener> {
  server.on(event, (socket: Socket) => {
    options.prepare(socket);
    const peer =
      socket.remoteAddress === undefined ? "local" : `${socket.remoteAddress}:${socket.remotePort}`;
    options.onLink(duplexLink(socket, { peer, facts: socketFacts(socket) }));
  });
  return startListening(server, where, options.describe);
}

/** @throws RoamError `io` if the address cannot be had */
export function startListening(
  server: Server,
  where: ListenOptions,
  describe: (bound: AddressInfo | string) => string,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      const at = where.path ?? `${where.host ?? "*"}:${where.port}`;
      const reason = cause.code === "EADDRINUSE" ? "the address is in use" : cause.message;
      reject(new RoamError("io", `cannot listen on ${at}: ${reason}`, { cause }));
    };
    server.once("error", onError);
    server.listen(where, () => {
      server.off("error", onError);
      // Accept errors (too many open files) pass; the listener goes on.
      server.on("error", () => {});
      resolve({
        address: describe(server.address() as AddressInfo | string),
        // Without waiting for the links that exist: they live on.
        close: async () => void server.close(),
      });
    });
  });
}
