// The example of the documentation, word for word but for its address: it must compile as it is.
import { connect, fail, type Infer, method, serve, service, t } from "roam";

export const Invoice = t.struct("Invoice", { id: t.u64, lines: t.list(t.string), paid: t.bool });
export const LookupError = t.enum("LookupError", { NotFound: t.unit, AccessDenied: t.unit });
export const Billing = service("Billing", {
  lookup: method({ id: t.u64 }, Invoice, LookupError), // Result<Invoice, LookupError>
  sum: method({ numbers: t.rx(t.i32) }, t.i64), // the handler receives
  watch: method({ since: t.u64, out: t.tx(Invoice, 64) }), // the handler sends, initial credit 64
});

type Row = Infer<typeof Invoice>;

const rows: readonly Row[] = [{ id: 7n, lines: ["tea"], paid: false }];
const db = {
  async find(id: bigint, { signal }: { signal: AbortSignal }): Promise<Row | undefined> {
    signal.throwIfAborted();
    return rows.find((row) => row.id === id);
  },
};

async function* feed(since: bigint): AsyncGenerator<Row> {
  for (const row of rows) if (row.id >= since) yield row;
}

export async function startServer(address: string) {
  const server = await serve(address, Billing, {
    lookup: async ({ id }, call) => (await db.find(id, { signal: call.signal })) ?? fail("NotFound"),
    sum: async ({ numbers }) => {
      let total = 0n;
      for await (const n of numbers) total += BigInt(n);
      return total;
    },
    watch: async ({ since, out }) => {
      for await (const invoice of feed(since)) await out.send(invoice);
    },
  });
  return server;
}

export async function useIt(address: string, signal: AbortSignal, show: (invoice: Row) => void) {
  await using billing = await connect(address, Billing);
  const invoice = await billing.lookup({ id: 7n }, { signal, timeoutMs: 500 });
  const total = await billing.sum({ numbers: [1, 2, 3] }); // any iterable or async iterable will do
  for await (const invoice of billing.watch({ since: 0n }).out) show(invoice); // leaving the loop resets the channel
  return { invoice, total, missing: await billing.lookup.result({ id: 8n }) };
}
