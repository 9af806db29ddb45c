// No context manager is set here: what a browser has.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Histogram } from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, type ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { connect, fail, method, type Rx, serve, service, type Tx, t } from "roam";
import { settled } from "roam/testing";
import { MetadataEntry } from "roam/wire";
import { pairOf } from "../call/harness.ts";
import { Recorded } from "./recorded.ts";

const Desk = service("Desk", {
  add: method({ a: t.u32, b: t.u32 }, t.u32),
  lookup: method({ id: t.u32 }, t.string, t.enum("LookupError", { NotFound: t.unit })),
  broken: method({}),
  wait: method({}),
  copy: method({ numbers: t.rx(t.u32), out: t.tx(t.u32) }),
});

const handlers = {
  add: ({ a, b }: { a: number; b: number }) => a + b,
  lookup: ({ id }: { id: number }) => (id === 0 ? fail("NotFound") : `page ${id}`),
  broken: () => {
    throw new RangeError("out of order");
  },
  // Never settles, whatever becomes of its call.
  wait: () => new Promise<void>(() => {}),
  copy: async ({ numbers, out }: { numbers: Rx<number>; out: Tx<number> }) => {
    for await (const number of numbers) await out.send(number);
  },
};

/** Both sides in one program each. */
async function desks(client = new Recorded(), server = new Recorded()) {
  const pair = await pairOf(Desk, handlers, {
    client: { middleware: [client.telemetry.middleware] },
    server: { middleware: [server.telemetry.middleware] },
  });
  return { client, server, pair, desk: pair.client, end: () => pair[Symbol.asyncDispose]() };
}

const SYSTEM = { "rpc.system.name": "roam" };
const statusOf = ({ status, attributes }: ReadableSpan) => ({
  isError: status.code === SpanStatusCode.ERROR,
  status: attributes["rpc.status_code"],
  type: attributes["error.type"],
});

