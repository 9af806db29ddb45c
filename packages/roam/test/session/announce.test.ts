import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  accept,
  type ConnectOptions,
  clientOn,
  connect,
  implement,
  type Logger,
  method,
  type ServeOptions,
  service,
  t,
} from "roam";
import { memoryLinkPair } from "roam/link";
import { scriptedPeer } from "roam/testing";
import { Metadata } from "roam/wire";
import { acceptOf, openOf } from "./harness.ts";

const E1 = t.enum("E", { A: t.unit });
const E2 = t.enum("E", { A: t.unit, B: t.unit });
const Calc = service("Calc", {
  half: method({ n: t.i64 }, t.i64, E1),
  feed: method({ numbers: t.rx(t.i32) }, t.i64),
});
// Told apart by the strict hash alone, so that one may stand for the other.
const OtherError: typeof Calc = service("Calc", {
  ...Calc.methods,
  half: method({ n: t.i64 }, t.i64, E2) as unknown as (typeof Calc)["methods"]["half"],
});
const OtherCredit = service("Calc", {
  ...Calc.methods,
  feed: method({ numbers: t.rx(t.i32, 64) }, t.i64),
});
const handlers = { half: ({ n }: { n: bigint }) => n / 2n, feed: () => 0n };

function warnings(): { texts: string[]; logger: Logger } {
  const texts: string[] = [];
  return { texts, logger: { warn: (_, text) => texts.push(text), error: (_, text) => texts.push(text) } };
}

/** A client of `called` at a server of `served`, and what each of them was warned of. */
async function meet(
  served: typeof Calc,
  called: typeof Calc,
  options: { client?: ConnectOptions; server?: ServeOptions } = {},
) {
  const [atClient, atServer] = [warnings(), warnings()];
  const [near, far] = memoryLinkPair();
  const accepted = accept(far, implement(served, handlers), { logger: atServer.logger, ...options.server });
  const connected = connect(near, called, { logger: atClient.logger, ...options.client });
  const [client, server] = await Promise.allSettled([connected, accepted]);
  const end = async () => {
    if (client.status === "fulfilled") await client.value.$.session.close();
    if (server.status === "fulfilled") await server.value.close();
  };
  return {
    client,
    server,
    atClient: atClient.texts,
    atServer: atServer.texts,
    [Symbol.asyncDispose]: end,
  };
}

// r[verify signature.x.result-guard]
suite("two sides that describe a service", () => {
  test("in the same way hear nothing", async () => {
    await using met = await meet(Calc, Calc);
    assert.deepEqual([met.atClient, met.atServer], [[], []]);
    assert(met.client.status === "fulfilled");
    assert.equal(await met.client.value.half({ n: 8n }), 4n);
  });

  for (const { name, other, method: named } of [
    { name: "with another error type", other: OtherError, method: "Calc.half" },
    { name: "with another credit", other: OtherCredit, method: "Calc.feed" },
  ]) {
    test(`${name} are both warned of ${named} alone, and can talk`, async () => {
      await using met = await meet(other, Calc);
      for (const texts of [met.atClient, met.atServer]) {
        assert.equal(texts.length, 1);
        assert.match(texts[0] ?? "", new RegExp(`${named}: other results, errors or credit there$`));
      }
      assert(met.client.status === "fulfilled");
      assert.equal(await met.client.value.half({ n: 8n }), 4n);
    });

    for (const side of ["client", "server"] as const) {
      test(`${name}: a ${side} may refuse, which ends the session`, async () => {
        await using met = await meet(other, Calc, { [side]: { schemaCheck: "refuse" } });
        const refused = met[side];
        assert(refused.status === "rejected");
        assert.equal(refused.reason.code, "schema-mismatch");
        assert.match(refused.reason.message, new RegExp(named));
        const there = side === "client" ? met.server : met.client;
        if (there.status === "fulfilled") {
          const session = "$" in there.value ? there.value.$.session : there.value;
          assert.equal((await session.ended).code, "closed");
        }
      });
    }

    test(`${name} hear nothing when they do not want to`, async () => {
      const off = { schemaCheck: "off" } as const;
      await using met = await meet(other, Calc, { client: off, server: off });
      assert.deepEqual([met.atClient, met.atServer], [[], []]);
    });
  }

  test("a client learns which methods are not there at all", async () => {
    const fewer = service("Calc", { half: Calc.methods.half });
    await using met = await meet(fewer as unknown as typeof Calc, Calc);
    assert.deepEqual(met.atServer, []);
    assert.match(met.atClient[0] ?? "", /Calc\.feed: not known there$/);
  });
});

