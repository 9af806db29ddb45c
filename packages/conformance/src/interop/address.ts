import { join } from "node:path";
import type { Link, Listener } from "roam/link";
import { dialLocal, listenLocal } from "roam/local";
import { dialTcp, listenTcp } from "roam/tcp";
import { dialWs, listenWebSocket } from "roam/websocket-server";

export const SOCKET_KINDS = ["tcp", "unix", "ws"] as const;
export type SocketKind = (typeof SOCKET_KINDS)[number];

interface AddressForm {
  /** For one who listens: any free one. */
  free(directory: string): string;
  url(address: string): string;
  dial(address: string, signal?: AbortSignal): Promise<Link>;
  listen(address: string, onLink: (link: Link) => void): Promise<Listener>;
}

/** Addresses as the Rust peer writes them: `HOST:PORT`, or a path. */
export const ADDRESSES: Readonly<Record<SocketKind, AddressForm>> = {
  tcp: {
    free: () => "127.0.0.1:0",
    url: (address) => `tcp://${address}`,
    dial: (address, signal) => dialTcp(hostAndPort(address), { ...(signal && { signal }) }),
    listen: (address, onLink) => listenTcp(hostAndPort(address), onLink),
  },
  ws: {
    free: () => "127.0.0.1:0",
    url: (address) => `ws://${address}/`,
    dial: (address, signal) => dialWs(`ws://${address}/`, { ...(signal && { signal }) }),
    listen: (address, onLink) => listenWebSocket(hostAndPort(address), onLink),
  },
  unix: {
    free: (directory) => join(directory, `${nextSocket++}.sock`),
    url: (path) => `unix:${path}`,
    dial: (path, signal) => dialLocal(path, { ...(signal && { signal }) }),
    listen: (path, onLink) => listenLocal(path, onLink),
  },
};
let nextSocket = 0;

/** What a listener of ours, which tells URLs, is to the Rust peer. */
export function bareAddress(url: string): string {
  // The URL parser knows no hosts of other schemes.
  return url.startsWith("unix:")
    ? url.slice("unix:".length)
    : new URL(url.replace(/^(tcp|ws):/, "http:")).host;
}

function hostAndPort(address: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(`http://${address}`);
  return { host, port: Number(port) };
}
