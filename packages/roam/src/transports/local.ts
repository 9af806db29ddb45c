import { createServer, connect as netConnect } from "node:net";
import type { Link, Listener } from "../link/link.ts";
import { connected, duplexLink } from "./node-stream.ts";
import { removeStale } from "./remove-stale.ts";
import { listenOn } from "./socket-server.ts";

/**
 * Dials a local socket: a path on Unix, a pipe name (`\\.\pipe\…`) on Windows.
 *
 * @throws RoamError `io` if nobody answers
 */
// r[impl transport.stream.local]
export async function dialLocal(path: string, options: { signal?: AbortSignal } = {}): Promise<Link> {
  const peer = `unix:${path}`;
  const socket = netConnect({ path, allowHalfOpen: true });
  return duplexLink(await connected(socket, "connect", peer, options.signal), { peer });
}

/**
 * Listens on a local socket. A socket file that nobody listens on any more is replaced; one in
 * use is an error.
 */
export async function listenLocal(path: string, onLink: (link: Link) => void): Promise<Listener> {
  await removeStale(path);
  return listenOn(
    createServer({ allowHalfOpen: true }),
    "connection",
    { path },
    {
      describe: (bound) => `unix:${bound as string}`,
      onLink,
      prepare: () => {},
    },
  );
}
