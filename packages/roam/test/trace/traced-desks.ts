import {
  type Client,
  type ConnectOptions,
  connect,
  fail,
  implement,
  method,
  type ServeOptions,
  type Server,
  serveHandler,
  service,
  t,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { VirtualClock } from "roam/testing";
import { type TraceEvent, type TraceOptions, trace } from "roam/trace";

export const Desk = service("Desk", {
  add: method({ a: t.u32, b: t.u32 }, t.u32),
  lookup: method({ id: t.u32 }, t.string, t.enum("LookupError", { NotFound: t.unit })),
  broken: method({}),
  wait: method({}, t.u32),
  count: method({ upTo: t.u32, out: t.tx(t.u32, 2) }),
  sum: method({ numbers: t.rx(t.u32, 4) }, t.u32),
});

/** A server and a client on memory links, on a clock that stands still, with a trace of either side. */
export class TracedDesks {
  readonly clock = new VirtualClock();
  readonly events = { client: [] as TraceEvent[], server: [] as TraceEvent[] };
  /** Answers `wait`. */
  answer: (value: number) => void = () => {};
  /** The client's ends of links. */
  readonly links: Link[] = [];
  server!: Server;
  client!: Client<(typeof Desk)["methods"]>;
  #onLink: (link: Link) => void = () => {};

  static async start(
    options: Omit<TraceOptions, "onEvent"> = {},
    more: { readonly connect?: ConnectOptions; readonly serve?: ServeOptions } = {},
  ): Promise<TracedDesks> {
    const desks = new TracedDesks();
    const { clock, events } = desks;
    const traced = (side: "client" | "server") =>
      trace({ sampleMs: 0, ...options, onEvent: (event) => events[side].push(event) });
    const handler = implement(Desk, {
      add: ({ a, b }) => a + b,
      lookup: ({ id }) => (id === 0 ? fail("NotFound") : `page ${id}`),
      broken: () => {
        throw new Error("out of order");
      },
      wait: () => new Promise<number>((resolve) => (desks.answer = resolve)),
      count: async ({ upTo, out }) => {
        for (let value = 0; value < upTo; value++) await out.send(value);
      },
      sum: async ({ numbers }) => {
        let total = 0;
        for await (const value of numbers) total += value;
        return total;
      },
    });
    const listen = async (onLink: (link: Link) => void) => {
      desks.#onLink = onLink;
      return { address: "memory:", close: async () => {} };
    };
    const quiet = { clock, onHandlerError() {} };
    desks.server = await serveHandler(listen, handler, {
      ...quiet,
      metadata: {},
      trace: traced("server"),
      ...more.serve,
    });
    const next = async () => {
      const [near, far] = memoryLinkPair();
      desks.links.push(near);
      desks.#onLink(far);
      return near;
    };
    desks.client = await connect({ next }, Desk, {
      ...quiet,
      random: () => 0.5,
      conduit: "bare",
      trace: traced("client"),
      ...more.connect,
    });
    return desks;
  }

  /** Ends both sides and takes the time that this takes. */
  async end(): Promise<void> {
    await Promise.all([this.client.$.close(), this.server.close(), this.clock.pass(1_000)]);
  }
}

/** Events without their times and without what is in all of them. */
export function storyOf(events: readonly TraceEvent[]): unknown[] {
  return events.map(({ t: _, session: __, kind, ...rest }) => {
    const { ms: ___, metadata: ____, ...told } = rest as Record<string, unknown>;
    return [kind, told];
  });
}
