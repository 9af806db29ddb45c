import type { Server as HttpServer, IncomingMessage, RequestListener } from "node:http";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import { RoamError } from "../errors.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import type { Link, Listener } from "../link/link.ts";
import { isAllowedOrigin, type Origins } from "./origins.ts";
import { upgradeFacts } from "./socket-facts.ts";
import { type MessageSocket, type MessageSocketEvents, WebSocketLink } from "./websocket-link.ts";

/** A socket of the `ws` package, written to in one go per turn. */
class WsSocket implements MessageSocket {
  readonly #ws: WebSocket;
  readonly #tcp: Socket;
  /** As the package was told. */
  #maxMessageBytes: number | undefined;

  constructor(ws: WebSocket, tcp: Socket) {
    this.#ws = ws;
    this.#tcp = tcp;
  }

  start(events: MessageSocketEvents): void {
    let failure: RoamError | undefined;
    this.#ws.on("message", (data, isBinary) => {
      if (!isBinary) events.onText();
      else events.onMessage(bytesOf(data as Buffer));
    });
    this.#ws.on("error", (error) => {
      failure = asRoamError(error);
      // Without waiting for a close handshake with somebody who broke the protocol.
      this.#ws.terminate();
    });
    this.#ws.on("close", () => events.onClosed(failure));
    this.#ws.pause();
  }

  send(payload: Uint8Array, onTaken: () => void): void {
    this.#ws.send(payload, { binary: true }, onTaken);
  }

  cork(): void {
    this.#tcp.cork();
  }

  uncork(): void {
    this.#tcp.uncork();
  }

  close(onClosed: () => void): void {
    if (this.#ws.readyState === WebSocket.CLOSED) return onClosed();
    this.#ws.once("close", onClosed);
    this.#ws.close();
    this.#ws.resume();
  }

  destroy(): void {
    this.#ws.terminate();
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  // The package takes one limit, when a socket is made; but before the handshake nobody may have much
  // held. Where a version keeps it elsewhere the first limit stands.
  // r[impl session.x.limits]
  limit(maxMessageBytes: number): void {
    const { _receiver: receiver } = this.#ws as unknown as { _receiver?: { _maxPayload?: number } };
    if (receiver?._maxPayload === undefined) return;
    this.#maxMessageBytes ??= receiver._maxPayload;
    receiver._maxPayload = Math.min(maxMessageBytes, this.#maxMessageBytes);
  }
}

// r[impl zerocopy.recv.websocket]
function bytesOf(data: Buffer): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * The package buffers a message whole before it is seen here, so it needs the limit itself. A payload
 * compresses badly when it is small and costs a turn when it is large.
 */
function wsOptions(maxPayloadBytes = DEFAULT_LIMITS.maxPayloadBytes) {
  return { perMessageDeflate: false, maxPayload: maxPayloadBytes };
}

/** What the package reports, in our terms. */
function asRoamError(error: Error & { code?: string }): RoamError {
  const isTooLarge = error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
  return new RoamError(isTooLarge ? "too-large" : "io", error.message, { cause: error });
}

/**
 * Dials a WebSocket with the `ws` package: headers, TLS options and real backpressure.
 *
 * @throws RoamError `io` if it cannot be opened
 */
export function dialWs(
  url: string,
  options: { signal?: AbortSignal; maxPayloadBytes?: number; ws?: ClientOptions } = {},
): Promise<Link> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { ...wsOptions(options.maxPayloadBytes), ...options.ws });
    let tcp: Socket | undefined;
    const onAbort = () => {
      ws.terminate();
      reject(signal?.reason);
    };
    const onError = (cause: Error) => {
      signal?.removeEventListener("abort", onAbort);
      reject(new RoamError("io", `cannot connect to ${url}: ${cause.message}`, { cause }));
    };
    ws.once("upgrade", (response) => {
      tcp = response.socket;
    });
    ws.on("error", onError);
    ws.once("open", () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(new WebSocketLink(new WsSocket(ws, tcp as Socket), { peer: url }));
      ws.off("error", onError);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

export interface WebSocketListenOptions {
  /** Attach to this server instead of making one; it stays the caller's to listen and close. */
  readonly server?: HttpServer;
  readonly host?: string;
  readonly port?: number;
  /** Only upgrades of this path (default `/`, any). */
  readonly path?: string;
  /**
   * Pages that may connect, as `https://app.example` (default: those of the host that was asked for, on any port).
   * Clients that are no browsers send no origin and are taken; "any" takes pages from everywhere.
   */
  readonly origins?: Origins;
  /** Makes it `wss:`. With `requestCert` clients are asked for a certificate. */
  readonly tls?: TlsOptions;
  /** Which upgrades to take, by their headers; without `origins` it decides about them too. */
  readonly accept?: (request: IncomingMessage) => boolean;
  /** Largest message taken (bytes; default that of the session's limits). */
  readonly maxPayloadBytes?: number;
  /** Time for TLS, and for the head of a request (ms); those of a server of the caller's are the caller's. */
  readonly handshakeTimeoutMs?: number;
  /** Sockets open at a time, upgraded or not. */
  readonly maxLinks?: number;
}

/** Listens for WebSockets, on a server of its own or on one given. */
export function listenWebSocket(
  options: WebSocketListenOptions,
  onLink: (link: Link) => void,
): Promise<Listener> {
  const http = options.server ?? serverFor(options);
  const scheme = options.tls === undefined ? "ws" : "wss";
  const wss = new WebSocketServer({ ...wsOptions(options.maxPayloadBytes), noServer: true });
  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const [path] = (request.url ?? "/").split("?");
    if (options.path !== undefined && options.path !== path) {
      // On a server of the caller's, another path is another's to answer.
      if (options.server === undefined) refuse(socket, "404 Not Found");
      return;
    }
    if (!isWelcome(request, options)) return refuse(socket, "403 Forbidden");
    socket.setNoDelay(true);
    wss.handleUpgrade(request, socket, head, (ws) => {
      const peer = `${scheme}://${socket.remoteAddress}:${socket.remotePort}`;
      onLink(new WebSocketLink(new WsSocket(ws, socket), { peer, facts: upgradeFacts(request) }));
    });
  };
  http.on("upgrade", onUpgrade);
  const close = async () => {
    http.off("upgrade", onUpgrade);
    wss.close();
    // Without waiting for the links that exist: they live on.
    if (options.server === undefined) http.close();
  };
  // A server of the caller's may start to listen later; once known, the address stays.
  let address = "ws: (not listening)";
  const addressNow = () => {
    const bound = http.address() as AddressInfo | null;
    if (bound === null) return address;
    const host = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    address = `${scheme}://${host}:${bound.port}${options.path ?? "/"}`;
    return address;
  };
  const listener = (): Listener => {
    addressNow();
    return {
      get address() {
        return addressNow();
      },
      close,
    };
  };
  if (options.server !== undefined) return Promise.resolve(listener());
  return new Promise((resolve, reject) => {
    http.once("error", (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === "EADDRINUSE" ? "the address is in use" : cause.message;
      reject(
        new RoamError("io", `cannot listen on ${options.host ?? "*"}:${options.port}: ${reason}`, { cause }),
      );
    });
    http.listen({ host: options.host, port: options.port ?? 0 }, () => {
      http.on("error", () => {});
      resolve(listener());
    });
  });
}

/** How often it is seen whether the time of a request is over (ms). */
const CHECK_MS = 1000;

/** Sockets are no links before they are upgraded: until then their limits are kept here. */
// r[impl session.x.limits]
function serverFor({ tls, handshakeTimeoutMs, maxLinks }: WebSocketListenOptions): HttpServer {
  const headersTimeout = handshakeTimeoutMs ?? DEFAULT_LIMITS.handshakeTimeoutMs;
  const times = {
    headersTimeout,
    requestTimeout: headersTimeout,
    connectionsCheckingInterval: Math.min(CHECK_MS, Math.max(1, headersTimeout)),
  };
  const upgradeRequired: RequestListener = (_request, response) => response.writeHead(426).end();
  const server =
    tls === undefined
      ? createServer(times, upgradeRequired)
      : createHttpsServer({ ...times, handshakeTimeout: headersTimeout, ...tls }, upgradeRequired);
  server.maxConnections = maxLinks ?? DEFAULT_LIMITS.maxLinks;
  return server;
}

function isWelcome(request: IncomingMessage, { accept, origins }: WebSocketListenOptions): boolean {
  if (accept === undefined) return isAllowedOrigin(request.headers, origins);
  return accept(request) && (origins === undefined || isAllowedOrigin(request.headers, origins));
}

function refuse(socket: Socket, status: string): void {
  // Nobody else listens any more: a client that is gone already must not take the process along.
  socket.on("error", () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}
