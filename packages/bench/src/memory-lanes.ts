import { type AddressInfo, createServer, connect as netConnect } from "node:net";
import type { Contender } from "./contender.ts";
import { contenderNamed } from "./contenders.ts";
import type { Peer } from "./peer.ts";

/** What memory is measured of: a connection that makes a call and is then left alone. */
export interface MemoryLane extends Pick<Contender, "name" | "raw" | "serve"> {
  open(address: string): Promise<Pick<Peer, "call">>;
}

const HOST = "127.0.0.1";
/** As large as a small call of ours is on the wire (bytes). */
const SMALL = Buffer.alloc(24);

/** A socket with one listener on each side: the least that can be idle, below any RPC. */
const socket: MemoryLane = {
  name: "socket",
  raw: undefined,
  serve() {
    const server = createServer((far) => {
      far.on("data", (chunk) => far.write(chunk)).on("error", () => {});
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, HOST, () => resolve(String((server.address() as AddressInfo).port)));
    });
  },
  open: (address) =>
    new Promise((resolve, reject) => {
      const near = netConnect(Number(address), HOST);
      let onAnswer = () => {};
      near.on("data", () => onAnswer());
      near.once("error", reject);
      near.once("connect", () => {
        resolve({
          call: () =>
            new Promise<void>((done) => {
              onAnswer = done;
              near.write(SMALL);
            }),
        });
      });
    }),
};

/** Those of the benchmark that run over sockets, with what they are compared with. */
export const OURS: readonly string[] = ["tcp", "tcp-stable", "ws", "ws-stable"];
export const LIMITS: readonly string[] = ["socket", "tcp-raw", "ws-raw"];

/** @throws TypeError if there is no such lane */
export async function memoryLane(name: string): Promise<MemoryLane> {
  return name === socket.name ? socket : contenderNamed(name);
}
