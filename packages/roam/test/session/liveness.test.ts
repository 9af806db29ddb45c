import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn, implement } from "roam";
import type { Connection } from "roam/session";
import { Metadata } from "roam/wire";
import {
  acceptOf,
  callOf,
  closeOf,
  openOf,
  rejectOf,
  responseOf,
  type Scripted,
  scripted,
  Testbed,
  testbedHandlers,
  text,
  watch,
} from "./harness.ts";

const start = () => scripted("initiator", { keepAlive: false });

async function openOne({ session, peer }: Scripted, id = 1): Promise<Connection> {
  const opening = session.openConnection();
  await peer.expect("ConnectionOpen");
  await peer.send(acceptOf(id));
  return opening;
}

/** In order, and without a word: no ConnectionClose for the root. */
async function expectQuietEnd({ session, peer }: Scripted): Promise<void> {
  const { cause } = await peer.expectEnd();
  assert.equal(cause, undefined);
  assert.equal((await session.ended).code, "closed");
}

suite("handles of the root", () => {
  // r[verify rpc.caller.liveness.root-internal-close]
  // r[verify rpc.caller.liveness.root-teardown-condition]
  test("with the last one the session ends, and the root is not closed on the wire", async () => {
    await using running = await start();
    const client = clientOn(running.session, running.session.root, Testbed);
    await client.$.close();
    assert.equal(running.session.hasEnded, true);
    await expectQuietEnd(running);
  });

  // r[verify rpc.caller.liveness.refcounted]
  test("clones count, closing one twice does not, and either may be the last", async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      await using running = await start();
      const { session, peer } = running;
      const first = clientOn(session, session.root, Testbed);
      const handles = [first, first.$.clone()] as const;
      await handles[order[0]].$.close();
      await handles[order[0]].$.close();
      assert.equal(session.hasEnded, false);
      const call = handles[order[1]].echo({ message: "" });
      await peer.expect("RequestCall");
      await peer.send(responseOf(1, [0, ...text("alive")]));
      assert.equal(await call, "alive");
      await handles[order[1]].$.close();
      await expectQuietEnd(running);
    }
  });

  test("`await using` gives the handle up", async () => {
    await using running = await start();
    {
      await using client = clientOn(running.session, running.session.root, Testbed);
      assert.equal(client.$.session.hasEnded, false);
    }
    await expectQuietEnd(running);
  });

  // r[verify rpc.caller.liveness.refcounted]
  test("a bound channel holds a share", async () => {
    await using running = await start();
    const { session, peer } = running;
    const client = clientOn(session, session.root, Testbed);
    const call = client.generate({ count: 1 });
    await peer.expect("RequestCall");
    await client.$.close();
    await peer.send(responseOf(1, [0]));
    await call;
    assert.equal(session.hasEnded, false);
    await peer.send({ tag: "ChannelItem", connectionId: 0, id: 1, item: Uint8Array.of(2) });
    assert.deepEqual(await call.output.next(), { done: false, value: 1 });
    await peer.send({ tag: "ChannelClose", connectionId: 0, id: 1, metadata: Metadata.EMPTY });
    assert.equal((await call.output.next()).done, true);
    await expectQuietEnd(running);
  });

  test("a session whose root was never called on stays", async () => {
    await using running = await scripted("acceptor", {
      keepAlive: false,
      handler: implement(Testbed, testbedHandlers),
      acceptConnection: () => ({ accept: true }),
    });
    const { peer, session } = running;
    await peer.send(callOf("sum", 1, { channels: [1] }));
    await peer.send({ tag: "ChannelClose", connectionId: 0, id: 1, metadata: Metadata.EMPTY });
    await peer.expect("RequestResponse");
    await peer.send(openOf(1));
    await peer.expect("ConnectionAccept");
    await peer.send(closeOf(1));
    await peer.expectNothing();
    assert.equal(session.hasEnded, false);
  });

  test("with keepAlive the session stays", async () => {
    await using running = await scripted("initiator", { keepAlive: true });
    await clientOn(running.session, running.session.root, Testbed).$.close();
    await running.peer.expectNothing();
    assert.equal(running.session.hasEnded, false);
  });
});

