import { mkdtempSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { implement, type ServeOptions, type Server, serveHandler } from "roam";
import { type FaultProxy, faultProxy } from "roam/fault-proxy";
import { listenLocal } from "roam/local";
import { listenTcp } from "roam/tcp";
import { listenWebSocket } from "roam/websocket-server";
import { testbedHandlers } from "./handlers.ts";
import { monitorHandlers } from "./load.ts";
import { Monitor } from "./monitor.ts";
import type { Options } from "./options.ts";
import { cannotListen, isFromHere, servePage } from "./page-server.ts";
import { Testbed } from "./testbed.ts";

/** Testbed on three links at once, and Monitor on virtual connections of each. */
export interface Serving {
  readonly links: readonly { readonly name: string; readonly address: string }[];
  /** Where a browser finds the page. */
  readonly page: string;
  /** Calls being served. */
  readonly running: number;
  /** Takes no new calls, lets those being served finish (at most `timeoutMs`), closes everything. */
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}

/** @throws RoamError `io` if an address cannot be had; whatever was opened before is closed then */
export async function startServing({ tcp, unix, wsPort }: Options): Promise<Serving> {
  const closing = new AbortController();
  const testbed = implement(Testbed, testbedHandlers);
  let proxy: FaultProxy | undefined;
  const links = () => proxy as FaultProxy;
  const options: ServeOptions = { services: [implement(Monitor, monitorHandlers(closing.signal, links))] };
  const servers: Server[] = [];
  // The socket's own; removed even by those who leave at once.
  const folder = unix === undefined ? mkdtempSync(join(tmpdir(), "roam-testbed-")) : undefined;
  const removeFolder = () => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  process.on("exit", removeFolder);
  let http: HttpServer | undefined;
  const end = async (endOf: (server: Server) => Promise<void>) => {
    closing.abort();
    await Promise.all(servers.map(endOf));
    if (http !== undefined) await closeHttp(http);
    await proxy?.close();
    removeFolder();
    process.off("exit", removeFolder);
  };
  try {
    servers.push(await serveHandler((onLink) => listenTcp(tcp, onLink), testbed, options));
    const path = unix ?? join(folder ?? "", "testbed.sock");
    servers.push(await serveHandler((onLink) => listenLocal(path, onLink), testbed, options));
    const server = await servePage();
    http = server;
    const webSocket = { server, accept: isFromHere };
    const inner = await serveHandler((onLink) => listenWebSocket(webSocket, onLink), testbed, options);
    servers.push(inner);
    // The page and its WebSocket pass through what can cut them.
    proxy = await proxyTo(inner.address, wsPort);
  } catch (error) {
    await end((server) => server.close());
    throw error;
  }
  const [tcpServer, unixServer] = servers;
  return {
    links: [
      { name: "tcp", address: tcpServer?.address ?? "" },
      { name: "unix", address: unixServer?.address ?? "" },
      { name: "ws", address: proxy.url() },
    ],
    page: proxy.url("http"),
    get running() {
      const sessions = servers.flatMap((server) => [...server.sessions]);
      return sessions.reduce((sum, session) => sum + session.running, 0);
    },
    drain: (drainOptions) => end((server) => server.drain(drainOptions)),
  };
}

async function proxyTo(upstream: string, port: number): Promise<FaultProxy> {
  try {
    return await faultProxy({ upstream, listen: { host: "127.0.0.1", port } });
  } catch (error) {
    throw cannotListen(port, (error as Error).cause);
  }
}

async function closeHttp(http: HttpServer): Promise<void> {
  const closed = new Promise((done) => void http.close(done));
  http.closeAllConnections();
  await closed;
}
