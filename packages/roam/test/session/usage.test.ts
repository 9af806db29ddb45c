import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  connect,
  implement,
  method,
  type ServeOptions,
  type ServerUsage,
  serveHandler,
  service,
  t,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { settled, VirtualClock } from "roam/testing";

const Store = service("Store", {
  keep: method({ data: t.bytes }),
  take: method({ items: t.rx(t.bytes, 16) }),
  give: method({ items: t.tx(t.bytes, 16) }),
});

const KIB = 1024;
const DATA = new Uint8Array(KIB);

/** A server in memory whose handlers wait until `release`, or for ever. */
async function serving(options: ServeOptions) {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  let onLink = (_: Link) => {};
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const handler = implement(Store, {
    keep: () => released,
    take: () => released,
    give: async ({ items }) => {
      for (let sent = 0; sent < 8; sent++) await items.send(DATA);
    },
  });
  const server = await serveHandler(
    async (take) => {
      onLink = take;
      return { address: "memory", close: async () => {} };
    },
    handler,
    { clock, logger: { warn: (_, text) => warnings.push(text), error() {} }, ...options },
  );
  const links: Link[] = [];
  const next = async () => {
    const [near, far] = memoryLinkPair();
    links.push(near);
    onLink(far);
    return near;
  };
  const usage = (part: Partial<ServerUsage>) => {
    const { usage: all } = server;
    const seen = Object.fromEntries(Object.keys(part).map((name) => [name, all[name as keyof ServerUsage]]));
    assert.deepEqual(seen, part);
  };
  return { clock, server, warnings, release, links, next, usage };
}

// r[verify session.x.limits]
suite("what a server takes of its limits", () => {
  test("counts items that nobody took and calls in line, until they are", async () => {
    const { server, next, usage, release } = await serving({
      limits: { maxRunningCalls: 1 },
    });
    const client = await connect(await next(), Store);
    const take = client.take({});
    for (let sent = 0; sent < 3; sent++) await take.items.send(DATA.subarray(2));
    await settled();
    usage({ links: 1, handshakes: 0, runningCalls: 1, heldBytes: 3 * KIB });
    const stop = new AbortController();
    const inLine = assert.rejects(client.keep({ data: DATA }, { signal: stop.signal }));
    await settled();
    usage({ runningCalls: 1, waitingCalls: 1, heldBytes: 4 * KIB + 2 });
    stop.abort();
    await inLine;
    await settled();
    usage({ runningCalls: 1, waitingCalls: 0, heldBytes: 3 * KIB });
    await client.$.session.close();
    await settled();
    usage({ links: 0, runningCalls: 1, heldBytes: 0 });
    release();
    await settled();
    usage({ runningCalls: 0 });
    await server.close();
  });

  test("counts what is kept for replay, while there is no link too, until it is acknowledged", async () => {
    const { server, next, links, clock, usage } = await serving({});
    let isUp = true;
    const source = {
      next: async () => {
        if (!isUp) throw new Error("no route");
        return next();
      },
    };
    const quiet = { warn() {}, error() {} };
    const client = await connect(source, Store, { clock, random: () => 0.5, logger: quiet });
    await clock.pass(1_000);
    usage({ heldBytes: 0, detachedSessions: 0 });
    links[0]?.rx.pause();
    const give = client.give({});
    await settled();
    const { heldBytes } = server.usage;
    assert(heldBytes > 8 * KIB && heldBytes < 9 * KIB, `${heldBytes} bytes`);
    isUp = false;
    links[0]?.destroy();
    await settled();
    usage({ links: 0, detachedSessions: 1, heldBytes });
    isUp = true;
    await clock.pass(30_000);
    usage({ links: 1, detachedSessions: 0 });
    let items = 0;
    for await (const _ of give.items) items++;
    assert.equal(items, 8);
    await give;
    await clock.pass(1_000);
    usage({ heldBytes: 0 });
    await client.$.close();
    await settled();
    await server.close();
  });

  test("above the limit of all sessions the one that holds most is ended, and the others go on", async () => {
    const { server, next, usage } = await serving({ limits: { maxHeldBytes: 8 * KIB } });
    const clients = [await connect(await next(), Store), await connect(await next(), Store)];
    const [small, large] = clients.map((client) => client.take({}));
    await small?.items.send(DATA);
    for (let sent = 0; sent < 7; sent++) await large?.items.send(DATA);
    await settled();
    assert.equal(clients[1]?.$.session.hasEnded, true);
    assert.equal(clients[0]?.$.session.hasEnded, false);
    assert.equal(server.sessions.size, 1);
    await small?.items.send(DATA);
    await settled();
    usage({ heldBytes: 2 * (KIB + 2) });
    await server.close();
    usage({ heldBytes: 0, links: 0 });
    await assert.rejects(Promise.all([small, large]));
  });

  test("counts links without a place, and tells the log now and then", async () => {
    const { server, next, warnings, usage } = await serving({ limits: { maxLinks: 1 } });
    const client = await connect(await next(), Store);
    for (let link = 0; link < 10; link++) await next();
    usage({ links: 1, refusedLinks: 10 });
    assert.deepEqual(
      warnings.map((text) => Number(/(\d+) so far/.exec(text)?.[1])),
      [1, 2, 4, 8],
    );
    assert.match(warnings[0] ?? "", /came from memory: 1 links are open/);
    await client.$.session.close();
    await settled();
    usage({ links: 0 });
    await server.close();
  });
});
