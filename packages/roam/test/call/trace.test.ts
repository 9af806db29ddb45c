import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type CallOptions, type Client, clientOn, method, service, type TraceContext } from "roam";
import { settled } from "roam/testing";
import { Metadata, MetadataEntry } from "roam/wire";
import { traceIn } from "../../src/call/call-metadata.ts";
import { callOf, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Steps = service("Steps", { step: method({}), relay: method({}) });
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OTHER = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00";

suite("trace context", () => {
  // r[verify rpc.x.trace]
  test("travels as traceparent and tracestate, Strings with flags 0", async () => {
    await using served = await scriptedServer(Steps);
    const step = served.client.step({}, { trace: { traceparent: PARENT, tracestate: "a=1,b=2" } });
    const { metadata } = await served.peer.expect("RequestCall");
    assert.deepEqual(
      [...metadata],
      [new MetadataEntry("traceparent", PARENT, 0n), new MetadataEntry("tracestate", "a=1,b=2", 0n)],
    );
    await served.peer.send(responseOf(1, [0]));
    await step;
  });

  test("an invalid one of one's own is misuse", async () => {
    await using served = await scriptedServer(Steps);
    assert.throws(() => served.client.step({}, { trace: { traceparent: "00-1-2-3" } }), RangeError);
  });

  // r[verify rpc.x.trace]
  for (const { name, metadata, trace } of [
    { name: "a valid one", metadata: { traceparent: PARENT }, trace: { traceparent: PARENT } },
    {
      name: "a valid one with state",
      metadata: { traceparent: PARENT, tracestate: "a=1" },
      trace: { traceparent: PARENT, tracestate: "a=1" },
    },
    { name: "the other spelling", metadata: { "trace-parent": PARENT }, trace: { traceparent: PARENT } },
    {
      name: "both spellings: the standard one",
      metadata: { "trace-parent": PARENT, traceparent: OTHER },
      trace: { traceparent: OTHER },
    },
    {
      name: "a later version of the standard",
      metadata: { traceparent: `cc${PARENT.slice(2)}` },
      trace: { traceparent: `cc${PARENT.slice(2)}` },
    },
    { name: "version ff", metadata: { traceparent: `ff${PARENT.slice(2)}` }, trace: undefined },
    { name: "capitals", metadata: { traceparent: PARENT.toUpperCase() }, trace: undefined },
    {
      name: "a trace id of zeros",
      metadata: { traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` },
      trace: undefined,
    },
    {
      name: "a parent id of zeros",
      metadata: { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01` },
      trace: undefined,
    },
    { name: "one too short", metadata: { traceparent: PARENT.slice(0, -1) }, trace: undefined },
    { name: "one too long", metadata: { traceparent: `${PARENT}0` }, trace: undefined },
    { name: "bytes", metadata: { traceparent: new TextEncoder().encode(PARENT) }, trace: undefined },
    { name: "state alone", metadata: { tracestate: "a=1" }, trace: undefined },
    {
      name: "state that is no String",
      metadata: { traceparent: PARENT, tracestate: 1n },
      trace: { traceparent: PARENT },
    },
  ] as readonly {
    name: string;
    metadata: Record<string, string | Uint8Array | bigint>;
    trace: TraceContext | undefined;
  }[]) {
    test(`${name} is read as ${trace === undefined ? "none" : "it is"}`, () => {
      assert.deepEqual(traceIn(Metadata.from(metadata)), trace);
    });
  }

  async function relaying(options: CallOptions) {
    let back: Client<(typeof Steps)["methods"]> | undefined;
    const traces: (TraceContext | undefined)[] = [];
    const session = await scriptedClient(Steps, {
      step: () => {},
      relay: async (_, call) => {
        traces.push(call.trace);
        await back?.step({}, { signal: call.signal, ...options });
      },
    });
    back = clientOn(session.session, session.session.root, Steps);
    return { session, traces };
  }

  // r[verify rpc.x.trace]
  for (const { name, incoming, options, sent } of [
    {
      name: "an incoming one is the parent of calls made while serving",
      incoming: PARENT,
      options: {},
      sent: PARENT,
    },
    { name: "an invalid one is not handed on", incoming: "00-zz", options: {}, sent: undefined },
    {
      name: "the call's own goes before",
      incoming: PARENT,
      options: { trace: { traceparent: OTHER } },
      sent: OTHER,
    },
    { name: "not inherited if told so", incoming: PARENT, options: { inherit: false }, sent: undefined },
  ]) {
    test(name, async () => {
      const { session, traces } = await relaying(options);
      await using _ = session;
      await session.peer.send(
        callOf(Steps, "relay", 1, { metadata: Metadata.from({ traceparent: incoming }) }),
      );
      assert.equal((await session.peer.expect("RequestCall")).metadata.get("traceparent"), sent);
      await session.peer.send(responseOf(2, [0]));
      await session.peer.expect("RequestResponse");
      await settled();
      assert.equal(traces[0]?.traceparent, incoming === PARENT ? PARENT : undefined);
    });
  }
});
