/** A shop asks its stock; a collector sees one trace of both. Prints the spans as trees, and what was measured. */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { type CallError, connect, fail, serve } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { telemetry } from "roam/opentelemetry";
import { Collector } from "./collector.ts";
import { Shop, Stock } from "./services.ts";

// Three programs in one process: each has providers of its own, where a real one has the global ones.
const collector = new Collector();
const measured = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
function program(name: string) {
  const spanProcessors = [new SimpleSpanProcessor(collector.exporterFor(name))];
  const tracerProvider = new BasicTracerProvider({ spanProcessors });
  const { middleware, observe } = telemetry({ tracerProvider, meterProvider });
  return { middleware: [middleware], observe, tracer: tracerProvider.getTracer("example") };
}
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

// The stock.
const stock = program("stock");
const shelves = new Map([
  ["tea", 3],
  ["milk", 2],
]);
const stockServer = await serve(
  "tcp://127.0.0.1:0",
  Stock,
  { take: ({ item }) => shelves.get(item) ?? fail("SoldOut") },
  { middleware: stock.middleware, onSession: stock.observe },
);

// The shop, which asks the stock.
const shop = program("shop");
const stockClient = await connect(stockServer.address, Stock, { middleware: shop.middleware });
shop.observe(stockClient.$.session);
const shopServer = await serve(
  "tcp://127.0.0.1:0",
  Shop,
  {
    async order({ items }) {
      let sum = 0;
      for (const item of items) {
        const taken = await stockClient.take.result({ item });
        if (!taken.ok) fail({ tag: "SoldOut", value: item });
        else sum += taken.value;
      }
      return sum;
    },
    async news({ out }) {
      for (let day = 1; ; day++) await out.send(`day ${day}: nothing new`);
    },
  },
  { middleware: shop.middleware, onSession: shop.observe },
);

// Somebody who buys, over a link that breaks in the middle.
const buyer = program("buyer");
const { port } = new URL(shopServer.address);
const proxy = await faultProxy({ upstream: { host: "127.0.0.1", port: Number(port) } });
const shopping = await connect(proxy.url("tcp"), Shop, { middleware: buyer.middleware });
buyer.observe(shopping.$.session);
const errand = buyer.tracer.startSpan("errand");
await context.with(trace.setSpan(context.active(), errand), async () => {
  console.log(`paid ${await shopping.order({ items: ["tea", "milk"] })}`);
  await shopping.order({ items: ["caviar"] }).catch((error: CallError) => console.log(`${error.code}`));
  const news = shopping.news();
  let days = 0;
  for await (const _ of news.out) {
    if (++days === 3) proxy.cut();
    if (days === 10) break;
  }
  // Leaving the loop stopped it.
  await news.catch(() => {});
});
errand.end();

await shopping.$.session.close();
await shopServer.close();
await stockClient.$.session.close();
await stockServer.close();
await proxy.close();
console.log(collector.show().join("\n"));

await reader.forceFlush();
for (const { metrics } of measured.getMetrics().at(-1)?.scopeMetrics ?? []) {
  for (const { descriptor, dataPoints } of metrics.filter(({ descriptor: { unit } }) => unit === "s")) {
    for (const { attributes, value } of dataPoints) {
      const { "rpc.method": name, "rpc.status_code": status } = attributes;
      console.log(`${descriptor.name} ${name} ${status}: ${(value as Histogram).count}`);
    }
  }
}
await meterProvider.shutdown();
