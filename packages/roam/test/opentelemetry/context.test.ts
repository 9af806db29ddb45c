// With a context manager, as Node's programs have one.
import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { context, type Span, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { method, service, t } from "roam";
import { pairOf } from "../call/harness.ts";
import { Recorded } from "./recorded.ts";

const Desk = service("Desk", { add: method({ a: t.u32, b: t.u32 }, t.u32), relay: method({}, t.u32) });

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
after(() => context.disable());
const tracer = new BasicTracerProvider().getTracer("test");

/** Runs within a span of the program's own. */
async function within<T>(run: (span: Span) => Promise<T>): Promise<T> {
  const span = tracer.startSpan("work");
  try {
    return await context.with(trace.setSpan(context.active(), span), () => run(span));
  } finally {
    span.end();
  }
}

suite("calls and the active span", () => {
  test("is the parent of a call, before what the call would inherit", async () => {
    const client = new Recorded();
    const add = ({ a, b }: { a: number; b: number }) => a + b;
    await using pair = await pairOf(
      Desk,
      { add, relay: () => 0 },
      { client: { middleware: [client.telemetry.middleware] } },
    );
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await within(async (span) => {
      await pair.client.add({ a: 1, b: 2 }, { trace: { traceparent } });
      assert.deepEqual(client.spans.one("Desk/add").parentSpanContext?.spanId, span.spanContext().spanId);
    });
  });

  test("in a handler it is the server's, though the call came in the context of another", async () => {
    const server = new Recorded();
    const client = new Recorded();
    const seen: (string | undefined)[] = [];
    const spanId = () => trace.getSpanContext(context.active())?.spanId;
    await using last = await pairOf(
      Desk,
      { add: ({ a, b }) => a + b, relay: () => 0 },
      { client: { middleware: [client.telemetry.middleware] } },
    );
    // Links in memory hand messages on in the context of their sender.
    await using pair = await pairOf(
      Desk,
      {
        add: ({ a, b }) => a + b,
        async relay(_, { signal }) {
          seen.push(spanId());
          await Promise.resolve();
          return last.client.add({ a: 1, b: 2 }, { signal });
        },
      },
      { server: { middleware: [server.telemetry.middleware] } },
    );
    await within(async () => assert.equal(await pair.client.relay(), 3));
    const served = server.spans.one("Desk/relay");
    assert.equal(served.parentSpanContext, undefined);
    assert.deepEqual(seen, [served.spanContext().spanId]);
    assert.equal(client.spans.one("Desk/add").parentSpanContext?.spanId, served.spanContext().spanId);
  });
});
