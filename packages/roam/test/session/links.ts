import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accept,
  connect,
  implement,
  type Methods,
  type ServeOptions,
  type Server,
  type Service,
  serveHandler,
  service,
} from "roam";
import { type Link, type Listener, memoryLinkPair } from "roam/link";
import { dialLocal, listenLocal } from "roam/local";
import { dialTcp, listenTcp } from "roam/tcp";
import { openTunnel } from "roam/tunnel";
import { dialWs, listenWebSocket } from "roam/websocket-server";
import { withTunnels } from "../../src/tunnel/tunnel-offer.ts";

const Nothing = service("Nothing", {});

/** A kind of link: how to listen, and how to dial what listens. */
export interface LinkKind {
  readonly name: string;
  listen(onLink: (link: Link) => void): Promise<Listener & { dial(): Promise<Link> }>;
}

const memory: LinkKind = {
  name: "memory",
  async listen(onLink) {
    const dial = async () => {
      const [near, far] = memoryLinkPair();
      onLink(far);
      return near;
    };
    return { address: "memory", close: async () => {}, dial };
  },
};

const tcp: LinkKind = {
  name: "tcp",
  async listen(onLink) {
    const listener = await listenTcp({ host: "127.0.0.1", port: 0 }, onLink);
    const { hostname: host, port } = new URL(listener.address);
    return { ...listener, dial: () => dialTcp({ host, port: Number(port) }) };
  },
};

const unix: LinkKind = {
  name: "unix",
  async listen(onLink) {
    const directory = mkdtempSync(join(tmpdir(), "roam-"));
    const path = join(directory, "session.sock");
    const listener = await listenLocal(path, onLink);
    const close = async () => {
      await listener.close();
      rmSync(directory, { recursive: true, force: true });
    };
    return { address: listener.address, close, dial: () => dialLocal(path) };
  },
};

const ws: LinkKind = {
  name: "ws",
  async listen(onLink) {
    const listener = await listenWebSocket({ host: "127.0.0.1", port: 0 }, onLink);
    return { ...listener, dial: () => dialWs(listener.address) };
  },
};

/** Links inside one session over memory, which a server with tunnels has. */
const tunnel: LinkKind = {
  name: "tunnel",
  async listen(onLink) {
    const [near, far] = memoryLinkPair();
    const acceptConnection = withTunnels(() => ({ accept: false }), { facts: () => ({}), onLink });
    const [outer] = await Promise.all([
      connect(near, Nothing),
      accept(far, implement(Nothing, {}), { acceptConnection }),
    ]);
    // Links live on, and the session that has them ends with the last one.
    const close = () => outer.$.close();
    return { address: "tunnel", close, dial: () => openTunnel(outer.$.session) };
  },
};

export const linkKinds: readonly LinkKind[] = [memory, tcp, unix, ws, tunnel];

/** A service on a kind of link, as `serve` has it for an address. */
export async function serveOn<M extends Methods>(
  kind: LinkKind,
  service: Service<M>,
  handlers: Parameters<typeof implement<M>>[1],
  options: ServeOptions = {},
): Promise<Server & { dial(): Promise<Link> }> {
  let dial: (() => Promise<Link>) | undefined;
  const server = await serveHandler(
    async (onLink) => {
      const listener = await kind.listen(onLink);
      dial = listener.dial;
      return listener;
    },
    implement(service, handlers),
    options,
  );
  if (dial === undefined) throw new TypeError("serveHandler did not listen");
  return { ...server, dial };
}
