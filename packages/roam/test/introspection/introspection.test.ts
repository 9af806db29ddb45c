import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, implement, method, type ServeOptions, service, t } from "roam";
import { Introspection, introspect, openIntrospection } from "roam/introspection";
import { documentOf } from "roam/schema";
import { scriptedPeer, settled, VirtualClock } from "roam/testing";
import { Metadata } from "roam/wire";
import { Audit, Billing, House } from "./house.ts";

test("the service's ids are those of its signatures", () => {
  const computed = service(Introspection.name, Introspection.methods).descriptors();
  for (const [name, { id }] of Introspection.descriptors()) assert.equal(id, computed.get(name)?.id, name);
});

suite("a peer that tells what it serves", () => {
  for (const conduit of ["bare", "stable"] as const) {
    test(`gives the document of all its services, on a ${conduit} conduit`, async () => {
      const house = new House();
      const server = await house.serve({ introspection: { docs: { "Billing.lookup": "Finds a page." } } });
      const client = await house.connect({ conduit });
      const told = await introspect(client.$.session);
      assert.deepEqual(told?.document, documentOf([Billing, Audit], { "Billing.lookup": "Finds a page." }));
      assert.deepEqual(told?.services, [
        { name: "Billing", is_root: true, health: "Serving" },
        { name: "Audit", is_root: false, health: "Serving" },
      ]);
      // Nothing is left of it, and the client goes on.
      await settled();
      assert.equal([...server.sessions][0]?.virtualConnections, 0);
      assert.deepEqual(await client.lookup({ id: 4n }), { title: "4" });
      await house.end(client.$, server);
    });
  }

  test("tells the health of each service", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect();
    const about = await openIntrospection(client.$.session);
    assert(about !== undefined);
    for (const [name, health] of [
      ["", "Serving"],
      ["Billing", "Serving"],
      ["Audit", "Serving"],
      ["Nobody", "NotServing"],
    ] as const) {
      assert.equal(await about.health({ service: name }), health, name);
    }
    await house.end(about, client.$, server);
  });

  test("says that it drains while calls under way are finished, and does not keep that from ending", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect();
    const about = await openIntrospection(client.$.session);
    assert(about !== undefined);
    const slow = client.slow();
    const watched = about.watch({ every_ms: 1_000 }).out[Symbol.asyncIterator]();
    assert.equal((await watched.next()).value?.health, "Serving");
    const drained = server.drain({ timeoutMs: 5_000 });
    assert.equal(await about.health({ service: "Billing" }), "Draining");
    await assert.rejects(client.lookup({ id: 1n }), { code: "cancelled" });
    const next = watched.next();
    await house.clock.pass(1_000);
    assert.equal((await next).value?.health, "Draining");
    const lost = assert.rejects(slow, { code: "closed" });
    await Promise.all([drained, lost, house.clock.pass(6_000)]);
    const rest = (async () => {
      while ((await watched.next()).done !== true);
    })();
    await assert.rejects(rest, { code: "closed" });
    await house.end(client.$, server);
  });

  test("counts calls, failures and channels of each connection", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect();
    const other = await house.connect();
    const about = await openIntrospection(client.$.session);
    assert(about !== undefined);
    await client.lookup({ id: 1n });
    await assert.rejects(client.lookup({ id: 0n }), { code: "user" });
    const stop = new AbortController();
    const slow = client.slow({}, { signal: stop.signal });
    const feed = client.feed();
    await settled();
    const stats = await about.stats();
    assert.equal(stats.session_count, 2);
    assert.deepEqual(stats.totals, {
      links: 2,
      handshakes: 0,
      refused_links: 0,
      detached_sessions: 0,
      running_calls: 2,
      waiting_calls: 0,
      held_bytes: 0,
    });
    const [mine, others] = stats.sessions;
    assert.notEqual(mine?.id, others?.id);
    const { peer, state, is_stable, connections } = mine ?? assert.fail();
    assert.deepEqual({ peer, state, is_stable }, { peer: "memory", state: "connected", is_stable: false });
    const none = { queued: 0, made: 0, unanswered: 0, waiting: 0, methods: [] };
    const wanted = { id: "1", is_outgoing: false, items: 0, credit: 16, waiting: 0, waiting_bytes: 0 };
    assert.deepEqual(connections, [
      {
        id: "0",
        service: "Billing",
        received: 4,
        failed: 1,
        running: 2,
        channel_count: 1,
        channels: [wanted],
        ...none,
      },
      {
        id: "1",
        service: "Introspection",
        received: 2,
        failed: 0,
        running: 1,
        channel_count: 0,
        channels: [],
        ...none,
      },
    ]);
    assert.deepEqual(mine?.waits, [
      { connection: "0", what: "call", channel: null, cause: "handler", count: 2 },
      { connection: "0", what: "channel", channel: "1", cause: "producer", count: 1 },
    ]);
    assert.deepEqual([mine?.detached_times, mine?.detached_ms], [0, 0]);
    assert.equal(others?.connections[0]?.received, 0);
    stop.abort();
    await assert.rejects(slow);
    await feed.numbers.send(7);
    await feed.numbers.close();
    await feed;
    await client.lookup({ id: 1n });
    const after = (await about.stats()).sessions[0]?.connections[0];
    assert.equal(after?.failed, 2, "a cancelled call failed, once");
    assert.equal(after?.running, 0);
    // Counted since they were first asked for: the others had begun before.
    const [counted, ...more] = after?.methods ?? [];
    assert.deepEqual(
      { ...counted, p50_ms: 0, p90_ms: 0, p99_ms: 0, max_ms: 0 },
      {
        method: "Billing.lookup",
        is_caller: false,
        calls: 1,
        in_flight: 0,
        failed: 0,
        bytes_in: 1,
        bytes_out: 3,
        p50_ms: 0,
        p90_ms: 0,
        p99_ms: 0,
        max_ms: 0,
      },
    );
    assert.deepEqual(more, []);
    await house.end(about, client.$, other.$, server);
  });

  test("sends statistics at once and then as often as was asked, but not more than is decent", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect();
    const about = await openIntrospection(client.$.session);
    assert(about !== undefined);
    let seen = 0;
    const reading = (async () => {
      for await (const { uptime_ms } of about.watch({ every_ms: 0 }).out) {
        assert.equal(uptime_ms, seen * 100);
        if (++seen === 4) break;
      }
    })();
    await settled();
    assert.equal(seen, 1);
    await house.clock.pass(99);
    assert.equal(seen, 1);
    await house.clock.pass(1);
    assert.equal(seen, 2);
    await house.clock.pass(200);
    await reading;
    assert.equal(seen, 4);
    await house.clock.pass(100);
    const [session] = server.sessions;
    assert.equal(session?.connections[1]?.dispatcher.running, 0, "nobody reads, nothing is sent");
    await house.end(about, client.$, server);
  });

  test("hides no service behind one whose types have no form in a document", async () => {
    const Odd = service("Odd", {
      get: method(
        {},
        t.custom({ name: "mine", minBytes: 1, encode: (w, v: number) => w.u8(v), decode: (r) => r.u8() }),
      ),
    });
    const house = new House();
    const server = await house.serve({
      services: [implement(Odd, { get: () => 1 }), implement(Audit, { list: () => [] })],
    });
    const client = await house.connect();
    const told = await introspect(client.$.session);
    assert.deepEqual(
      told?.document.services.map(({ name }) => name),
      ["Billing", "Audit"],
    );
    assert.deepEqual(
      told?.services.map(({ name }) => name),
      ["Billing", "Odd", "Audit"],
    );
    await house.end(client.$, server);
  });
});

