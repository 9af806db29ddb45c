import { type ClientOf, connect, fail, method, type Server, serve, service, t } from "roam";
import { dialTcp } from "roam/tcp";

const NoSuchItem = t.enum("NoSuchItem", { NoSuchItem: t.unit });

export const Shop = service("Shop", {
  find: method({ id: t.u64 }, t.string, NoSuchItem),
  slow: method({ id: t.u32 }, t.u32),
  numbers: method({ to: t.u32, out: t.tx(t.u32, 16) }),
});

const quiet = { warn: () => {}, error: () => {} };

/** A server and a client of it, and what the server has seen. */
export class ShopFixture implements AsyncDisposable {
  readonly found: bigint[] = [];
  /** Calls of `slow` that are not answered, and may be. */
  readonly waiting = new Map<number, (value: number) => void>();
  readonly cancelled: number[] = [];
  /** No link can be had. */
  isCut = false;
  /** A new link is not had before this has resolved. */
  way: Promise<void> = Promise.resolve();
  sent = 0;
  streams = 0;
  server!: Server;
  client!: ClientOf<typeof Shop>;

  static async start(): Promise<ShopFixture> {
    const fixture = new ShopFixture();
    await fixture.#start();
    return fixture;
  }

  async #start(): Promise<void> {
    this.server = await serve(
      "tcp://127.0.0.1:0",
      Shop,
      {
        find: ({ id }) => {
          this.found.push(id);
          return id === 0n ? fail("NoSuchItem") : `item ${id}`;
        },
        slow: ({ id }, { signal }) =>
          new Promise<number>((resolve) => {
            this.waiting.set(id, resolve);
            signal.addEventListener("abort", () => {
              this.waiting.delete(id);
              this.cancelled.push(id);
              resolve(0);
            });
          }),
        numbers: async ({ to, out }, { signal }) => {
          this.streams++;
          try {
            for (let number = 0; number < to && !signal.aborted; number++) {
              await out.send(number, { signal });
              this.sent++;
            }
          } finally {
            this.streams--;
          }
        },
      },
      { logger: quiet },
    );
    const { hostname: host, port } = new URL(this.server.address);
    const next = async ({ signal }: { signal: AbortSignal }) => {
      await this.way;
      if (this.isCut) throw new Error("no way there");
      return dialTcp({ host, port: Number(port) }, { signal });
    };
    this.client = await connect({ next }, Shop, {
      logger: quiet,
      adaptiveCredit: false,
      reconnect: { baseMs: 10, capMs: 50 },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.$.session.close();
    await this.server.close();
  }
}
