import type { Peer } from "./peer.ts";
import { rawNetPeer, rawWsPeer } from "./raw/raw-transports.ts";
import { memoryPeer, roamPeer } from "./roam-peer.ts";
import type { ServerProcess } from "./server-process.ts";

/** One way to the serving side: ours on a transport, or the bare transport. */
export interface Lane {
  readonly name: string;
  /** The bare lane that ours is compared with. */
  readonly raw: string | undefined;
  open(server: ServerProcess): Promise<Peer>;
}

export const lanes: readonly Lane[] = [
  { name: "memory", raw: undefined, open: ({ isAdaptive }) => memoryPeer(isAdaptive) },
  { name: "tcp-raw", raw: undefined, open: ({ addresses }) => rawNetPeer(addresses["tcp-raw"]) },
  { name: "tcp", raw: "tcp-raw", open: ({ addresses, isAdaptive }) => roamPeer(addresses.tcp, isAdaptive) },
  {
    name: "tcp-stable",
    raw: "tcp-raw",
    open: ({ addresses, isAdaptive }) => roamPeer(addresses.tcp, isAdaptive, "stable"),
  },
  { name: "unix-raw", raw: undefined, open: ({ addresses }) => rawNetPeer(addresses["unix-raw"]) },
  {
    name: "unix",
    raw: "unix-raw",
    open: ({ addresses, isAdaptive }) => roamPeer(addresses.unix, isAdaptive),
  },
  { name: "ws-raw", raw: undefined, open: ({ addresses }) => rawWsPeer(addresses["ws-raw"]) },
  { name: "ws", raw: "ws-raw", open: ({ addresses, isAdaptive }) => roamPeer(addresses.ws, isAdaptive) },
];
