import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import type { Peer } from "../peer.ts";
import { NetSocket } from "./net-socket.ts";
import { RawPeer } from "./raw-peer.ts";
import type { RawWindow } from "./raw-stream.ts";
import { serveRaw } from "./serve-raw.ts";
import { WsSocket } from "./ws-socket.ts";

/** Where a raw server listens: a port, or a path. */
export interface RawServer {
  readonly address: string;
  close(): Promise<void>;
}

const UNLIMITED = Number.POSITIVE_INFINITY;
const HOST = "127.0.0.1";
const WS_OPTIONS = { perMessageDeflate: false, maxPayload: 0xffff_ffff } as const;

/** Serves frames on the path of a Unix socket, or on a free port where there is none. */
export function serveRawNet(window: RawWindow = UNLIMITED, path?: string): Promise<RawServer> {
  const server = createServer((socket) => serveRaw(new NetSocket(socket), window));
  return new Promise((resolve, reject) => {
    const close = () => new Promise<void>((done) => void server.close(() => done()));
    server.once("error", reject);
    server.listen(path === undefined ? { port: 0, host: HOST } : { path }, () =>
      resolve({ address: path ?? String((server.address() as AddressInfo).port), close }),
    );
  });
}

/** @param address as `serveRawNet` has it */
export function rawNetPeer(address: string, window: RawWindow = UNLIMITED): Promise<Peer> {
  const port = Number(address);
  const socket = netConnect(Number.isInteger(port) ? { port, host: HOST } : { path: address });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve(new RawPeer(new NetSocket(socket), window)));
  });
}

/** Serves WebSockets on a free port. @returns the port */
export async function serveRawWs(window: RawWindow = UNLIMITED): Promise<string> {
  const { WebSocketServer } = await import("ws");
  const http = createHttpServer();
  const wss = new WebSocketServer({ ...WS_OPTIONS, noServer: true });
  http.on("upgrade", (request, socket: Socket, head) => {
    wss.handleUpgrade(request, socket, head, (ws) => serveRaw(new WsSocket(ws, socket), window));
  });
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(0, HOST, () => resolve(String((http.address() as AddressInfo).port)));
  });
}

export async function rawWsPeer(port: string, window: RawWindow = UNLIMITED): Promise<Peer> {
  const { WebSocket } = await import("ws");
  const ws = new WebSocket(`ws://${HOST}:${port}/`, WS_OPTIONS);
  return new Promise((resolve, reject) => {
    let tcp: Socket;
    ws.once("error", reject);
    ws.once("upgrade", (response) => {
      tcp = response.socket;
    });
    ws.once("open", () => resolve(new RawPeer(new WsSocket(ws, tcp), window)));
  });
}
