import assert from "node:assert/strict";
import {
  type ConnectOptions,
  connect,
  fail,
  implement,
  method,
  type ServeOptions,
  serveHandler,
  service,
  t,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { settled, VirtualClock } from "roam/testing";

export const Page = t.struct("Page", { title: t.string });
export const Billing = service("Billing", {
  lookup: method({ id: t.u64 }, Page, t.enum("LookupError", { NotFound: t.unit })),
  slow: method({}),
  feed: method({ numbers: t.rx(t.u32) }, t.u32),
});
export const Audit = service("Audit", { list: method({}, t.list(Page)) });
export const QUIET = { warn() {}, error() {} };

/** A server on memory links, on a clock that stands still. */
export class House {
  readonly clock = new VirtualClock();
  readonly failures: unknown[] = [];
  readonly #address: string;
  #onLink: (link: Link) => void = () => {};

  constructor(address = "memory:") {
    this.#address = address;
  }

  readonly source = {
    next: async (): Promise<Link> => {
      const [near, far] = memoryLinkPair();
      this.#onLink(far);
      return near;
    },
  };

  serve(options: ServeOptions = {}) {
    const listen = async (onLink: (link: Link) => void) => {
      this.#onLink = onLink;
      return { address: this.#address, close: async () => {} };
    };
    const billing = implement(Billing, {
      lookup: ({ id }) => (id === 0n ? fail("NotFound") : { title: `${id}` }),
      slow: (_args, { signal }) =>
        new Promise<undefined>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      async feed({ numbers }) {
        let count = 0;
        for await (const _ of numbers) count++;
        return count;
      },
    });
    return serveHandler(listen, billing, {
      clock: this.clock,
      services: [implement(Audit, { list: () => [] })],
      logger: QUIET,
      onHandlerError: (error) => this.failures.push(error),
      ...options,
    });
  }

  connect(options: ConnectOptions = {}) {
    return connect(this.source, Billing, {
      clock: this.clock,
      random: () => 0.5,
      logger: QUIET,
      conduit: "bare",
      ...options,
    });
  }

  /** Ends everything; no timer may be left. */
  async end(...all: readonly { close(): Promise<void> }[]): Promise<void> {
    await Promise.all([...all.map((one) => one.close()), this.clock.pass(1_000)]);
    await settled();
    assert.equal(this.clock.pending, 0, "no timer is left");
    assert.deepEqual(this.failures, []);
  }
}
