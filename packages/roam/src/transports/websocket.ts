import { RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import type { PeerFacts } from "../link/peer-facts.ts";
import { type MessageSocket, type MessageSocketEvents, WebSocketLink } from "./websocket-link.ts";

/** How often `bufferedAmount` is looked at while bytes wait: browsers have no event for it (ms). */
const POLL_MS = 4;

/** `WebSocket.OPEN`, for platforms that have sockets of another class. */
const OPEN = 1;

/** The platform's own WebSocket: the browser's, Deno's, Bun's, Node's. */
class PlatformSocket implements MessageSocket {
  readonly #socket: WebSocket;
  /** Sent and not yet known to have left, oldest first. */
  #waiting: { readonly bytes: number; readonly onTaken: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #detach: () => void = () => {};

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
  }

  start(events: MessageSocketEvents): void {
    const socket = this.#socket;
    const onMessage = ({ data }: MessageEvent) => {
      if (typeof data === "string") events.onText();
      else events.onMessage(new Uint8Array(data as ArrayBuffer));
    };
    const onClose = () => events.onClosed();
    socket.addEventListener("message", onMessage);
    socket.addEventListener("close", onClose);
    this.#detach = () => {
      socket.removeEventListener("message", onMessage);
      socket.removeEventListener("close", onClose);
      clearTimeout(this.#timer);
      this.#waiting = [];
    };
  }

  send(payload: Uint8Array, onTaken: () => void): void {
    // One that closes takes nothing, and browsers complain of it; its end is about to be told.
    if (this.#socket.readyState !== OPEN) return;
    // `send` copies, so the payload's buffer is free at once.
    this.#socket.send(payload as Uint8Array<ArrayBuffer>);
    if (this.#socket.bufferedAmount === 0) onTaken();
    else {
      this.#waiting.push({ bytes: payload.length, onTaken });
      this.#poll();
    }
  }

  #poll(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What is buffered is the newest; everything older than that has left.
      let newest = this.#socket.bufferedAmount;
      let kept = this.#waiting.length;
      while (kept > 0 && newest > 0) newest -= (this.#waiting[--kept] as { bytes: number }).bytes;
      for (const { onTaken } of this.#waiting.splice(0, kept)) onTaken();
      if (this.#waiting.length > 0) this.#poll();
    }, POLL_MS);
  }

  cork(): void {}
  uncork(): void {}

  close(onClosed: () => void): void {
    this.#socket.addEventListener("close", onClosed, { once: true });
    this.#socket.close();
  }

  destroy(): void {
    this.#detach();
    this.#socket.close();
  }

  // The platform offers no way to stop reading: what it delivers is bounded by credit above.
  pause(): void {}
  resume(): void {}
}

/**
 * A link over a WebSocket that something else made: Deno's `upgradeWebSocket`, a framework's, a browser's.
 *
 * @param socket nobody else listens to it, and nothing is lost: it is open, or about to be
 * @throws RoamError `io` if it closes before it is open
 */
export function webSocketLink(
  socket: WebSocket,
  options: { peer?: string; facts?: PeerFacts } = {},
): Promise<Link> {
  const { peer = socket.url, facts } = options;
  const platformSocket = new PlatformSocket(socket);
  const make = () => new WebSocketLink(platformSocket, facts === undefined ? { peer } : { peer, facts });
  if (socket.readyState === OPEN) return Promise.resolve(make());
  return new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(make()), { once: true });
    const failed = () => reject(new RoamError("io", `the WebSocket of ${peer} closed before it was open`));
    socket.addEventListener("close", failed, { once: true });
  });
}

export type WebSocketConstructor = new (url: string) => WebSocket;

/**
 * Dials a WebSocket with the platform's constructor, or the one given.
 *
 * @throws RoamError `io` if it cannot be opened (browsers do not say why)
 */
// r[impl transport.websocket.platforms]
export function dialWebSocket(
  url: string,
  options: { signal?: AbortSignal; WebSocket?: WebSocketConstructor } = {},
): Promise<Link> {
  const { signal } = options;
  const Constructor = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (Constructor === undefined) {
    throw new TypeError(
      "this platform has no WebSocket: pass one, or dial with roam/websocket-server's dialWs",
    );
  }
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const socket = new Constructor(url);
    // What failed is told by the `close` that follows; some classes throw an error nobody listens to.
    socket.addEventListener("error", () => {});
    const settle = (act: () => void) => {
      socket.removeEventListener("open", onOpen);
      socket.removeEventListener("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const onOpen = () => settle(() => resolve(new WebSocketLink(new PlatformSocket(socket), { peer: url })));
    const onClose = () => settle(() => reject(new RoamError("io", `cannot connect to ${url}`)));
    const onAbort = () =>
      settle(() => {
        socket.close();
        reject(signal?.reason);
      });
    socket.addEventListener("open", onOpen);
    socket.addEventListener("close", onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
