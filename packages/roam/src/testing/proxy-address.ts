import type { AddressInfo } from "node:net";

/** `tcp://…`, `ws://…`, `unix:…` (whose bytes pass as they are, so `tls:` and `wss:` too), or its parts. */
export type ProxyAddress =
  | string
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** An address taken apart: what sockets want to know, and what a URL says beyond it. */
export interface Endpoint {
  readonly scheme: string;
  readonly socket: { readonly host: string; readonly port: number } | { readonly path: string };
  /** Path and query of the URL. */
  readonly rest: string;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { ws: 80, wss: 443 };

/** @throws TypeError for a URL without host or port */
export function endpointOf(address: ProxyAddress): Endpoint {
  if (typeof address !== "string") {
    return { scheme: "path" in address ? "unix" : "tcp", socket: address, rest: "" };
  }
  if (address.startsWith("unix:")) return endpointOf({ path: address.slice(5).replace(/^\/\/(?=\/)/, "") });
  const { protocol, hostname, port, pathname, search } = new URL(address);
  const scheme = protocol.slice(0, -1);
  const portNumber = port === "" ? DEFAULT_PORTS[scheme] : Number(port);
  if (hostname === "" || portNumber === undefined) throw new TypeError(`${address} needs a host and a port`);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { scheme, socket: { host, port: portNumber }, rest: pathname + search };
}

export function urlOf({ scheme, socket, rest }: Endpoint): string {
  if ("path" in socket) return `unix:${socket.path}`;
  const host = socket.host.includes(":") ? `[${socket.host}]` : socket.host;
  return `${scheme}://${host}:${socket.port}${rest}`;
}

/** What a server that listens says of itself. */
export function boundTo(address: AddressInfo | string | null): Endpoint {
  if (typeof address === "string") return endpointOf({ path: address });
  const { address: host, port } = address as AddressInfo;
  return endpointOf({ host, port });
}
