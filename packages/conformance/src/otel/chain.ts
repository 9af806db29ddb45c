import { context, trace } from "@opentelemetry/api";
import { type Client, connect, fail, method, type Server, serve, service, t } from "roam";
import type { MetadataEntry } from "roam/wire";
import { Recorded } from "../../../roam/test/opentelemetry/recorded.ts";
import { RustPeer } from "../interop/rust-peer.ts";

export const Front = service("Front", { quote: method({ items: t.list(t.string) }, t.u32) });
export const Prices = service("Prices", {
  price: method({ item: t.string }, t.u32, t.enum("PriceError", { Unknown: t.unit })),
  slow: method({}),
});

type Programs = "client" | "A" | "C";

/**
 * Three services in a row, and who calls: A (Front) asks C (Prices) for each item, by way of B, a
 * Rust peer that passes calls on and knows nothing of traces.
 */
export class Chain implements AsyncDisposable {
  readonly recorded: Readonly<Record<Programs, Recorded>> = {
    client: new Recorded(),
    A: new Recorded(),
    C: new Recorded(),
  };
  /** What came to C with the last call. */
  arrived: readonly MetadataEntry[] = [];
  readonly #servers: Server[] = [];
  readonly #clients: AsyncDisposable[] = [];
  rust!: RustPeer;
  front!: Client<(typeof Front)["methods"]>;
  /** A's client of C, by way of B. */
  prices!: Client<(typeof Prices)["methods"]>;

  static async start(): Promise<Chain> {
    const chain = new Chain();
    const { client, A, C } = chain.recorded;
    const pricing = await serve(
      "tcp://127.0.0.1:0",
      Prices,
      {
        price: ({ item }, { metadata }) => {
          chain.arrived = [...metadata];
          return item === "" ? fail("Unknown") : item.length;
        },
        slow: () => new Promise<void>(() => {}),
      },
      { middleware: [C.telemetry.middleware], onSession: C.telemetry.observe },
    );
    chain.#servers.push(pricing);
    const far = new URL(pricing.address).host;
    chain.rust = new RustPeer(["listen", "--link", "tcp", "--addr", "127.0.0.1:0", "--relay", far]);
    const passing = `tcp://${await chain.rust.listening()}`;
    chain.prices = await connect(passing, Prices, {
      conduit: "bare",
      middleware: [A.telemetry.middleware],
    });
    chain.#clients.push(chain.prices);
    A.telemetry.observe(chain.prices.$.session);
    const fronting = await serve(
      "tcp://127.0.0.1:0",
      Front,
      {
        async quote({ items }, { signal, metadata }) {
          let sum = 0;
          const passed = [...metadata.forwarded()].filter(({ key }) => key.startsWith("x-"));
          for (const item of items) sum += await chain.prices.price({ item }, { signal, metadata: passed });
          return sum;
        },
      },
      { middleware: [A.telemetry.middleware], onSession: A.telemetry.observe },
    );
    chain.#servers.push(fronting);
    chain.front = await connect(fronting.address, Front, { middleware: [client.telemetry.middleware] });
    chain.#clients.push(chain.front);
    client.telemetry.observe(chain.front.$.session);
    return chain;
  }

  /** A client of B, and so of C, without telemetry. */
  async clientOfRust() {
    return connect(`tcp://${await this.rust.listening()}`, Prices, { conduit: "bare" });
  }

  get spans() {
    const { client, A, C } = this.recorded;
    return { client: client.spans, A: A.spans, C: C.spans };
  }

  /** Forgets what was recorded so far. */
  clear(): void {
    for (const { ended } of Object.values(this.spans)) ended.length = 0;
  }

  get open(): number {
    return Object.values(this.spans).reduce((sum, { open }) => sum + open, 0);
  }

  /** Runs within a span of the client's program. */
  async within<T>(run: () => Promise<T>): Promise<T> {
    const span = this.recorded.client.tracerProvider.getTracer("program").startSpan("work");
    try {
      return await context.with(trace.setSpan(context.active(), span), run);
    } finally {
      span.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    for (const server of this.#servers) await server.close();
    this.rust.kill();
    await this.rust.exited();
  }
}
