import { asError, RoamError } from "../errors.ts";
import type { Link } from "../link/link.ts";
import { type WebStreams, webStreamLink } from "./web-stream.ts";

/** What is used of a `WebTransport`, the browser's or a server's side of one. */
export interface WebTransportSession {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<unknown>;
  readonly incomingBidirectionalStreams: ReadableStream<WebStreams>;
  createBidirectionalStream(): Promise<WebStreams>;
  close(): void;
}

export type WebTransportConstructor = new (url: string, options?: object) => WebTransportSession;

export interface WebTransportDialOptions {
  readonly signal?: AbortSignal;
  /** What the constructor takes beside the address: `serverCertificateHashes`, `congestionControl` … */
  readonly options?: object;
  /** Default: the platform's. */
  readonly WebTransport?: WebTransportConstructor;
}

/**
 * Dials WebTransport (HTTP/3): one stream of a connection is the link, and the connection ends with it. As a
 * source of links: `connect({ next: ({ signal }) => dialWebTransport(url, { signal }) }, Service)`.
 *
 * @param url `https://host:port/path`
 * @throws RoamError `io` if it cannot be opened; the signal's reason
 * @throws TypeError on a platform without WebTransport
 */
export async function dialWebTransport(url: string, options: WebTransportDialOptions = {}): Promise<Link> {
  const { signal } = options;
  const Constructor =
    options.WebTransport ?? (globalThis as { WebTransport?: WebTransportConstructor }).WebTransport;
  if (Constructor === undefined) throw new TypeError("this platform has no WebTransport: pass one");
  signal?.throwIfAborted();
  const transport = new Constructor(url, options.options);
  const opening = opened(transport);
  if (signal === undefined) return linkOn(transport, opening, url);
  const onAbort = () => transport.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await linkOn(transport, opening, url);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function opened(transport: WebTransportSession): Promise<WebStreams> {
  // Told by `ready` and by the streams as well.
  transport.closed.catch(() => {});
  await transport.ready;
  return transport.createBidirectionalStream();
}

/**
 * The link of a connection that was accepted: its first stream. Others are of no interest.
 *
 * @throws RoamError `io` if none comes before the connection ends
 */
export function acceptWebTransport(
  transport: WebTransportSession,
  options: { readonly peer?: string } = {},
): Promise<Link> {
  const { peer = "webtransport" } = options;
  const first = async () => {
    transport.closed.catch(() => {});
    await transport.ready;
    const incoming = transport.incomingBidirectionalStreams.getReader();
    const { value } = await incoming.read();
    incoming.releaseLock();
    if (value === undefined) throw new Error("it ended before a stream was opened");
    return value;
  };
  return linkOn(transport, first(), peer);
}

// r[impl transport.stream.kinds]
async function linkOn(
  transport: WebTransportSession,
  streams: Promise<WebStreams>,
  peer: string,
): Promise<Link> {
  try {
    return webStreamLink(await streams, { peer, onDestroyed: () => transport.close() });
  } catch (cause) {
    transport.close();
    throw new RoamError("io", `no WebTransport with ${peer}: ${asError(cause).message}`, { cause });
  }
}