suite("introspection is offered", () => {
  const guarded: ServeOptions = {
    authenticate: ({ kind, metadata, principal }) =>
      kind === "connection" ? principal : (metadata.get("token") ?? assert.fail("who?")),
  };
  const cases: readonly (readonly [
    what: string,
    address: string,
    options: ServeOptions,
    told: "all" | "own" | undefined,
  ])[] = [
    ["in this process", "memory:", {}, "all"],
    ["on loopback", "tcp://127.0.0.1:4400", {}, "all"],
    ["on all of loopback", "tls://127.8.9.1:4400", {}, "all"],
    ["on loopback of IPv6", "ws://[::1]:4400/path", {}, "all"],
    ["by name", "ws://localhost:4400", {}, "all"],
    ["on a local socket", "unix:/run/billing.sock", {}, "all"],
    ["to the parent process", "stdio:", {}, "all"],
    ["nowhere else", "tcp://10.0.0.7:4400", {}, undefined],
    ["not on all addresses", "tcp://0.0.0.0:4400", {}, undefined],
    ["not on all addresses of IPv6", "tcp://[::]:4400", {}, undefined],
    ["not where the name only begins so", "tcp://127.0.0.1.example.org:4400", {}, undefined],
    ["elsewhere if asked for", "tcp://10.0.0.7:4400", { introspection: true }, "own"],
    ["with all statistics if asked for", "tcp://10.0.0.7:1", { introspection: { statistics: "all" } }, "all"],
    ["elsewhere to those who were let in", "tcp://10.0.0.7:4400", guarded, "own"],
    ["not if not wanted", "tcp://127.0.0.1:4400", { introspection: false }, undefined],
    [
      "not if not wanted, whoever asks",
      "tcp://10.0.0.7:4400",
      { ...guarded, introspection: false },
      undefined,
    ],
  ];
  for (const [what, address, options, told] of cases) {
    test(`${what}: ${address}`, async () => {
      const house = new House(address);
      const server = await house.serve(options);
      const metadata = { token: "sesame" };
      const client = await house.connect({ metadata });
      const other = await house.connect({ metadata });
      const about = await openIntrospection(client.$.session);
      const count = (await about?.stats())?.session_count;
      assert.equal(count, told === undefined ? undefined : told === "all" ? 2 : 1);
      assert.equal((await introspect(client.$.session)) === undefined, told === undefined);
      await house.end(...(about ? [about] : []), client.$, other.$, server);
    });
  }

  test("behind `authenticate`, which is asked about the connection, too", async () => {
    const house = new House();
    const asked: string[] = [];
    const server = await house.serve({
      authenticate: ({ kind, metadata }) => {
        asked.push(`${kind} ${metadata.get("service")}`);
        if (kind === "connection") throw new Error("not you");
      },
    });
    const client = await house.connect();
    assert.equal(await introspect(client.$.session), undefined);
    assert.deepEqual(asked, ["session undefined", "connection Introspection"]);
    await house.end(client.$, server);
  });
});

