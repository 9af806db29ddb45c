import { connect, serve } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { openIntrospection } from "roam/introspection";
import { documentOf } from "roam/schema";
import { type TraceEvent, trace, traceHead } from "roam/trace";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";

/** What must not be seen anywhere, in any form. */
export const SECRET = "correct horse battery staple";

/** One session over TCP, written down in three places, as lines. */
export interface Recorded {
  readonly client: readonly string[];
  readonly server: readonly string[];
  /** As introspection told it to another client. */
  readonly told: readonly string[];
}

/** Calls, a stream, an error, a stalled channel, a lost link and the end of a session. */
export async function recordSession(): Promise<Recorded> {
  const lines = { client: [] as string[], server: [] as string[], told: [] as string[] };
  const schema = documentOf([Testbed]);
  for (const side of ["client", "server"] as const) {
    lines[side].push(JSON.stringify(traceHead({ madeBy: "trace:check", schema })));
  }
  let onEvent: (side: "client" | "server", event: TraceEvent) => void = () => {};
  const traced = (side: "client" | "server") =>
    trace({
      sampleMs: 50,
      stallMs: 150,
      payloadBytes: 1_024,
      onEvent: (event) => {
        lines[side].push(JSON.stringify(event));
        onEvent(side, event);
      },
    });
  /** Resolves with the next event of this form. */
  const next = (side: "client" | "server", isIt: (event: TraceEvent) => boolean) =>
    new Promise<void>((resolve) => {
      onEvent = (where, event) => {
        if (where === side && isIt(event)) resolve();
      };
    });
  const server = await serve("tcp://127.0.0.1:0", Testbed, testbedHandlers, {
    trace: traced("server"),
    introspection: { development: true },
    onHandlerError() {},
  });
  const { hostname: host, port } = new URL(server.address);
  await using proxy = await faultProxy({ upstream: { host, port: Number(port) } });
  const watcher = await connect(server.address, Testbed);
  const about = await openIntrospection(watcher.$.session);
  if (about === undefined) throw new Error("no introspection on loopback");
  const stream = about.trace({ sample: 1, sample_ms: 100, payload_bytes: 1_024 });
  const reading = (async () => {
    for await (const text of stream.out) lines.told.push(...text.split("\n"));
  })();
  reading.catch(() => {});
  const client = await connect(proxy.address, Testbed, {
    trace: traced("client"),
    keepalive: { intervalMs: 60, timeoutMs: 5_000 },
    reconnect: { baseMs: 50 },
  });
  const metadata = { authorization: { value: SECRET, sensitive: true }, tenant: "acme" };
  await client.echo({ message: "hello" }, { metadata });
  await client.lookup({ id: 99 }, { metadata }).catch(() => {});
  const generate = client.generate({ count: 3 });
  for await (const _ of generate.output);
  await generate;
  const pong = next("client", ({ kind }) => kind === "round-trip");
  await pong;
  const link = (state: string) => next("client", (event) => event.kind === "link" && event.state === state);
  const detached = link("detached");
  proxy.cut("reset");
  await detached;
  await Promise.all([link("resumed"), client.echo({ message: "again" })]);
  const slow = client.generate({ count: 500 });
  const areStalls = (count: number) =>
    [lines.client, lines.server].every(
      (side) => side.filter((line) => /"kind":"stall".*"what":"channel"/.test(line)).length === count,
    );
  await until(() => areStalls(1));
  for await (const _ of slow.output);
  await slow;
  await until(() => areStalls(2));
  await client.$.close();
  await client.$.session.ended;
  await until(() => lines.told.some((line) => /"session":2,"kind":"end"/.test(line)));
  await about.close();
  await watcher.$.close();
  await server.close();
  return lines;
}

/** Looks again and again, for ten seconds at most. */
async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error("it did not happen within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
