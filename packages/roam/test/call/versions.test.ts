import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Adapters,
  accept,
  type ClientOf,
  connect,
  fail,
  type HandlersOf,
  implement,
  type Middleware,
  type MiddlewareCall,
  method,
  type ServeOptions,
  type Service,
  service,
  t,
  versions,
} from "roam";
import { memoryLinkPair } from "roam/link";
import { settled } from "roam/testing";

const InvoiceV1 = t.struct("Invoice", { id: t.u32, line: t.string });
const BillingV1 = service("Billing", {
  lookup: method({ id: t.u32 }, InvoiceV1, t.enum("LookupError", { NotFound: t.unit })),
  find: method({ id: t.u32 }, t.option(InvoiceV1)),
  same: method({ text: t.string }, t.string),
  sum: method({ numbers: t.rx(t.i32) }, t.i32),
  watch: method({ since: t.u32, out: t.tx(InvoiceV1, 2) }),
  gone: method({ a: t.u8 }, t.u8),
});

const Invoice = t.struct("Invoice", { id: t.u64, lines: t.list(t.string) });
const LookupError = t.enum("LookupError", { NotFound: t.unit, Denied: t.unit });
const Billing = service("Billing", {
  lookup: method({ id: t.u64, tenant: t.string }, Invoice, LookupError),
  find: method({ id: t.u64 }, Invoice, LookupError),
  same: method({ text: t.string }, t.string),
  sum: method({ numbers: t.rx(t.i64), start: t.i64 }, t.i64),
  watch: method({ since: t.u64, out: t.tx(Invoice, 8) }),
});

type OlderBilling = Adapters<(typeof BillingV1)["methods"], (typeof Billing)["methods"]>;
const older = (invoice: { id: bigint; lines: string[] }) => ({
  id: Number(invoice.id),
  line: invoice.lines.join("; "),
});
const adapters: OlderBilling = {
  lookup: {
    args: ({ id }) => ({ id: BigInt(id), tenant: "old" }),
    returns: older,
    error: () => "NotFound",
  },
  find: { args: ({ id }) => ({ id: BigInt(id) }), returns: older, error: () => null },
  sum: {
    args: ({ numbers }) => ({ numbers, start: 0n }),
    items: { numbers: (number) => BigInt(number) },
    returns: (total) => (total > 1000n ? assert.fail("too large") : Number(total)),
  },
  watch: { args: ({ since, out }) => ({ since: BigInt(since), out }), items: { out: older } },
  gone: ({ a }) => a + 1,
};

const handlers: HandlersOf<typeof Billing> = {
  lookup: ({ id, tenant }) => {
    if (id === 0n) fail("NotFound");
    if (id === 1n) fail("Denied");
    return { id, lines: ["tea", tenant] };
  },
  find: ({ id }) => (id === 0n ? fail("NotFound") : { id, lines: ["found"] }),
  same: ({ text }) => text,
  async sum({ numbers, start }) {
    let total = start;
    for await (const number of numbers) total += number;
    return total;
  },
  async watch({ since, out }) {
    for (let id = since; id < since + 20n; id++) await out.send({ id, lines: ["a", "b"] });
  },
};

/** The service, with a client of each version connected at the same time. */
async function served(options: ServeOptions = {}) {
  const failures: unknown[] = [];
  const warnings: string[] = [];
  const logger = { warn: (_: object, text: string) => warnings.push(text), error() {} };
  const handler = implement(versions(Billing, BillingV1, adapters), handlers, options);
  const join = async <S extends Service>(called: S): Promise<ClientOf<S>> => {
    const [near, far] = memoryLinkPair();
    const [client] = await Promise.all([
      connect(near, called, { logger, schemaCheck: "refuse" }),
      accept(far, handler, {
        logger,
        schemaCheck: "refuse",
        onHandlerError: (error) => failures.push(error),
        ...options,
      }),
    ]);
    return client as ClientOf<S>;
  };
  const v1 = await join(BillingV1);
  const v2 = await join(Billing);
  const end = async () => {
    await v1.$.close();
    await v2.$.close();
    assert.deepEqual(warnings, [], "neither side finds the other's schema wanting");
  };
  return { v1, v2, failures, [Symbol.asyncDispose]: end };
}