suite("introspection is in nobody's way", () => {
  test("an acceptor of the user's gets every open but its own", async () => {
    const house = new House();
    const opened: unknown[] = [];
    const server = await house.serve({
      acceptConnection: ({ metadata }) => {
        opened.push(metadata.get("service"));
        return { accept: true, handler: implement(Audit, { list: () => [{ title: "a" }] }) };
      },
      introspection: { services: [Audit] },
    });
    const client = await house.connect();
    const audit = await client.$.open(Audit);
    assert.deepEqual(await audit.list(), [{ title: "a" }]);
    const nameless = await client.$.session.openConnection();
    const told = await introspect(client.$.session);
    assert.deepEqual(
      told?.services.map(({ name }) => name),
      ["Billing", "Audit"],
    );
    assert.deepEqual(opened, ["Audit", undefined]);
    client.$.session.closeConnection(nameless.connectionId);
    await house.end(audit.$, client.$, server);
  });

  test("a service of the user's with its name is the user's", async () => {
    const Introspection = service("Introspection", { mine: method({}, t.string) });
    const house = new House();
    const server = await house.serve({ services: [implement(Introspection, { mine: () => "mine" })] });
    const client = await house.connect();
    const mine = await client.$.open(Introspection);
    assert.equal(await mine.mine(), "mine");
    assert.equal(await introspect(client.$.session), undefined);
    await house.end(mine.$, client.$, server);
  });

  test("it is not there where no virtual connection may be opened", async () => {
    const house = new House();
    const server = await house.serve({ limits: { maxVirtualConnections: 0 } });
    const client = await house.connect();
    assert.equal(await introspect(client.$.session), undefined);
    assert.deepEqual(await client.lookup({ id: 4n }), { title: "4" });
    await house.end(client.$, server);
  });

  test("a side that may open no connection is told so", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect({ limits: { maxVirtualConnections: 0 } });
    await assert.rejects(introspect(client.$.session), { code: "too-large" });
    await house.end(client.$, server);
  });

  for (const parity of ["odd", "even"] as const) {
    test(`a counterpart that takes one call at a time, ids ${parity}, is enough`, async () => {
      const house = new House();
      const server = await house.serve({ limits: { maxConcurrentRequests: 1 } });
      const client = await house.connect({ parity, limits: { maxConcurrentRequests: 1 } });
      const slow = client.slow();
      slow.catch(() => {});
      assert.equal((await introspect(client.$.session))?.services.length, 2);
      await house.end(client.$, server);
    });
  }
});

