import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { accept, clientOn, connect, implement, method, service, t } from "roam";
import { memoryLinkPair } from "roam/link";
import { callOf, hex, pairOf, scriptedClient } from "./harness.ts";

const Greeter = service("Greeter", { greet: method({ name: t.string }, t.string) });
const Clock = service("Clock", { now: method({}, t.u64) });
const greet = ({ name }: { name: string }) => `hello ${name}`;

suite("services and connections", () => {
  // r[verify rpc]
  // r[verify rpc.session-setup]
  test("a session takes a handler for its root and gives a caller for it, on both sides", async () => {
    const [near, far] = memoryLinkPair();
    const [client, server] = await Promise.all([
      connect(near, Greeter, { handler: implement(Clock, { now: () => 5n }) }),
      accept(far, implement(Greeter, { greet }), { calls: Clock }),
    ]);
    const back = clientOn(server, server.root, Clock);
    assert.deepEqual(await Promise.all([client.greet({ name: "you" }), back.now()]), ["hello you", 5n]);
    await client.$.session.close();
    await server.ended;
    await assert.rejects(back.now(), { code: "closed" });
  });

  // r[verify rpc.one-service-per-connection]
  test("another service is unknown on a connection, and needs one of its own", async () => {
    await using pair = await pairOf(
      Greeter,
      { greet },
      { server: { services: [implement(Clock, { now: () => 7n })] } },
    );
    const { session } = pair.client.$;
    const misplaced = clientOn(session, session.root, Clock);
    await assert.rejects(misplaced.now(), { code: "unknown-method" });
    const clock = await pair.client.$.open(Clock);
    assert.equal(await clock.now(), 7n);
    await assert.rejects(clientOn(session, clock.$.connection, Greeter).greet({ name: "x" }), {
      code: "unknown-method",
    });
    assert.equal(await pair.client.greet({ name: "still" }), "hello still");
  });

  // r[verify rpc.one-service-per-connection]
  test("ids of calls are those of one connection: the same on another is another call", async () => {
    await using served = await scriptedClient(
      Greeter,
      { greet },
      { acceptConnection: () => ({ accept: true, handler: implement(Clock, { now: () => 3n }) }) },
    );
    const { peer } = served;
    const settings = { parity: "odd", maxConcurrentRequests: 64 } as const;
    const { metadata } = callOf(Clock, "now", 1);
    await peer.send({ tag: "ConnectionOpen", connectionId: 1, settings, metadata });
    await peer.expect("ConnectionAccept");
    await peer.send({ ...callOf(Clock, "now", 1), connectionId: 1 });
    await peer.send(callOf(Greeter, "greet", 1, { args: [1, 0x61] }));
    const first = await peer.expect("RequestResponse");
    assert.deepEqual([first.connectionId, first.id, hex(first.ret)], [1, 1, "00 03"]);
    const second = await peer.expect("RequestResponse");
    assert.deepEqual([second.connectionId, second.id], [0, 1]);
  });
});
