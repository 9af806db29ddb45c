import { type AddressInfo, createServer, isIP, connect as netConnect, type Socket } from "node:net";
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  type TlsOptions,
  connect as tlsConnect,
} from "node:tls";
import { DEFAULT_LIMITS } from "../limits.ts";
import type { Link, Listener } from "../link/link.ts";
import { connected, duplexLink } from "./node-stream.ts";
import { listenOn } from "./socket-server.ts";

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

// The far side may close its direction and still read ours: half-open is part of the contract.
const SOCKET_OPTIONS = { allowHalfOpen: true } as const;

// Payloads are batched per turn already; Nagle's algorithm would only hold them back.
function prepare(socket: Socket): void {
  socket.setNoDelay(true);
}

/**
 * Dials a TCP address.
 *
 * @throws RoamError `io` if nobody answers
 */
export async function dialTcp(address: TcpAddress, options: { signal?: AbortSignal } = {}): Promise<Link> {
  const peer = `tcp://${address.host}:${address.port}`;
  const socket = netConnect({ host: address.host, port: address.port, ...SOCKET_OPTIONS });
  prepare(socket);
  return duplexLink(await connected(socket, "connect", peer, options.signal), { peer });
}

/** Listens on a TCP address; port 0 takes a free one, which `address` tells. */
export function listenTcp(address: TcpAddress, onLink: (link: Link) => void): Promise<Listener> {
  return listenOn(
    createServer(SOCKET_OPTIONS),
    "connection",
    { host: address.host, port: address.port },
    {
      describe: (bound) => `tcp://${hostPort(bound as AddressInfo)}`,
      onLink,
      prepare,
    },
  );
}

/**
 * Dials TLS over TCP. `tls` is Node's own option set: `ca`, `servername`, and `cert` and `key`
 * where the server asks for a client certificate.
 *
 * @throws RoamError `io` if nobody answers or the certificate is not trusted
 */
export async function dialTls(
  address: TcpAddress,
  options: { signal?: AbortSignal; tls?: ConnectionOptions } = {},
): Promise<Link> {
  const peer = `tls://${address.host}:${address.port}`;
  const socket = tlsConnect({
    // A server name is a name; for an address the certificate is checked against the address.
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    ...options.tls,
    ...SOCKET_OPTIONS,
    host: address.host,
    port: address.port,
  });
  prepare(socket);
  return duplexLink(await connected(socket, "secureConnect", peer, options.signal), { peer });
}

/** Listens for TLS. With `requestCert` and `rejectUnauthorized` only known clients get a link. */
export function listenTls(
  address: TcpAddress,
  options: { tls: TlsOptions; handshakeTimeoutMs?: number; maxLinks?: number },
  onLink: (link: Link) => void,
): Promise<Listener> {
  const { handshakeTimeoutMs, maxLinks } = { ...DEFAULT_LIMITS, ...options };
  const server = createTlsServer({
    ...SOCKET_OPTIONS,
    handshakeTimeout: handshakeTimeoutMs,
    ...options.tls,
  });
  // Sockets are no links before TLS is set up: until then their limits are kept here.
  // r[impl session.x.limits]
  server.maxConnections = maxLinks;
  // Node closes those that fail, but not those whose time is over.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return listenOn(
    server,
    "secureConnection",
    { host: address.host, port: address.port },
    {
      describe: (bound) => `tls://${hostPort(bound as AddressInfo)}`,
      onLink,
      prepare,
    },
  );
}

function hostPort({ address, family, port }: AddressInfo): string {
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}
