import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, method, type RoamError, type ServeOptions, serve, service, t } from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { linkCasesFor, noLeaks } from "roam/testing";
import { openTunnel } from "roam/tunnel";
import { linkKinds } from "../session/links.ts";

const Who = service("Who", {
  who: method({}, t.string),
  count: method({ to: t.u32, out: t.tx(t.u32) }),
  size: method({ body: t.bytes }, t.u32),
  wait: method({}),
});
const Nothing = service("Nothing", {});
const quiet = { warn: () => {}, error: () => {} };

async function serveWho(options: ServeOptions = {}) {
  const aborted: string[] = [];
  const waiting: string[] = [];
  const server = await serve(
    "tcp://127.0.0.1:0",
    Who,
    {
      who: (_, call) => `${call.principal}`,
      async count({ to, out }) {
        for (let number = 0; number < to; number++) await out.send(number);
      },
      size: ({ body }) => body.length,
      wait: (_, { signal, principal }) =>
        new Promise((resolve) => {
          waiting.push(`${principal}`);
          signal.addEventListener("abort", () => {
            aborted.push(`${principal}`);
            resolve();
          });
        }),
    },
    {
      tunnels: true,
      authenticate: ({ kind, metadata, principal }) =>
        kind === "session" ? (metadata.get("name") ?? "outer") : principal,
      logger: quiet,
      ...options,
    },
  );
  const outer = await connect(server.address, Nothing, {
    conduit: "bare",
    logger: quiet,
    schemaCheck: "off",
  });
  return { server, outer, waiting, aborted };
}

async function tunnelPair(): Promise<readonly [Link, Link]> {
  const kind = linkKinds.find(({ name }) => name === "tunnel");
  const ends: Link[] = [];
  const listener = await kind?.listen((link) => ends.push(link));
  const near = await listener?.dial();
  assert(near !== undefined);
  // The far end comes with the call, which goes by the same session.
  while (ends.length === 0) await new Promise(setImmediate);
  await listener?.close();
  return [near, ends[0] as Link];
}

suite("link through a tunnel", () => {
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true }))
    test(name, () => noLeaks(() => run(tunnelPair)));
});

suite("sessions through one link", () => {
  test("each is somebody of its own, with its own streams", async () => {
    await noLeaks(async () => {
      const { server, outer } = await serveWho();
      const names = ["ada", "bob", "eve"];
      const clients = await Promise.all(
        names.map((name) =>
          connect({ next: ({ signal }) => openTunnel(outer.$.session, { signal }) }, Who, {
            metadata: { name },
            logger: quiet,
          }),
        ),
      );
      assert.deepEqual(await Promise.all(clients.map((client) => client.who())), names);
      const sums = clients.map(async (client) => {
        let sum = 0;
        for await (const number of client.count({ to: 1_000 }).out) sum += number;
        return sum;
      });
      assert.deepEqual(await Promise.all(sums), [499_500, 499_500, 499_500]);
      for (const client of clients) await client.$.session.close();
      while (server.usage.links > 1) await new Promise(setImmediate);
      await outer.$.session.close();
      await server.close();
    });
  });

  test("large payloads of one do not hold up the calls of another", async () => {
    const { server, outer } = await serveWho();
    const dial = () => openTunnel(outer.$.session);
    const busy = await connect({ next: dial }, Who, { metadata: { name: "busy" }, logger: quiet });
    const brisk = await connect({ next: dial }, Who, { metadata: { name: "brisk" }, logger: quiet });
    let isDone = false;
    let inBetween = 0;
    const large = busy.size({ body: new Uint8Array(8 * 1024 * 1024) }).then((size) => {
      isDone = true;
      return size;
    });
    while (!isDone) {
      await brisk.who();
      if (!isDone) inBetween++;
    }
    assert.equal(await large, 8 * 1024 * 1024);
    assert(inBetween > 2, `${inBetween} calls were answered meanwhile`);
    for (const client of [busy, brisk, outer]) await client.$.session.close();
    await server.close();
  });

  test("one that goes takes nothing of the others with it; all resume when the link is replaced", async () => {
    await noLeaks(async () => {
      const { server, outer, waiting, aborted } = await serveWho();
      let session = outer.$.session;
      const next = ({ signal }: { signal: AbortSignal }) => openTunnel(session, { signal });
      const stays = await connect({ next }, Who, { metadata: { name: "stays" }, logger: quiet });
      const link = await openTunnel(session);
      const goes = await connect(link, Who, { metadata: { name: "goes" }, logger: quiet });
      const gone = assert.rejects(goes.wait());
      const states: string[] = [];
      stays.$.session.watch(({ kind }) => states.push(kind));
      while (waiting.length === 0) await new Promise(setImmediate);
      link.destroy();
      await gone;
      while (aborted.length === 0) await new Promise(setImmediate);
      assert.deepEqual(aborted, ["goes"]);
      assert.equal(await stays.who(), "stays");
      const replacement = await connect(server.address, Nothing, {
        conduit: "bare",
        logger: quiet,
        schemaCheck: "off",
      });
      const lost = session;
      session = replacement.$.session;
      await lost.close();
      assert.equal(await stays.who(), "stays");
      assert.deepEqual(states, ["detached", "resumed"]);
      await stays.$.session.close();
      await session.close();
      await server.close();
    });
  });

  test("no tunnel where none are served, and none within another", async () => {
    const { server, outer } = await serveWho();
    const inner = await connect(await openTunnel(outer.$.session), Nothing, {
      logger: quiet,
      schemaCheck: "off",
    });
    await assert.rejects(openTunnel(inner.$.session), { code: "rejected" });
    await inner.$.session.close();
    await outer.$.session.close();
    await server.close();
    const plain = await serveWho({ tunnels: false });
    await assert.rejects(openTunnel(plain.outer.$.session), { code: "rejected" });
    await plain.outer.$.session.close();
    await plain.server.close();
  });

  test("a server that drains lets the calls of inner sessions finish", async () => {
    const { server, outer } = await serveWho();
    const inner = await connect({ next: () => openTunnel(outer.$.session) }, Who, { logger: quiet });
    const numbers: number[] = [];
    const reading = (async () => {
      for await (const number of inner.count({ to: 20_000 }).out) numbers.push(number);
    })();
    while (numbers.length === 0) await new Promise(setImmediate);
    await server.drain({ timeoutMs: 10_000 });
    await reading;
    assert.equal(numbers.length, 20_000);
    await inner.$.session.ended;
    await outer.$.session.ended;
  });

  test("links through tunnels count among all links of the server", async () => {
    const { server, outer } = await serveWho({ limits: { maxLinks: 2 } });
    const first = await connect(await openTunnel(outer.$.session), Who, { logger: quiet });
    const refused = connect(await openTunnel(outer.$.session), Who, { logger: quiet });
    await assert.rejects(refused, ({ code }: RoamError) => ["handshake", "io", "closed"].includes(code));
    assert.equal(await first.who(), "outer");
    for (const client of [first, outer]) await client.$.session.close();
    await server.close();
  });

  test("a tunnel is gone with its session", async () => {
    const [near, far] = memoryLinkPair();
    near.destroy();
    far.destroy();
    const { server, outer } = await serveWho();
    await outer.$.session.close();
    await assert.rejects(openTunnel(outer.$.session), { code: "closed" });
    await server.close();
  });
});
