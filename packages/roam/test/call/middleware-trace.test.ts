import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallContext, type Middleware, method, service, type TraceContext } from "roam";
import { Metadata, MetadataEntry } from "roam/wire";
import { inheritedBy } from "../../src/call/call-metadata.ts";
import { callOf, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Steps = service("Steps", { step: method({}) });
const CAME = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1" };
const OURS = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00" };

suite("middleware and the trace of a call", () => {
  test("the caller's replaces what would go: one entry goes, whatever was there", async () => {
    const seen: (TraceContext | undefined)[] = [];
    const middleware: Middleware[] = [
      (call, next) => {
        seen.push(call.trace);
        call.trace = OURS;
        seen.push(call.trace);
        assert.throws(() => (call.trace = { traceparent: "00-1-2-3" }), RangeError);
        return next();
      },
    ];
    await using served = await scriptedServer(Steps, { middleware });
    const step = served.client.step({}, { trace: CAME, metadata: { own: "1", "trace-parent": "x" } });
    const { metadata } = await served.peer.expect("RequestCall");
    assert.deepEqual(
      [...metadata],
      [new MetadataEntry("own", "1"), new MetadataEntry("traceparent", OURS.traceparent)],
    );
    assert.deepEqual(seen, [CAME, OURS]);
    await served.peer.send(responseOf(1, [0]));
    await step;
  });

  test("the caller's can take it away", async () => {
    const middleware: Middleware[] = [
      (call, next) => {
        call.trace = undefined;
        return next();
      },
    ];
    await using served = await scriptedServer(Steps, { middleware });
    const step = served.client.step({}, { trace: CAME });
    assert.equal((await served.peer.expect("RequestCall")).metadata.size, 0);
    await served.peer.send(responseOf(1, [0]));
    await step;
  });

  for (const when of ["before", "after"] as const) {
    test(`the handler's is what its calls inherit, set ${when} the signal was asked for`, async () => {
      const contexts: CallContext[] = [];
      const middleware: Middleware[] = [
        (call, next) => {
          assert.deepEqual(call.trace, CAME);
          if (when === "after") assert.deepEqual(inheritedBy(call.signal)?.trace, CAME);
          call.trace = OURS;
          return next();
        },
      ];
      const step = (_: unknown, call: CallContext) => void contexts.push(call);
      await using served = await scriptedClient(Steps, { step }, { middleware });
      const metadata = Metadata.from(CAME);
      await served.peer.send(callOf(Steps, "step", 1, { metadata }));
      await served.peer.expect("RequestResponse");
      const [context] = contexts;
      assert.deepEqual(context?.trace, OURS);
      assert.deepEqual(inheritedBy(context?.signal)?.trace, OURS);
      assert.deepEqual(context?.metadata, metadata);
    });
  }
});