suite("a counterpart that announces nothing", () => {
  test("is taken as it is, by a client that refuses others", async () => {
    const { texts, logger } = warnings();
    const { link, peer } = scriptedPeer();
    const connecting = connect(link, Calc, { schemaCheck: "refuse", logger });
    const hello = await peer.handshake("acceptor");
    assert.deepEqual(
      [...hello.metadata].map(({ key }) => key),
      ["service-strict-hash", "service-strict-methods"],
    );
    const client = await connecting;
    const opening = client.$.open(Calc);
    await peer.expect("ConnectionOpen");
    await peer.send(acceptOf(1));
    await opening;
    assert.deepEqual(texts, []);
    peer.die();
    await client.$.session.ended;
  });

  test("is taken as it is, by a server that refuses others", async () => {
    const { texts, logger } = warnings();
    const { link, peer } = scriptedPeer();
    const handler = implement(Calc, handlers);
    const accepting = accept(link, handler, { schemaCheck: "refuse", logger, services: [handler] });
    await peer.handshake("initiator", { metadata: Metadata.from({ "unknown-key": "whatever" }) });
    const session = await accepting;
    await peer.send(openOf(1));
    await peer.expect("ConnectionAccept");
    assert.deepEqual(texts, []);
    peer.die();
    await session.ended;
  });
});

// r[verify signature.x.result-guard]
suite("on virtual connections", () => {
  const root = service("Root", {});
  const open = async (options: { client?: ConnectOptions; server?: ServeOptions } = {}) => {
    const [atClient, atServer] = [warnings(), warnings()];
    const [near, far] = memoryLinkPair();
    const accepted = accept(far, implement(root, {}), {
      logger: atServer.logger,
      services: [implement(Calc, handlers)],
      ...options.server,
    });
    const client = await connect(near, root, { logger: atClient.logger, ...options.client });
    const server = await accepted;
    const end = async () => {
      await client.$.session.close();
      await server.close();
    };
    return { client, server, atClient: atClient.texts, atServer: atServer.texts, [Symbol.asyncDispose]: end };
  };

  test("the same description is silent", async () => {
    await using opened = await open();
    const client = await opened.client.$.open(Calc);
    assert.equal(await client.half({ n: 8n }), 4n);
    assert.deepEqual([opened.atClient, opened.atServer], [[], []]);
  });

  test("another one warns both sides, with the method's name", async () => {
    await using opened = await open();
    await opened.client.$.open(OtherError);
    for (const texts of [opened.atClient, opened.atServer]) {
      assert.equal(texts.length, 1);
      assert.match(texts[0] ?? "", /Calc\.half: other results/);
    }
  });

  test("a client that refuses closes the connection, and the session lives", async () => {
    await using opened = await open({ client: { schemaCheck: "refuse" } });
    await assert.rejects(opened.client.$.open(OtherError), {
      code: "schema-mismatch",
      message: /Calc\.half/,
    });
    const client = await opened.client.$.open(Calc);
    assert.equal(await client.half({ n: 8n }), 4n);
    assert.equal(opened.server.virtualConnections, 1);
  });

  test("a server that refuses rejects the open and says why", async () => {
    await using opened = await open({ server: { schemaCheck: "refuse" } });
    await assert.rejects(opened.client.$.open(OtherError), (error) => {
      assert(error instanceof Error && "metadata" in error && error.metadata instanceof Metadata);
      assert.match(String(error.metadata.get("reason")), /Calc\.half/);
      return true;
    });
    const client = await opened.client.$.open(Calc);
    assert.equal(await client.half({ n: 8n }), 4n);
  });

  // r[verify rpc.one-service-per-connection]
  test("a service that is not there is rejected by name", async () => {
    await using opened = await open();
    const none = service("Nobody", { x: method({}) });
    await assert.rejects(opened.client.$.open(none), { code: "rejected" });
    assert.equal(
      clientOn(opened.client.$.session, opened.client.$.connection, root).$.session.hasEnded,
      false,
    );
  });
});
