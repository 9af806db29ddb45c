import type { TlsOptions } from "node:tls";
import { RoamError } from "../errors.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import type { Link, Listener } from "../link/link.ts";
import type { PeerFacts } from "../link/peer-facts.ts";
import { isAllowedOrigin, type Origins } from "./origins.ts";
import { dialWebSocket } from "./websocket.ts";
import { type MessageSocket, type MessageSocketEvents, WebSocketLink } from "./websocket-link.ts";

/** What is used of `Bun`, whose types are no dependency. */
interface BunWebSocket {
  readonly data: Upgrade;
  send(payload: Uint8Array): number;
  getBufferedAmount(): number;
  close(): void;
  terminate(): void;
}
interface BunServer {
  readonly port: number;
  readonly hostname: string;
  upgrade(request: Request, options: { readonly data: Upgrade }): boolean;
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
  stop(): Promise<void>;
}
declare const Bun: { serve(options: object): BunServer };

/** Larger than what a link lets wait, or a message would be dropped without a word (bytes). */
const BACKPRESSURE_LIMIT = 2 ** 30;
/** What Bun says of a message above the limit; the code beside it is that of any lost socket. */
const TOO_LARGE = "Received too big message";

/** What is known of a socket before it is open, and who hears of it then. */
class Upgrade {
  readonly peer: string;
  readonly facts: PeerFacts;
  socket: BunSocket | undefined;

  constructor(peer: string, facts: PeerFacts) {
    this.peer = peer;
    this.facts = facts;
  }
}

/** One of Bun's own sockets; it cannot stop reading, as a browser's cannot. */
class BunSocket implements MessageSocket {
  readonly #ws: BunWebSocket;
  /** Sent and not yet known to have left, oldest first. */
  #waiting: { readonly bytes: number; readonly onTaken: () => void }[] = [];
  #onClosed: (() => void) | undefined;
  events: MessageSocketEvents | undefined;

  constructor(ws: BunWebSocket) {
    this.#ws = ws;
  }

  start(events: MessageSocketEvents): void {
    this.events = events;
  }