suite("two versions of a service at once", () => {
  test("each client calls its own signature, one set of functions answers", async () => {
    await using both = await served();
    const { v1, v2 } = both;
    const [old, now] = await Promise.all([v1.lookup({ id: 7 }), v2.lookup({ id: 7n, tenant: "new" })]);
    assert.deepEqual(old, { id: 7, line: "tea; old" });
    assert.deepEqual(now, { id: 7n, lines: ["tea", "new"] });
    assert.deepEqual(await v1.same({ text: "a" }), await v2.same({ text: "a" }));
    assert.equal(await v1.gone({ a: 1 }), 2);
  });

  test("errors are adapted, or become values where the older method had none", async () => {
    await using both = await served();
    const { v1, v2 } = both;
    await assert.rejects(v1.lookup({ id: 1 }), { code: "user", detail: "NotFound" });
    await assert.rejects(v2.lookup({ id: 1n, tenant: "" }), { code: "user", detail: "Denied" });
    assert.equal(await v1.find({ id: 0 }), null);
    assert.deepEqual(await v1.find({ id: 3 }), { id: 3, line: "found" });
    await assert.rejects(v2.find({ id: 0n }), { code: "user", detail: "NotFound" });
  });

  test("items are adapted both ways, under the older credit", async () => {
    await using both = await served();
    const { v1, v2 } = both;
    assert.equal(await v1.sum({ numbers: [1, 2, -1] }), 2);
    assert.equal(await v2.sum({ numbers: [1n, 2n, -1n], start: 1n }), 3n);
    const seen: unknown[] = [];
    for await (const invoice of v1.watch({ since: 5 }).out) seen.push(invoice);
    assert.equal(seen.length, 20);
    assert.deepEqual(seen[19], { id: 24, line: "a; b" });
    for await (const invoice of v2.watch({ since: 5n }).out) {
      assert.deepEqual(invoice, { id: 5n, lines: ["a", "b"] });
      break;
    }
  });

  test("leaving a stream of the older version ends the newer handler's sending", async () => {
    await using both = await served();
    for await (const { id } of both.v1.watch({ since: 1 }).out) if (id === 2) break;
    await settled();
    assert.equal(await both.v1.gone({ a: 4 }), 5);
    assert.deepEqual(both.failures, []);
  });

  test("what an adapter throws is the owner's to know; the caller is answered", async () => {
    await using both = await served();
    await assert.rejects(both.v1.sum({ numbers: [999, 2] }), { code: "cancelled" });
    assert.equal(both.failures.length, 1);
    assert.match(String(both.failures[0]), /too large/);
    assert.equal(await both.v1.sum({ numbers: [1] }), 1);
  });

  test("middleware sees the newer form only", async () => {
    const seen: unknown[] = [];
    const watch: Middleware = async (call: MiddlewareCall, next) => {
      const { id, tenant } = call.args;
      seen.push([call.method, id, tenant]);
      const value = await next();
      seen.push(value);
      return value;
    };
    await using both = await served({ middleware: [watch] });
    assert.deepEqual(await both.v1.lookup({ id: 7 }), { id: 7, line: "tea; old" });
    assert.deepEqual(seen, [["lookup", 7n, "old"], { id: 7n, lines: ["tea", "old"] }]);
  });

  test("a third version is one more wrapping", async () => {
    const BillingV0 = service("Billing", { lookup: method({ name: t.string }, t.string) });
    const all = versions(versions(Billing, BillingV1, adapters), BillingV0, {
      lookup: {
        args: ({ name }) => ({ id: BigInt(name.length), tenant: name }),
        // The older method has no error: it gets a value.
        error: (error) => `no: ${error}`,
        returns: ({ lines }) => lines.join("+"),
      },
    });
    const [near, far] = memoryLinkPair();
    const [client] = await Promise.all([connect(near, BillingV0), accept(far, implement(all, handlers))]);
    assert.equal(await client.lookup({ name: "abc" }), "tea+abc");
    assert.equal(await client.lookup({ name: "a" }), "no: Denied");
    await client.$.close();
  });
});