suite("handles of a virtual connection", () => {
  // r[verify rpc.caller.liveness.last-drop-closes-connection]
  for (const keepAlive of [false, true]) {
    test(`with the last one it is closed on the wire, keepAlive ${keepAlive}`, async () => {
      await using running = await scripted("initiator", { keepAlive });
      const { session, peer } = running;
      const root = clientOn(session, session.root, Testbed);
      const client = clientOn(session, await openOne(running), Testbed);
      const clone = client.$.clone();
      await client.$.close();
      await peer.expectNothing();
      await clone.$.close();
      await peer.script.expectBytes([1, 6, 0], "ConnectionClose");
      await peer.expectNothing();
      assert.equal(session.hasEnded, false);
      await root.$.close();
    });
  }

  // r[verify rpc.caller.liveness.root-teardown-condition]
  test("the session outlives the root's handles until the last one is gone", async () => {
    await using running = await start();
    const { session, peer } = running;
    const root = clientOn(session, session.root, Testbed);
    const [first, second] = [
      clientOn(session, await openOne(running, 1), Testbed),
      clientOn(session, await openOne(running, 3), Testbed),
    ];
    await root.$.close();
    await peer.expectNothing();
    await first.$.close();
    await peer.script.expectBytes([1, 6, 0], "ConnectionClose");
    await peer.expectNothing();
    const call = second.echo({ message: "" });
    await peer.expect("RequestCall");
    await peer.send(responseOf(1, [0, 0], 3));
    assert.equal(await call, "");
    await second.$.close();
    await peer.script.expectBytes([3, 6, 0], "ConnectionClose");
    await expectQuietEnd(running);
  });

  // r[verify rpc.caller.liveness.root-teardown-condition]
  test("the counterpart's close of the last one ends it as well", async () => {
    await using running = await start();
    const { session, peer } = running;
    const root = clientOn(session, session.root, Testbed);
    await openOne(running);
    await root.$.close();
    await peer.expectNothing();
    await peer.send(closeOf(1));
    await expectQuietEnd(running);
  });

  test("one that the counterpart opened holds the session too", async () => {
    await using running = await scripted("initiator", {
      keepAlive: false,
      acceptConnection: () => ({ accept: true }),
    });
    const { session, peer } = running;
    const root = clientOn(session, session.root, Testbed);
    await peer.send(openOf(2));
    await peer.expect("ConnectionAccept");
    await root.$.close();
    await peer.expectNothing();
    await peer.send(closeOf(2));
    await expectQuietEnd(running);
  });

  for (const { name, answer } of [
    { name: "rejected", answer: rejectOf(1) },
    { name: "accepted and closed", answer: acceptOf(1) },
  ]) {
    test(`an open under way holds the session until it is ${name}`, async () => {
      await using running = await start();
      const { session, peer } = running;
      const root = clientOn(session, session.root, Testbed);
      const opening = watch(session.openConnection());
      await peer.expect("ConnectionOpen");
      await root.$.close();
      await peer.expectNothing();
      await peer.send(answer);
      if (answer.tag === "ConnectionAccept") {
        await peer.expectNothing();
        session.closeConnection(1);
        await peer.expect("ConnectionClose");
      }
      await expectQuietEnd(running);
      assert.equal(opening.times, 1);
    });
  }

  test("a new handle of the root, made while it is held up, holds the session again", async () => {
    await using running = await start();
    const { session, peer } = running;
    const root = clientOn(session, session.root, Testbed);
    const virtual = clientOn(session, await openOne(running), Testbed);
    await root.$.close();
    const again = clientOn(session, session.root, Testbed);
    await virtual.$.close();
    await peer.expect("ConnectionClose");
    await peer.expectNothing();
    assert.equal(session.hasEnded, false);
    await again.$.close();
    await expectQuietEnd(running);
  });

  test("a handle of a connection that has ended cannot be made; closing an old one is fine", async () => {
    await using running = await start();
    const { session, peer } = running;
    clientOn(session, session.root, Testbed);
    const connection = await openOne(running);
    const client = clientOn(session, connection, Testbed);
    await peer.send(closeOf(1));
    await peer.expectNothing();
    assert.throws(() => client.$.clone(), { code: "closed" });
    await client.$.close();
    await peer.expectNothing();
  });
});