  send(payload: Uint8Array, onTaken: () => void): void {
    this.#ws.send(payload);
    if (this.#ws.getBufferedAmount() === 0) onTaken();
    else this.#waiting.push({ bytes: payload.length, onTaken });
  }

  onDrain(): void {
    // What is buffered is the newest; everything older than that has left.
    let newest = this.#ws.getBufferedAmount();
    let kept = this.#waiting.length;
    while (kept > 0 && newest > 0) newest -= (this.#waiting[--kept] as { bytes: number }).bytes;
    for (const { onTaken } of this.#waiting.splice(0, kept)) onTaken();
  }

  onClose(reason: string): void {
    const isTooLarge = reason === TOO_LARGE;
    this.events?.onClosed(isTooLarge ? new RoamError("too-large", "a message above the limit") : undefined);
    this.#onClosed?.();
  }

  close(onClosed: () => void): void {
    this.#onClosed = onClosed;
    this.#ws.close();
  }

  destroy(): void {
    this.#waiting = [];
    this.events = undefined;
    this.#ws.terminate();
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
}

/** As `listenWebSocket` has them in Node, but for a server of the caller's: see `bunWebSocket`. */
export interface WebSocketListenOptions {
  readonly host?: string;
  readonly port?: number;
  /** Only upgrades of this path (default `/`, any). */
  readonly path?: string;
  /** Pages that may connect (default: those of the host that was asked for, on any port). */
  readonly origins?: Origins;
  /** Makes it `wss:`. */
  readonly tls?: TlsOptions;
  /** Which upgrades to take; without `origins` it decides about them too. */
  readonly accept?: (request: Request) => boolean;
  /** Largest message taken (bytes; default that of the session's limits). */
  readonly maxPayloadBytes?: number;
}

/** What a server of the caller's needs to take WebSockets. */
export interface BunWebSocketParts {
  /** @returns what to answer; undefined if the request became a WebSocket */
  fetch(request: Request, server: BunServer): Response | undefined;
  /** The `websocket` option of `Bun.serve`. */
  readonly websocket: object;
}

/** The parts of `Bun.serve` that make links of upgrades, for a server that serves other things too. */
export function bunWebSocket(
  options: Omit<WebSocketListenOptions, "host" | "port">,
  onLink: (link: Link) => void,
): BunWebSocketParts {
  const scheme = options.tls === undefined ? "ws" : "wss";
  return {
    fetch(request, server) {
      const status = refusalOf(request, options);
      if (status !== undefined) return new Response(null, { status });
      const from = server.requestIP(request);
      const facts: PeerFacts = {
        ...(from && { address: from.address.replace(/^::ffff:(?=\d+\.)/, ""), port: from.port }),
        headers: Object.fromEntries(request.headers),
      };
      const data = new Upgrade(`${scheme}://${from?.address}:${from?.port}`, facts);
      return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 426 });
    },
    websocket: {
      idleTimeout: 0,
      perMessageDeflate: false,
      backpressureLimit: BACKPRESSURE_LIMIT,
      maxPayloadLength: options.maxPayloadBytes ?? DEFAULT_LIMITS.maxPayloadBytes,
      open(ws: BunWebSocket) {
        const { data } = ws;
        data.socket = new BunSocket(ws);
        onLink(new WebSocketLink(data.socket, data));
      },
      message({ data }: BunWebSocket, message: string | Uint8Array) {
        if (typeof message === "string") data.socket?.events?.onText();
        else
          data.socket?.events?.onMessage(new Uint8Array(message.buffer, message.byteOffset, message.length));
      },
      drain: ({ data }: BunWebSocket) => data.socket?.onDrain(),
      close: ({ data }: BunWebSocket, _code: number, reason: string) => data.socket?.onClose(reason),
    },
  };
}

/** Listens for WebSockets on a server of its own. */
export async function listenWebSocket(
  options: WebSocketListenOptions,
  onLink: (link: Link) => void,
): Promise<Listener> {
  if ("server" in options) throw new TypeError("Bun has no upgrades on a node:http server: see bunWebSocket");
  const { host, port = 0, tls, path = "/" } = options;
  let server: BunServer;
  try {
    server = Bun.serve({ hostname: host, port, tls, ...bunWebSocket(options, onLink) });
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    const reason = isTaken ? "the address is in use" : String((cause as Error).message);
    throw new RoamError("io", `cannot listen on ${host ?? "*"}:${port}: ${reason}`, { cause });
  }
  const { hostname } = server;
  const shown = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    address: `${tls === undefined ? "ws" : "wss"}://${shown}:${server.port}${path}`,
    // Without waiting for the links that exist: they live on.
    close: async () => void server.stop(),
  };
}

/**
 * Dials a WebSocket.
 *
 * @param options.ws what Bun's `WebSocket` takes beside the address: `headers`, `tls`
 * @throws RoamError `io` if it cannot be opened
 */
export function dialWs(
  url: string,
  options: { signal?: AbortSignal; maxPayloadBytes?: number; ws?: object } = {},
): Promise<Link> {
  const { signal, ws } = options;
  // What it takes in that place is options elsewhere, too.
  const Constructor = WebSocket as unknown as new (url: string, options?: object) => WebSocket;
  class OwnWebSocket {
    constructor(address: string) {
      // biome-ignore lint/correctness/noConstructorReturn: a constructor is what is asked for
      return new Constructor(address, ws) as unknown as OwnWebSocket;
    }
  }
  return dialWebSocket(url, {
    ...(signal === undefined ? {} : { signal }),
    WebSocket: OwnWebSocket as unknown as new (url: string) => WebSocket,
  });
}

/** @returns the status to refuse an upgrade with */
function refusalOf(request: Request, options: WebSocketListenOptions): number | undefined {
  const { path, accept, origins } = options;
  if (path !== undefined && new URL(request.url).pathname !== path) return 404;
  if (accept !== undefined && !accept(request)) return 403;
  if (accept !== undefined && origins === undefined) return undefined;
  const origin = request.headers.get("origin") ?? undefined;
  const host = request.headers.get("host") ?? undefined;
  return isAllowedOrigin({ origin, host }, origins) ? undefined : 403;
}
