import type { ConnectionOptions, TlsOptions } from "node:tls";
import { useGeneratedCode } from "roam-postcard/generated";
import type { ClientOptions } from "ws";
import { asError, RoamError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import { type Transports, unknownScheme } from "./dial.ts";
import { dialLocal, listenLocal } from "./local.ts";
import { stdioLink } from "./stdio.ts";
import { dialTcp, dialTls, listenTcp, listenTls, type TcpAddress } from "./tcp.ts";
import type { WebSocketListenOptions } from "./websocket-server.ts";

// Services are described after this module is loaded. Pages never load it: theirs is the slim one.
useGeneratedCode();

const KNOWN = "tcp:, tls:, unix:, ws:, wss: and stdio:";

/** Node, and what runs its modules: everything but a browser. */
export const transports: Transports = {
  async dial(url, { signal, transport, limits = {} }) {
    const options = signal === undefined ? {} : { signal };
    switch (schemeOf(url)) {
      case "tcp":
        return dialTcp(tcpAddress(url), options);
      case "tls":
        return dialTls(tcpAddress(url), { ...options, tls: transport as ConnectionOptions });
      case "unix":
        return dialLocal(localPath(url), options);
      case "ws":
      case "wss":
        return (await websockets()).dialWs(url, {
          ...options,
          ...defined(limits, "maxPayloadBytes"),
          ws: transport as ClientOptions,
        });
      case "stdio":
        return stdioLink();
      default:
        throw unknownScheme(url, KNOWN);
    }
  },
  async listen(url, { transport, limits = {} }, onLink) {
    switch (schemeOf(url)) {
      case "tcp":
        return listenTcp(tcpAddress(url), onLink);
      case "tls":
        return listenTls(
          tcpAddress(url),
          { tls: transport as TlsOptions, ...defined(limits, "handshakeTimeoutMs", "maxLinks") },
          onLink,
        );
      case "unix":
        return listenLocal(localPath(url), onLink);
      case "ws":
      case "wss": {
        const { hostname, port, pathname } = parse(url);
        const path = pathname === "/" ? {} : { path: pathname };
        const given = transport as WebSocketListenOptions | undefined;
        if (schemeOf(url) === "wss" && given?.tls === undefined) {
          throw new TypeError(
            `${JSON.stringify(url)} needs a certificate: transport: { tls: { key, cert } }`,
          );
        }
        const options = {
          host: unbracketed(hostname),
          port: Number(port || (schemeOf(url) === "ws" ? 80 : 443)),
          ...path,
          ...defined(limits, "maxPayloadBytes", "handshakeTimeoutMs", "maxLinks"),
          ...given,
        };
        return (await websockets()).listenWebSocket(options, onLink);
      }
      case "stdio":
        onLink(stdioLink());
        return { address: "stdio:", close: async () => {} };
      default:
        throw unknownScheme(url, KNOWN);
    }
  },
};

function schemeOf(url: string): string {
  return /^([a-z]+):/.exec(url)?.[1] ?? "";
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new TypeError(`not a URL: ${JSON.stringify(url)}`);
  }
}

function tcpAddress(url: string): TcpAddress {
  const { hostname, port } = parse(url);
  if (hostname === "" || port === "") throw new TypeError(`${JSON.stringify(url)} needs a host and a port`);
  return { host: unbracketed(hostname), port: Number(port) };
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

function localPath(url: string): string {
  return url.slice("unix:".length).replace(/^\/\/(?=\/)/, "");
}

// `ws` is an optional peer: only those who use WebSockets in Node install it.
async function websockets(): Promise<typeof import("#websocket-server")> {
  try {
    return await import("#websocket-server");
  } catch (thrown) {
    const cause = asError(thrown) as NodeJS.ErrnoException;
    // It may be there and not be read: for want of open files, say.
    const reason =
      cause.code === "ERR_MODULE_NOT_FOUND"
        ? "WebSockets in Node need the package ws: npm install ws"
        : `WebSockets cannot be loaded: ${cause.message}`;
    throw new RoamError("io", reason, { cause });
  }
}

/** Those of some limits that are given. */
function defined<K extends keyof Limits>(
  limits: Partial<Limits>,
  ...names: readonly K[]
): Partial<Pick<Limits, K>> {
  const given: Partial<Pick<Limits, K>> = {};
  for (const name of names) if (limits[name] !== undefined) given[name] = limits[name];
  return given;
}
