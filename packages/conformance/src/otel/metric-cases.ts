import assert from "node:assert/strict";
import type { Histogram } from "@opentelemetry/sdk-metrics";
import { connect, serve } from "roam";
import { type Measured, Recorded } from "../../../roam/test/opentelemetry/recorded.ts";
import type { Tally } from "../browser/tally.ts";
import { Prices } from "./chain.ts";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Each point as its attributes, in order of their names, and how many calls it counts. */
function counted({ points }: Measured): unknown[] {
  return points
    .map(({ attributes, value }) => ({ ...attributes, count: (value as Histogram).count }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

/** Names, units, attributes and buckets of what is measured. */
export async function checkMetrics(tally: Tally): Promise<void> {
  const [caller, handler] = [new Recorded(), new Recorded()];
  const price = ({ item }: { item: string }) => item.length;
  const handlers = { price, slow: () => Promise.reject(new TypeError("broken")) };
  const { middleware, observe } = handler.telemetry;
  const quiet = { onHandlerError() {} };
  const options = { middleware: [middleware], onSession: observe, ...quiet };
  await using server = await serve("tcp://127.0.0.1:0", Prices, handlers, options);
  await using prices = await connect(server.address, Prices, { middleware: [caller.telemetry.middleware] });
  caller.telemetry.observe(prices.$.session);
  await Promise.all([prices.price({ item: "tea" }), prices.price({ item: "milk" })]);
  await assert.rejects(prices.slow());

  const common = { "rpc.system.name": "roam" };
  const failed = { ...common, "rpc.method": "Prices/slow", "rpc.status_code": "cancelled" };
  const passed = { ...common, "rpc.method": "Prices/price", "rpc.status_code": "ok" };
  const place = { "server.address": "127.0.0.1", "server.port": Number(new URL(server.address).port) };
  const cases = [
    {
      recorded: caller,
      name: "rpc.client.call.duration",
      expected: [
        { ...passed, ...place, count: 2 },
        { ...failed, ...place, "error.type": "cancelled", count: 1 },
      ],
    },
    {
      recorded: handler,
      name: "rpc.server.call.duration",
      expected: [
        { ...passed, count: 2 },
        { ...failed, "error.type": "TypeError", count: 1 },
      ],
    },
  ];
  for (const { recorded, name, expected } of cases) {
    await tally.check(
      `${name} is in seconds, by method, outcome and server, in the buckets advised`,
      async () => {
        const measured = (await recorded.metrics())[name];
        assert(measured !== undefined, "it is there");
        assert.equal(measured.unit, "s");
        const sorted = (points: readonly object[]) =>
          points.map((point) =>
            Object.fromEntries(Object.entries(point).sort(([a], [b]) => a.localeCompare(b))),
          );
        const byMethod = (a: object, b: object) => JSON.stringify(a).localeCompare(JSON.stringify(b));
        assert.deepEqual(
          sorted(counted(measured) as object[]).sort(byMethod),
          sorted(expected).sort(byMethod),
        );
        for (const { value } of measured.points) {
          assert.deepEqual((value as Histogram).buckets.boundaries, BUCKETS);
        }
      },
    );
  }
  await tally.check("beside them only what is told of sessions", async () => {
    for (const { recorded, name } of cases) {
      assert.deepEqual(Object.keys(await recorded.metrics()), [name, "roam.session.count"]);
    }
  });
}
