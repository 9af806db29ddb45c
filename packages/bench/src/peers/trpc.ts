import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createTRPCClient, createWSClient, type TRPCClient, wsLink } from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { Packr } from "msgpackr";
import { WebSocket, WebSocketServer } from "ws";
import type { Peer } from "../peer.ts";
import { checkCount, isInTime } from "./streams.ts";
import type { Serving } from "./system.ts";

interface Context {
  readonly socket: Socket;
  /** How many items the last stream had. */
  sent: number;
}

function number(input: unknown): number {
  if (typeof input !== "number") throw new TypeError("not a number");
  return input;
}

function bytes(input: unknown): Uint8Array {
  if (!(input instanceof Uint8Array)) throw new TypeError("not bytes");
  return input;
}

const packr = new Packr({ useRecords: false });
/** In place of JSON, where bytes would be base64 text. */
const encoder = {
  encode: (message: unknown) => packr.pack(message) as Uint8Array<ArrayBuffer>,
  decode(message: string | ArrayBuffer | Uint8Array): unknown {
    if (typeof message === "string") throw new TypeError("text");
    return packr.unpack(message instanceof ArrayBuffer ? new Uint8Array(message) : message);
  },
};

const t = initTRPC.context<Context>().create();
const bench = t.router({
  next: t.procedure.input(number).query(({ input }) => input + 1),
  echo: t.procedure.input(bytes).query(({ input }) => input),
  receive: t.procedure.input(number).subscription(async function* ({ input, ctx, signal }) {
    const end = performance.now() + input;
    ctx.sent = 0;
    while (isInTime(ctx.sent, end)) {
      yield ctx.sent++;
      // It sends all that is yielded, whether the socket takes it or not.
      if (ctx.socket.writableNeedDrain) await once(ctx.socket, "drain", { signal });
    }
  }),
  sent: t.procedure.query(({ ctx }) => ctx.sent),
});

export async function serve(): Promise<Serving> {
  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  applyWSSHandler({
    wss,
    router: bench,
    experimental_encoder: encoder,
    createContext: ({ req }) => ({ socket: req.socket, sent: 0 }),
  });
  await once(wss, "listening");
  return {
    address: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => wss.close(() => resolve())),
  };
}

export async function open(url: string): Promise<Peer> {
  let opened: () => void = () => {};
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const socket = createWSClient({
    url,
    experimental_encoder: encoder,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    onOpen: () => opened(),
  });
  await isOpen;
  return new TrpcPeer(socket, createTRPCClient<typeof bench>({ links: [wsLink({ client: socket })] }));
}

class TrpcPeer implements Peer {
  readonly #socket: ReturnType<typeof createWSClient>;
  readonly #client: TRPCClient<typeof bench>;

  constructor(socket: ReturnType<typeof createWSClient>, client: TRPCClient<typeof bench>) {
    this.#socket = socket;
    this.#client = client;
  }

  call(value: number): Promise<number> {
    return this.#client.next.query(value);
  }

  async echo(payload: Uint8Array): Promise<number> {
    // It takes all for JSON, as far as types go.
    const back = (await this.#client.echo.query(payload)) as unknown as Uint8Array;
    return back.length;
  }

  async receive(durationMs: number): Promise<number> {
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      this.#client.receive.subscribe(durationMs, {
        onData: () => received++,
        onComplete: resolve,
        onError: reject,
      });
    });
    return checkCount(await this.#client.sent.query(), received);
  }

  async close(): Promise<void> {
    await this.#socket.close();
  }
}