suite("an adapter", () => {
  const One = service("One", { get: method({ at: t.u8 }, t.option(t.string)) });
  const Guarded = service("One", { get: method({ at: t.u8 }, t.string, t.enum("E", { Missing: t.unit })) });
  const serveOne = async (adapted: typeof One) => {
    const [near, far] = memoryLinkPair();
    const failures: string[] = [];
    const onHandlerError = (error: unknown) => failures.push(String(error));
    const handler = implement(adapted, { get: ({ at }) => (at === 0 ? null : `${at}`) });
    const [client] = await Promise.all([connect(near, Guarded), accept(far, handler, { onHandlerError })]);
    return { client, failures };
  };

  test("of a value may answer with the older error", async () => {
    const adapted = versions(One, Guarded, { get: { returns: (text) => text ?? fail("Missing") } });
    const { client, failures } = await serveOne(adapted);
    assert.equal(await client.get({ at: 2 }), "2");
    await assert.rejects(client.get({ at: 0 }), { code: "user", detail: "Missing" });
    assert.deepEqual(failures, []);
    await client.$.close();
  });

  test("of arguments may refuse them", async () => {
    const adapted = versions(One, Guarded, {
      get: {
        args: () => {
          throw new Error("no such thing any more");
        },
        returns: (text) => text ?? fail("Missing"),
      },
    });
    const { client, failures } = await serveOne(adapted);
    await assert.rejects(client.get({ at: 2 }), { code: "cancelled" });
    assert.deepEqual(failures, ["Error: no such thing any more"]);
    await client.$.close();
  });

  test("is not needed for what the types take as it is", () => {
    const Narrow = service("One", { get: method({ at: t.u16 }, t.option(t.string)) });
    assert.equal(versions(One, Narrow).older?.length, 1);
    // @ts-expect-error the value differs: an adapter is required
    assert.equal(versions(One, Guarded).older?.length, 1);
    const WideId = service("Billing", { find: method({ id: t.u32 }, Invoice, LookupError) });
    // @ts-expect-error the arguments differ
    versions(Billing, WideId, { find: { returns: (invoice) => invoice } });
    const OldItems = service("Billing", { watch: method({ since: t.u64, out: t.tx(InvoiceV1) }) });
    versions(Billing, OldItems, { watch: { items: { out: older } } });
    // @ts-expect-error the items differ
    versions(Billing, OldItems, { watch: {} });
    // @ts-expect-error the handler sends: newer items become older ones
    versions(Billing, OldItems, { watch: { items: { out: (item: { id: number; line: string }) => item } } });
    const Gone = service("Billing", { gone: method({ a: t.u8 }, t.u8) });
    // @ts-expect-error there is nothing to adapt to: a function is wanted
    assert.throws(() => versions(Billing, Gone, { gone: {} }), TypeError);
    // @ts-expect-error that is no value of the older method
    versions(One, Guarded, { get: { returns: () => 5 } });
  });
});

suite("what cannot be served side by side is refused", () => {
  const Base = service("S", {
    get: method({ at: t.u8 }, t.u8, t.string),
    feed: method({ items: t.rx(t.u8) }),
  });
  const none = {} as never;
  const cases: readonly (readonly [what: string, make: () => unknown, message: RegExp])[] = [
    [
      "another error under the same id",
      () => versions(Base, service("S", { get: method({ at: t.u8 }, t.u8, t.u32) }), none),
      /S\.get has the same id in both versions/,
    ],
    [
      "another credit under the same id",
      () => versions(Base, service("S", { feed: method({ items: t.rx(t.u8, 99) }) }), none),
      /S\.feed has the same id in both versions/,
    ],
    [
      "an adapter for what did not change",
      () => versions(Base, Base, { get: { returns: (value: number) => value } }),
      /S\.get has the same id/,
    ],
    [
      "a method that is gone, without a function",
      () => versions(Base, service("S", { old: method({}) }), none),
      /S\.old is gone from the newer version: give a function/,
    ],
    [
      "an adapter for a method that never was",
      () => versions(Base, service("S", {}), { missing: {} } as never),
      /S has no method missing/,
    ],
    [
      "items of a channel that turned around",
      () =>
        versions(Base, service("S", { feed: method({ items: t.tx(t.u8) }) }), {
          feed: { items: { items: (item: number) => item } },
        } as never),
      /S\.feed: items is not a channel of one direction in both versions/,
    ],
  ];
  for (const [what, make, message] of cases)
    test(what, () => assert.throws(make, { name: "TypeError", message }));

  test("the same service twice is the same service", () => {
    assert.equal(versions(Base, Base).older?.length, 1);
  });
});
