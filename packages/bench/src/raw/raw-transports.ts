import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Peer } from "../peer.ts";
import { NetSocket } from "./net-socket.ts";
import { RawPeer, serveRaw } from "./raw-peer.ts";
import { WsSocket } from "./ws-socket.ts";

/** Where a raw server listens: a port, or a path. */
export type RawAddress = number | string;

export interface RawServer {
  readonly address: RawAddress;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const WS_OPTIONS = { perMessageDeflate: false, maxPayload: 0xffff_ffff } as const;

/** Serves frames on a free port, or on the path of a Unix socket. */
export function serveRawNet(path?: string): Promise<RawServer> {
  const server = createServer((socket) => serveRaw(new NetSocket(socket)));
  return new Promise((resolve, reject) => {
    const close = () => new Promise<void>((done) => void server.close(() => done()));
    server.once("error", reject);
    if (path !== undefined) server.listen(path, () => resolve({ address: path, close }));
    else {
      server.listen(0, HOST, () => resolve({ address: (server.address() as AddressInfo).port, close }));
    }
  });
}

/** Serves WebSockets on a free port. */
export function serveRawWs(): Promise<RawAddress> {
  const http = createHttpServer();
  const wss = new WebSocketServer({ ...WS_OPTIONS, noServer: true });
  http.on("upgrade", (request, socket: Socket, head) => {
    wss.handleUpgrade(request, socket, head, (ws) => serveRaw(new WsSocket(ws, socket)));
  });
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(0, HOST, () => resolve((http.address() as AddressInfo).port));
  });
}

export function rawNetPeer(address: RawAddress): Promise<Peer> {
  const socket = typeof address === "string" ? netConnect(address) : netConnect(address, HOST);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve(new RawPeer(new NetSocket(socket))));
  });
}

export function rawWsPeer(address: RawAddress): Promise<Peer> {
  const ws = new WebSocket(`ws://${HOST}:${address}/`, WS_OPTIONS);
  return new Promise((resolve, reject) => {
    let tcp: Socket;
    ws.once("error", reject);
    ws.once("upgrade", (response) => {
      tcp = response.socket;
    });
    ws.once("open", () => resolve(new RawPeer(new WsSocket(ws, tcp))));
  });
}
