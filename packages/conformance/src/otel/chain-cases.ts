import assert from "node:assert/strict";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { RoamError } from "roam";
import type { Tally } from "../browser/tally.ts";
import { Chain } from "./chain.ts";
import { spanTree, traceIds } from "./span-tree.ts";
import { untilNone } from "./until-none.ts";

const QUOTE = ["client: Front/quote CLIENT", "  A: Front/quote SERVER"];
const PRICE = ["    A: Prices/price CLIENT", "      C: Prices/price SERVER"];
const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** One trace through three services, one of them the Rust peer. */
export async function checkChain(tally: Tally): Promise<void> {
  await using chain = await Chain.start();
  const quote = async () => assert.equal(await chain.front.quote({ items: ["tea", "milk"] }), 7);
  /** What was recorded before a case is not its own. */
  const check = (name: string, run: () => Promise<void>) => {
    chain.clear();
    return tally.check(name, run);
  };
  const expectTree = async (lines: readonly string[]) => {
    await untilNone(() => chain.open);
    assert.deepEqual(spanTree(chain.spans), lines);
    assert.equal(traceIds(chain.spans).size, 1);
  };

  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    await check("client, A, Rust, C: one trace, each span below the one that caused it", async () => {
      await chain.within(quote);
      await expectTree(["client: work INTERNAL", ...indented([...QUOTE, ...PRICE, ...PRICE])]);
    });
    await check("without an active span the caller's is the root", async () => {
      await quote();
      await expectTree([...QUOTE, ...PRICE, ...PRICE]);
    });
    await check("two calls at the same time keep their traces apart", async () => {
      await Promise.all([chain.within(quote), chain.within(quote)]);
      await untilNone(() => chain.open);
      assert.equal(traceIds(chain.spans).size, 2);
      const one = ["client: work INTERNAL", ...indented([...QUOTE, ...PRICE, ...PRICE])];
      assert.deepEqual(spanTree(chain.spans), [...one, ...one]);
    });
  } finally {
    context.disable();
  }

  await check("the same tree without a context manager, by the signal", async () => {
    await quote();
    await expectTree([...QUOTE, ...PRICE, ...PRICE]);
  });
  await check("an invalid traceparent counts as none: a new root at C", async () => {
    const { C } = chain.spans;
    // Past the telemetry of A, as a program without any would call.
    await using bare = await chain.clientOfRust();
    for (const traceparent of ["00-1-2-03", `00-${"0".repeat(32)}-b7ad6b7169203331-01`]) {
      await bare.price({ item: "tea" }, { metadata: { traceparent } });
    }
    await untilNone(() => C.open);
    assert.deepEqual(spanTree({ C }), ["C: Prices/price SERVER", "C: Prices/price SERVER"]);
    assert.equal(traceIds({ C }).size, 2);
  });
  await check("one traceparent arrives at C, with flags 0, of the span that called", async () => {
    const tracestate = "vendor=1,other=2";
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await chain.front.quote({ items: ["tea"] }, { trace: { traceparent, tracestate } });
    await untilNone(() => chain.open);
    const { A } = chain.spans;
    const { traceId, spanId } = A.one("Prices/price").spanContext();
    assert.equal(traceId, "0af7651916cd43dd8448eb211c80319c");
    const ours = chain.arrived.filter(({ key }) => /^trace/.test(key));
    assert.deepEqual(
      ours.map(({ key, value, flags }) => [key, value, flags]),
      [
        ["traceparent", `00-${traceId}-${spanId}-01`, 0n],
        ["tracestate", tracestate, 0n],
      ],
    );
  });
  await check("a secret passes the Rust peer and is in no span; what may not go on does not", async () => {
    const metadata = {
      "x-token": { value: "s3cr3t", sensitive: true },
      "x-local": { value: "stays", noPropagate: true },
    };
    await chain.front.quote({ items: ["tea"] }, { metadata });
    await chain.prices.price({ item: "tea" }, { metadata });
    await untilNone(() => chain.open);
    const mine = chain.arrived.filter(({ key }) => key.startsWith("x-"));
    assert.deepEqual(
      mine.map(({ key, value, flags }) => [key, value, flags]),
      [["x-token", "s3cr3t", 1n]],
    );
    const told = Object.values(chain.spans).flatMap(({ ended }) =>
      ended.map(({ name, attributes, events, links, status }) => ({
        name,
        attributes,
        events,
        links,
        status,
      })),
    );
    assert(told.length > 4);
    assert.doesNotMatch(JSON.stringify(told), /s3cr3t|stays/);
    chain.clear();
  });
  await check("the Rust peer killed under a call: its spans end, with why", async () => {
    const lost = assert.rejects(chain.prices.slow(), RoamError);
    await untilNone(() => 1 - chain.spans.C.open);
    chain.rust.kill();
    await lost;
    await untilNone(() => chain.open);
    const { A, C } = chain.spans;
    assert.match(String(A.one("Prices/slow").attributes["error.type"]), /^(io|closed)$/);
    assert.match(String(C.one("Prices/slow").attributes["rpc.status_code"]), /^(io|closed)$/);
  });
}