suite("a peer without introspection", () => {
  const dialled = async () => {
    const clock = new VirtualClock();
    const { link, peer } = scriptedPeer();
    const connected = connect(link, Billing, { schemaCheck: "off", clock });
    await peer.handshake("acceptor");
    const client = await connected;
    const end = async () => {
      peer.die();
      await client.$.session.ended;
      await settled();
      assert.equal(clock.pending, 0);
    };
    return { client, peer, clock, [Symbol.asyncDispose]: end };
  };
  const settings = { parity: "even", maxConcurrentRequests: 64 } as const;
  const metadata = Metadata.EMPTY;

  test("that rejects the connection", async () => {
    await using both = await dialled();
    const told = introspect(both.client.$.session);
    const { connectionId } = await both.peer.expect("ConnectionOpen");
    await both.peer.send({ tag: "ConnectionReject", connectionId, metadata });
    assert.equal(await told, undefined);
  });

  test("that never answers is waited for two seconds; a late accept is closed", async () => {
    await using both = await dialled();
    const told = introspect(both.client.$.session);
    const { connectionId, metadata: opened } = await both.peer.expect("ConnectionOpen");
    assert.equal(opened.get("service"), "Introspection");
    await both.clock.pass(2_000);
    assert.equal(await told, undefined);
    await both.peer.send({ tag: "ConnectionAccept", connectionId, settings, metadata });
    assert.equal((await both.peer.expect("ConnectionClose")).connectionId, connectionId);
  });

  test("that accepts everything and knows no such method", async () => {
    await using both = await dialled();
    const told = introspect(both.client.$.session);
    const { connectionId } = await both.peer.expect("ConnectionOpen");
    await both.peer.send({ tag: "ConnectionAccept", connectionId, settings, metadata });
    for (let count = 0; count < 2; count++) {
      const { id } = await both.peer.expect("RequestCall");
      const ret = Uint8Array.of(1, 1);
      await both.peer.send({ tag: "RequestResponse", connectionId, id, channels: [], metadata, ret });
    }
    assert.equal(await told, undefined);
    assert.equal((await both.peer.expect("ConnectionClose")).connectionId, connectionId);
  });

  test("that accepts and then says nothing", async () => {
    await using both = await dialled();
    const told = introspect(both.client.$.session, { timeoutMs: 50 });
    const { connectionId } = await both.peer.expect("ConnectionOpen");
    await both.peer.send({ tag: "ConnectionAccept", connectionId, settings, metadata });
    await both.clock.pass(50);
    assert.equal(await told, undefined);
  });

  test("that takes no calls there", async () => {
    await using both = await dialled();
    const told = introspect(both.client.$.session);
    const { connectionId } = await both.peer.expect("ConnectionOpen");
    await both.peer.send({
      tag: "ConnectionAccept",
      connectionId,
      settings: { ...settings, maxConcurrentRequests: 0 },
      metadata,
    });
    assert.equal(await told, undefined);
  });

  test("that ends the session: that is told", async () => {
    await using both = await dialled();
    const told = assert.rejects(introspect(both.client.$.session), { code: "io" });
    await both.peer.expect("ConnectionOpen");
    both.peer.die();
    await told;
  });

  test("the signal's reason is told", async () => {
    await using both = await dialled();
    const stop = new AbortController();
    const reason = new Error("enough");
    const told = assert.rejects(introspect(both.client.$.session, { signal: stop.signal }), reason);
    await both.peer.expect("ConnectionOpen");
    stop.abort(reason);
    await told;
    await assert.rejects(introspect(both.client.$.session, { signal: stop.signal }), reason);
  });
});
