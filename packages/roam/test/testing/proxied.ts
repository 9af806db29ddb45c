import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import {
  type FaultProxy,
  type FaultProxyOptions,
  faultProxy,
  type ProxyAddress,
  type Side,
} from "roam/fault-proxy";
import { noLeaks, settled, VirtualClock } from "roam/testing";
import { Inbox } from "../../src/internal/inbox.ts";

export const SIDES: readonly Side[] = ["client", "server"];
export const MIB = 1_048_576;

/** Rounds of the event loop without activity after which loopback sockets are at rest; Deno needs most. */
const QUIET_ROUNDS = 300;

/** A socket in the test's hands: reads all the time, and remembers what it saw. */
export class SocketTap {
  readonly socket: Socket;
  length = 0;
  /** How the far side ended it: in order, by an error with a code, or not yet. */
  end: string | undefined;
  readonly #chunks: Buffer[] = [];
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    const note = (end: string) => {
      this.end ??= end;
      this.#wake();
    };
    socket.on("data", (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.length += bytes.length;
      this.#wake();
    });
    socket.on("end", () => note("end")).on("error", (error: NodeJS.ErrnoException) => note(error.code ?? ""));
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async receives(length: number): Promise<Buffer> {
    while (this.length < length) await this.#change();
    return this.received;
  }

  async ends(): Promise<string> {
    while (this.end === undefined) await this.#change();
    return this.end;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A proxy with a server behind it, and as many connections through it as the test opens. */
export class Proxied implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly #server: Server;
  readonly #accepted: Inbox<Socket>;
  readonly #sockets: Socket[] = [];

  constructor(proxy: FaultProxy, server: Server, accepted: Inbox<Socket>) {
    this.proxy = proxy;
    this.#server = server;
    this.#accepted = accepted;
  }

  /** Both ends of a new connection; the client writes its opening before anyone has answered. */
  async open(opening = ""): Promise<{ client: SocketTap; server: SocketTap }> {
    const client = this.dial();
    client.socket.write(opening);
    const server = (await this.#accepted.take()) as Socket;
    this.#sockets.push(server);
    return { client, server: new SocketTap(server) };
  }

  dial(address: string = this.proxy.address): SocketTap {
    const [path] = address.split("unix:").slice(1);
    const where = path === undefined ? { host: "127.0.0.1", port: Number(new URL(address).port) } : { path };
    const socket = connect({ ...where, allowHalfOpen: true });
    this.#sockets.push(socket);
    return new SocketTap(socket);
  }

  /** Resolves when nothing more happens on the sockets by itself. */
  rest(): Promise<void> {
    const activity = () => {
      const { connections, bytes } = this.proxy.totals;
      const seen = this.#sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
      return connections + bytes.client + bytes.server + this.proxy.heldBytes + seen;
    };
    return settled(activity, QUIET_ROUNDS);
  }

  async [Symbol.asyncDispose]() {
    await this.proxy.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** @param upstreamPath a Unix socket for the server behind the proxy; TCP without it */
export async function proxied(
  options: Omit<FaultProxyOptions, "upstream"> & { upstreamPath?: string } = {},
): Promise<Proxied> {
  const { upstreamPath, ...rest } = options;
  const accepted = new Inbox<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  server.listen(upstreamPath === undefined ? { host: "127.0.0.1", port: 0 } : { path: upstreamPath });
  await once(server, "listening");
  const upstream: ProxyAddress =
    upstreamPath === undefined
      ? { host: "127.0.0.1", port: (server.address() as AddressInfo).port }
      : { path: upstreamPath };
  return new Proxied(await faultProxy({ upstream, ...rest }), server, accepted);
}

/** Runs with a proxy on a clock of its own; nothing of either is left behind. */
export function withProxy(
  run: (at: Proxied, clock: VirtualClock) => Promise<void>,
  random: () => number = () => 0,
): () => Promise<void> {
  return () => {
    const clock = new VirtualClock();
    const opened = async () => {
      await using at = await proxied({ clock, random });
      await run(at, clock);
    };
    return noLeaks(opened, { clock });
  };
}

/** The two ends by what they do when `from` sends. */
export function byRole(
  pair: Record<Side, SocketTap>,
  from: Side,
): { sender: SocketTap; receiver: SocketTap } {
  const to = from === "client" ? "server" : "client";
  return { sender: pair[from], receiver: pair[to] };
}

/** Bytes of which each says where it is. */
export function counting(length: number): Buffer {
  return Buffer.alloc(
    length,
    Uint8Array.from({ length: 251 }, (_, at) => at),
  );
}
