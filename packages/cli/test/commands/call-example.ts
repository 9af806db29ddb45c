import { fail, type HandlersOf, method, type ServeOptions, type Server, serve, service, t } from "roam";

export const Invoice = t.struct("Invoice", { id: t.u64, lines: t.list(t.string), paid: t.bool });
export const LookupError = t.enum("LookupError", { NotFound: t.unit, Denied: { why: t.string } });
export const Color = t.enum("Color", { Red: t.unit, Green: t.unit });

export const Billing = service("Billing", {
  lookup: method({ id: t.u64 }, Invoice, LookupError),
  sum: method({ numbers: t.rx(t.i32) }, t.i64),
  merge: method({ a: t.rx(t.i32), b: t.rx(t.i32) }, t.i32),
  watch: method({ since: t.u64, out: t.tx(Invoice, 4) }),
  both: method({ input: t.rx(t.string), output: t.tx(t.string), count: t.tx(t.u32) }, t.u32),
  nested: method({ plan: t.struct("Plan", { name: t.string, out: t.option(t.tx(t.u8)) }) }),
  store: method(
    {
      name: t.string,
      data: t.bytes,
      tags: t.list(t.string),
      color: t.option(Color),
      is_paid: t.bool,
      at: t.struct("At", { x: t.i32, y: t.f64 }),
    },
    t.string,
  ),
  broken: method({}),
  slow: method({}, t.string),
});

/** What the handlers of a server noticed. */
export interface Noticed {
  readonly aborted: Promise<string>;
  calls: number;
}

export interface BillingServer extends AsyncDisposable {
  readonly url: string;
  readonly noticed: Noticed;
  readonly server: Server;
}

/** Billing on a free port, or wherever it is wanted. */
export async function serveBilling(
  url = "tcp://127.0.0.1:0",
  options: ServeOptions = {},
): Promise<BillingServer> {
  let onAborted: (reason: string) => void = () => {};
  const noticed: Noticed = {
    calls: 0,
    aborted: new Promise((resolve) => {
      onAborted = resolve;
    }),
  };
  const handlers: HandlersOf<typeof Billing> = {
    lookup({ id }, call) {
      noticed.calls++;
      for (const { key, value, flags } of call.metadata) {
        if (key === "echo") call.addMetadata({ said: value });
        if (key === "token")
          call.addMetadata({ [`token-flags-${flags}`]: "seen", token: { value, sensitive: true } });
      }
      if (id === 0n) fail({ tag: "NotFound" });
      if (id === 1n) fail({ tag: "Denied", why: "closed \u001b[2J" });
      return { id, lines: ["tea"], paid: false };
    },
    async sum({ numbers }) {
      let total = 0n;
      for await (const number of numbers) total += BigInt(number);
      return total;
    },
    async merge({ a, b }) {
      let total = 0;
      for await (const number of a) total += number;
      for await (const number of b) total += number;
      return total;
    },
    async watch({ since, out }, { signal }) {
      signal.addEventListener("abort", () => onAborted(String(signal.reason)));
      for (let id = since; !signal.aborted; id++) {
        await out.send({ id, lines: [], paid: true }, { signal });
        // Some come at once, then it is quiet.
        if (id === since + 2n) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      }
    },
    async both({ input, output, count }) {
      let items = 0;
      for await (const text of input) {
        await output.send(text.toUpperCase());
        items++;
      }
      await count.send(items);
      return items;
    },
    async nested({ plan }) {
      await plan.out?.send(plan.name.length);
    },
    store: (args) =>
      JSON.stringify(args, (_key, value: unknown) => (value instanceof Uint8Array ? [...value] : value)),
    broken() {
      throw new Error("the handler is broken");
    },
    async slow(_args, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      onAborted(String(signal.reason));
      return "late";
    },
  };
  const logger = { warn: () => {}, error: () => {} };
  const server = await serve(url, Billing, handlers, { logger, ...options });
  return { url: server.address, server, noticed, [Symbol.asyncDispose]: () => server.close() };
}
