import {
  type Client,
  type ConnectOptions,
  connect,
  method,
  type Server,
  serve,
  service,
  type Tx,
  t,
} from "roam";
import { type FaultProxy, faultProxy } from "roam/fault-proxy";
import { Recorded } from "../../../roam/test/opentelemetry/recorded.ts";

const Work = service("Work", {
  add: method({ a: t.u32, b: t.u32 }, t.u32),
  hold: method({ id: t.u32 }, t.u32),
  copy: method({ numbers: t.rx(t.u32), out: t.tx(t.u32) }),
  feed: method({ out: t.tx(t.u32) }),
});

/** In a stream. */
export const ITEMS = 2_000;

/** A server behind a proxy that breaks links, and a client of it. */
export class Site implements AsyncDisposable {
  readonly caller = new Recorded();
  readonly handler = new Recorded();
  /** Answers the calls of `hold`; without that they do not settle, whatever becomes of them. */
  readonly answers = new Map<number, () => void>();
  server!: Server;
  proxy!: FaultProxy;
  client!: Client<(typeof Work)["methods"]>;

  static async start(options: ConnectOptions = {}): Promise<Site> {
    const site = new Site();
    const { caller, handler, answers } = site;
    site.server = await serve(
      "tcp://127.0.0.1:0",
      Work,
      {
        add: ({ a, b }) => a + b,
        hold: ({ id }) => new Promise((resolve) => answers.set(id, () => resolve(id))),
        copy: async ({ numbers, out }) => {
          for await (const number of numbers) await out.send(number);
        },
        // The channel goes on after its call.
        feed: ({ out }) => {
          out.keep();
          void feed(out).catch(() => {});
        },
      },
      {
        middleware: [handler.telemetry.middleware],
        onSession: handler.telemetry.observe,
        onHandlerError() {},
        retention: { retentionMs: 1_000 },
      },
    );
    site.proxy = await faultProxy({
      upstream: { host: "127.0.0.1", port: Number(new URL(site.server.address).port) },
    });
    site.client = await connect(site.proxy.url("tcp"), Work, {
      conduit: "stable",
      middleware: [caller.telemetry.middleware],
      ...options,
    });
    caller.telemetry.observe(site.client.$.session);
    return site;
  }

  get open(): number {
    return this.caller.spans.open + this.handler.spans.open;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.$.session.close();
    await this.server.close();
    await this.proxy.close();
  }
}

async function feed(out: Tx<number>): Promise<void> {
  for (let number = 0; number < ITEMS; number++) await out.send(number);
  await out.close();
}
