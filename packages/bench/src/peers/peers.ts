import type { Contender } from "../contender.ts";
import type { System } from "./system.ts";

/** A system is loaded by the process that uses it, when it does. */
export interface ListedSystem {
  readonly name: string;
  load(): Promise<System>;
}

export const systems: readonly ListedSystem[] = [
  { name: "rsocket", load: () => import("./rsocket.ts") },
  { name: "socket.io", load: () => import("./socket-io.ts") },
  { name: "zeromq", load: () => import("./zeromq.ts") },
  { name: "capnweb", load: () => import("./capnweb.ts") },
  { name: "nats", load: () => import("./nats.ts") },
  { name: "trpc", load: () => import("./trpc.ts") },
  { name: "river", load: () => import("./river.ts") },
  { name: "grpc-js", load: () => import("./grpc-js.ts") },
  { name: "connect-node", load: () => import("./connect-node.ts") },
];

/** The other RPC systems, all compared with the bare TCP socket. */
export const peers: readonly Contender[] = systems.map(({ name, load }) => ({
  name,
  raw: "tcp-raw",
  serve: async (directory) => (await (await load()).serve(directory)).address,
  open: async (address) => (await load()).open(address),
}));