suite("spans of calls", () => {
  test("one on either side, in one trace, named for the method", async () => {
    const { client, server, desk, end } = await desks();
    assert.equal(await desk.add({ a: 1, b: 2 }), 3);
    const made = client.spans.one("Desk/add");
    const served = server.spans.one("Desk/add");
    assert.equal(made.kind, SpanKind.CLIENT);
    assert.equal(served.kind, SpanKind.SERVER);
    assert.equal(made.parentSpanContext, undefined);
    assert.equal(served.parentSpanContext?.spanId, made.spanContext().spanId);
    assert.equal(served.parentSpanContext?.isRemote, true);
    assert.equal(served.spanContext().traceId, made.spanContext().traceId);
    for (const span of [made, served]) {
      assert.deepEqual(span.attributes, { ...SYSTEM, "rpc.method": "Desk/add", "rpc.status_code": "ok" });
      assert.equal(span.status.code, SpanStatusCode.UNSET);
    }
    await end();
  });

  test("know where the other side is, over a network", async () => {
    const client = new Recorded();
    const server = new Recorded();
    const options = { middleware: [server.telemetry.middleware] };
    await using listening = await serve("tcp://127.0.0.1:0", Desk, handlers, options);
    await using desk = await connect(listening.address, Desk, { middleware: [client.telemetry.middleware] });
    await desk.add({ a: 1, b: 2 });
    const made = client.spans.one("Desk/add").attributes;
    assert.equal(made["server.address"], "127.0.0.1");
    assert.equal(made["server.port"], Number(new URL(listening.address).port));
    assert.equal(made["network.transport"], "tcp");
    const served = server.spans.one("Desk/add").attributes;
    assert.equal(served["network.peer.address"], "127.0.0.1");
    assert.equal(typeof served["network.peer.port"], "number");
  });

  test("say how their call ended; on the server it is an error if it is the server's", async () => {
    const { client, server, desk, pair, end } = await desks();
    const ends = () => ({
      client: statusOf(client.spans.ended.splice(0)[0] as ReadableSpan),
      server: statusOf(server.spans.ended.splice(0)[0] as ReadableSpan),
    });
    await assert.rejects(desk.lookup({ id: 0 }), { code: "user" });
    assert.deepEqual(ends(), {
      client: { isError: true, status: "user", type: "user" },
      server: { isError: false, status: "user", type: undefined },
    });
    await assert.rejects(desk.broken(), { code: "cancelled" });
    const [event] = server.spans.ended[0]?.events ?? [];
    assert.equal(event?.attributes?.["exception.message"], "out of order");
    assert.deepEqual(ends(), {
      client: { isError: true, status: "cancelled", type: "cancelled" },
      server: { isError: true, status: "cancelled", type: "RangeError" },
    });
    await assert.rejects(desk.wait({}, { timeoutMs: 20 }), { code: "deadline-exceeded" });
    while (server.spans.open > 0) await settled();
    // Which of the two notices first is open.
    const late = ends();
    assert.deepEqual(late.client, { isError: true, status: "deadline-exceeded", type: "deadline-exceeded" });
    assert.match(String(late.server.status), /^(deadline-exceeded|cancelled)$/);
    const stop = new AbortController();
    const given = desk.wait({}, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    while (server.spans.open > 0) await settled();
    assert.deepEqual(ends(), {
      client: { isError: true, status: "aborted", type: "aborted" },
      server: { isError: false, status: "cancelled", type: undefined },
    });
    const left = desk.wait();
    await settled();
    await Promise.all([assert.rejects(left, { code: "closed" }), end()]);
    assert.deepEqual(ends(), {
      client: { isError: true, status: "closed", type: "closed" },
      server: { isError: false, status: "closed", type: undefined },
    });
    assert.equal(client.spans.open + server.spans.open, 0);
    assert.equal(pair.failures.length, 1);
  });

  test("an invalid context is none: the server's span is a root", async () => {
    const server = new Recorded();
    await using pair = await pairOf(Desk, handlers, {
      server: { middleware: [server.telemetry.middleware] },
    });
    const metadata = { traceparent: "00-xyz-1-01" };
    await pair.client.add({ a: 1, b: 2 }, { metadata });
    assert.equal(server.spans.one("Desk/add").parentSpanContext, undefined);
  });

  test("carry nothing of metadata, marked SENSITIVE or not", async () => {
    const { client, server, desk, end } = await desks();
    const metadata = { token: { value: "s3cr3t", sensitive: true }, tenant: "acme" };
    await desk.add({ a: 1, b: 2 }, { metadata });
    const told = JSON.stringify(
      [...client.spans.ended, ...server.spans.ended].map(({ attributes }) => attributes),
    );
    assert.doesNotMatch(told, /s3cr3t|acme/);
    await end();
  });

  test("are not made for what is not sampled; its context goes on all the same", async () => {
    const { client, server, desk, end } = await desks(new Recorded({ sampler: new AlwaysOffSampler() }));
    await desk.add({ a: 1, b: 2 });
    assert.equal(client.spans.started, 0);
    // A parent that is not sampled: the default sampler goes by it.
    assert.equal(server.spans.started, 0);
    const { points } = (await client.metrics())["rpc.client.call.duration"] ?? { points: [] };
    assert.equal((points[0]?.value as Histogram | undefined)?.count, 1);
    await end();
  });
});

suite("the trace of calls made while serving", () => {
  test("goes on by the call's signal where nothing else keeps it, as one entry", async () => {
    const far = new Recorded();
    const middle = new Recorded();
    const near = new Recorded();
    const entries: MetadataEntry[] = [];
    await using last = await pairOf(Desk, handlers, {
      client: { middleware: [middle.telemetry.middleware] },
      server: {
        middleware: [
          far.telemetry.middleware,
          (call, next) => {
            entries.push(...call.metadata);
            return next();
          },
        ],
      },
    });
    await using first = await pairOf(
      Desk,
      { ...handlers, add: ({ a, b }, { signal }) => last.client.add({ a, b }, { signal }) },
      {
        client: { middleware: [near.telemetry.middleware] },
        server: { middleware: [middle.telemetry.middleware] },
      },
    );
    const tracestate = "vendor=1";
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert.equal(await first.client.add({ a: 1, b: 2 }, { trace: { traceparent, tracestate } }), 3);
    const of = (spans: Recorded, kind: SpanKind) =>
      spans.spans.ended.find((span) => span.kind === kind) as ReadableSpan;
    const chain = [
      of(near, SpanKind.CLIENT),
      of(middle, SpanKind.SERVER),
      of(middle, SpanKind.CLIENT),
      of(far, SpanKind.SERVER),
    ];
    assert.equal(chain[0]?.parentSpanContext?.spanId, "b7ad6b7169203331");
    for (const [index, span] of chain.slice(1).entries()) {
      assert.equal(span.parentSpanContext?.spanId, chain[index]?.spanContext().spanId);
    }
    const { traceId, spanId } = chain[2]?.spanContext() ?? {};
    assert.equal(traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.deepEqual(entries, [
      new MetadataEntry("traceparent", `00-${traceId}-${spanId}-01`),
      new MetadataEntry("tracestate", tracestate),
    ]);
  });
});

suite("spans of channels", () => {
  test("last as long as the channel, count its items and link to the caller's span, both ends", async () => {
    const { client, server, desk, end } = await desks();
    const call = desk.copy();
    await call.numbers.send(1);
    await call.numbers.send(2);
    assert.equal((await call.out.next()).value, 1);
    assert.equal(client.spans.ended.length, 0);
    await call.numbers.close();
    for await (const _ of call.out);
    await call;
    await settled();
    assert.equal(client.spans.open + server.spans.open, 0);
    const caller = client.spans.one("Desk/copy").spanContext().spanId;
    for (const { spans, direction } of [
      { spans: client.spans, direction: { numbers: "out", out: "in" } },
      { spans: server.spans, direction: { numbers: "in", out: "out" } },
    ]) {
      for (const name of ["numbers", "out"] as const) {
        const span = spans.one(`Desk/copy ${name}`);
        assert.deepEqual(span.attributes, {
          "roam.channel.name": name,
          "roam.channel.direction": direction[name],
          "roam.channel.items": 2,
        });
        assert.equal(span.parentSpanContext?.spanId, spans.one("Desk/copy").spanContext().spanId);
        assert.deepEqual(
          span.links.map(({ context }) => context.spanId),
          [caller],
        );
      }
    }
    await end();
  });

  test("end with the session, and where their call was never sent", async () => {
    const { client, server, desk, end } = await desks();
    const call = desk.copy();
    await settled();
    assert.equal(client.spans.open, 3);
    assert.equal(server.spans.open, 3);
    await Promise.all([assert.rejects(call, { code: "closed" }), end()]);
    await assert.rejects(desk.copy(), { code: "closed" });
    await settled();
    assert.equal(client.spans.open + server.spans.open, 0);
    for (const span of client.spans.ended) assert.equal(span.attributes["error.type"], "closed");
  });
});

suite("measurements of calls", () => {
  test("are the durations of the conventions, in seconds, by method and outcome", async () => {
    const { client, server, desk, end } = await desks();
    await desk.add({ a: 1, b: 2 });
    await desk.add({ a: 1, b: 2 });
    await assert.rejects(desk.broken());
    for (const { recorded, name, error } of [
      { recorded: client, name: "rpc.client.call.duration", error: "cancelled" },
      { recorded: server, name: "rpc.server.call.duration", error: "RangeError" },
    ]) {
      const metrics = await recorded.metrics();
      assert.deepEqual(Object.keys(metrics), [name]);
      const { unit, points } = metrics[name] ?? { unit: "", points: [] };
      assert.equal(unit, "s");
      assert.deepEqual(
        points.map(({ attributes, value }) => [attributes, (value as Histogram).count]),
        [
          [{ ...SYSTEM, "rpc.method": "Desk/add", "rpc.status_code": "ok" }, 2],
          [
            { ...SYSTEM, "rpc.method": "Desk/broken", "rpc.status_code": "cancelled", "error.type": error },
            1,
          ],
        ],
      );
      const value = points[0]?.value as Histogram;
      assert.deepEqual(
        value.buckets.boundaries,
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      );
      assert((value.sum as number) < 1, `${value.sum} s for two additions`);
    }
    await end();
  });
});
