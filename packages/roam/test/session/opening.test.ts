import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn, implement, RoamError } from "roam";
import { ConnectionRejected, type SessionOptions } from "roam/session";
import { Metadata } from "roam/wire";
import {
  acceptOf,
  callOf,
  closeOf,
  expectViolation,
  openOf,
  rejectOf,
  responseOf,
  scripted,
  Testbed,
  testbedHandlers,
  text,
  watch,
} from "./harness.ts";

suite("opening a virtual connection", () => {
  for (const { role, ids } of [
    { role: "initiator", ids: [1, 3, 5] },
    { role: "acceptor", ids: [2, 4, 6] },
  ] as const) {
    // r[verify connection.open]
    // r[verify connection.virtual]
    // r[verify session.parity]
    test(`the ${role} takes the ids ${ids.join(", ")}`, async () => {
      await using running = await scripted(role);
      const { peer, session } = running;
      for (const id of ids) {
        const opening = session.openConnection();
        assert.equal((await peer.expect("ConnectionOpen")).connectionId, id);
        await peer.send(id === ids[1] ? rejectOf(id) : acceptOf(id));
        if (id === ids[1]) await assert.rejects(opening, ConnectionRejected);
        else assert.equal((await opening).connectionId, id);
      }
      assert.equal(session.virtualConnections, 2);
    });
  }

  // r[verify session.connection-settings.open]
  test("sends these bytes, and gives what the accept brought", async () => {
    await using running = await scripted("initiator", { limits: { maxConcurrentRequests: 9 } });
    const { peer, session } = running;
    const opening = session.openConnection({ parity: "even", metadata: { k: "v" } });
    await peer.script.expectBytes([1, 3, 1, 9, 1, 1, 0x6b, 0, 1, 0x76, 0], "ConnectionOpen");
    await peer.sendBytes([1, 4, 0, 5, 1, 1, 0x6b, 0, 1, 0x77, 0]);
    const connection = await opening;
    assert.equal(connection.parity, "even");
    assert.deepEqual(connection.counterpart, { parity: "odd", maxConcurrentRequests: 5 });
    assert.equal(connection.metadata.get("k"), "w");
  });

  // r[verify connection.parity]
  // r[verify connection]
  test("gives ids of the chosen parity there, requests and channels counted apart from the root's", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const opening = session.openConnection({ parity: "even" });
    await peer.expect("ConnectionOpen");
    await peer.send(acceptOf(1, "odd"));
    const client = clientOn(session, await opening, Testbed);
    const root = clientOn(session, session.root, Testbed);
    for (const { made, id, channels, connectionId } of [
      { made: client.generate({ count: 1 }), id: 2, channels: [2], connectionId: 1 },
      { made: root.generate({ count: 1 }), id: 1, channels: [1], connectionId: 0 },
      { made: client.transform(), id: 4, channels: [4, 6], connectionId: 1 },
    ]) {
      made.catch(() => {});
      const call = await peer.expect("RequestCall");
      assert.deepEqual(
        { id: call.id, channels: call.channels, connectionId: call.connectionId },
        { id, channels, connectionId },
      );
    }
  });

  test("nothing else is sent there before the accept, and messages may follow it at once", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const opening = session.openConnection({ handler: implement(Testbed, testbedHandlers) });
    await peer.expect("ConnectionOpen");
    await peer.expectNothing();
    void peer.send(acceptOf(1));
    void peer.send(callOf("echo", 2, { connectionId: 1, args: text("hi") }));
    const answer = await peer.expect("RequestResponse");
    assert.equal(answer.connectionId, 1);
    assert.deepEqual(answer.ret, Uint8Array.from([0, ...text("hi")]));
    await opening;
  });

  // r[verify rpc.virtual-connection.open]
  test("a rejection is told with its metadata", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const opening = session.openConnection();
    await peer.expect("ConnectionOpen");
    await peer.send(rejectOf(1, { reason: "full" }));
    await assert.rejects(opening, (error) => {
      assert(error instanceof ConnectionRejected);
      assert.equal(error.code, "rejected");
      assert.equal(error.metadata.get("reason"), "full");
      return true;
    });
    assert.equal(session.virtualConnections, 0);
  });

  // r[verify session.connection-settings.open]
  for (const parity of ["odd", "even"] as const) {
    test(`an accept that claims the opener's parity, ${parity}, is a protocol error`, async () => {
      await using running = await scripted("initiator");
      const opening = watch(running.session.openConnection({ parity }));
      await running.peer.expect("ConnectionOpen");
      await running.peer.send(acceptOf(1, parity));
      await expectViolation(running, "session.connection-settings.open");
      assert.deepEqual(opening, { outcome: "protocol-error", times: 1 });
    });
  }

  for (const { name, first, second, rule } of [
    { name: "accept", first: acceptOf(1), second: acceptOf(1), rule: "connection.open" },
    { name: "rejection", first: rejectOf(1), second: rejectOf(1), rule: "connection.open" },
    { name: "accept after a rejection", first: rejectOf(1), second: acceptOf(1), rule: "connection.open" },
    { name: "rejection after an accept", first: acceptOf(1), second: rejectOf(1), rule: "connection.open" },
  ]) {
    test(`a second answer is a protocol error: ${name}`, async () => {
      await using running = await scripted("initiator");
      watch(running.session.openConnection());
      await running.peer.expect("ConnectionOpen");
      await running.peer.send(first);
      await running.peer.send(second);
      await expectViolation(running, rule);
    });
  }

  test("a close instead of an answer is a protocol error", async () => {
    await using running = await scripted("initiator");
    const opening = watch(running.session.openConnection());
    await running.peer.expect("ConnectionOpen");
    await running.peer.send(closeOf(1));
    await expectViolation(running, "connection.open");
    assert.deepEqual(opening, { outcome: "protocol-error", times: 1 });
  });

  test("an open aborted while it waits is given up, and a late accept is closed again", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const controller = new AbortController();
    const opening = session.openConnection({ signal: controller.signal });
    await peer.expect("ConnectionOpen");
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(opening, (error) => error === reason);
    await peer.expectNothing();
    await peer.send(acceptOf(1));
    await peer.script.expectBytes([1, 6, 0], "ConnectionClose");
    assert.equal(session.virtualConnections, 0);
    // The accepter may have sent before it saw the close.
    await peer.send(callOf("echo", 2, { connectionId: 1 }));
    await peer.expectNothing();
  });

  test("an open aborted while it waits may be rejected", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const controller = new AbortController();
    const opening = watch(session.openConnection({ signal: controller.signal }));
    await peer.expect("ConnectionOpen");
    controller.abort(new RoamError("aborted", "enough"));
    await peer.send(rejectOf(1));
    await peer.expectNothing();
    assert.deepEqual(opening, { outcome: "aborted", times: 1 });
    assert.equal(session.hasEnded, false);
  });

  test("an open with an aborted signal sends nothing", async () => {
    await using running = await scripted("initiator");
    const signal = AbortSignal.abort(new Error("early"));
    await assert.rejects(running.session.openConnection({ signal }), { message: "early" });
    await running.peer.expectNothing();
  });
});

suite("limits of opening", () => {
  // r[verify session.x.limits]
  test("above maxVirtualConnections open fails here, and works again when one is closed", async () => {
    await using running = await scripted("initiator", { limits: { maxVirtualConnections: 2 } });
    const { peer, session } = running;
    const connections = [];
    for (const id of [1, 3]) {
      const opening = session.openConnection();
      await peer.expect("ConnectionOpen");
      await peer.send(acceptOf(id));
      connections.push(await opening);
    }
    await assert.rejects(session.openConnection(), { code: "too-large" });
    await peer.expectNothing();
    session.closeConnection(1);
    await peer.expect("ConnectionClose");
    const again = session.openConnection();
    assert.equal((await peer.expect("ConnectionOpen")).connectionId, 5);
    await peer.send(acceptOf(5));
    await again;
  });

  test("connections that the counterpart opened count as well", async () => {
    await using running = await scripted("initiator", {
      limits: { maxVirtualConnections: 1 },
      acceptConnection: () => ({ accept: true }),
    });
    await running.peer.send(openOf(2));
    await running.peer.expect("ConnectionAccept");
    await assert.rejects(running.session.openConnection(), { code: "too-large" });
  });

  // r[verify session.x.limits]
  test("above maxPendingOpens open waits for an answer to another one, in order", async () => {
    await using running = await scripted("initiator", { limits: { maxPendingOpens: 2 } });
    const { peer, session } = running;
    const opens = [0, 1, 2, 3, 4].map(() => watch(session.openConnection()));
    for (const id of [1, 3]) assert.equal((await peer.expect("ConnectionOpen")).connectionId, id);
    await peer.expectNothing();
    await peer.send(rejectOf(3));
    assert.equal((await peer.expect("ConnectionOpen")).connectionId, 5);
    await peer.expectNothing();
    await peer.send(acceptOf(1));
    assert.equal((await peer.expect("ConnectionOpen")).connectionId, 7);
    await peer.send(acceptOf(5));
    assert.equal((await peer.expect("ConnectionOpen")).connectionId, 9);
    await peer.send(acceptOf(7));
    await peer.send(acceptOf(9));
    await peer.expectNothing();
    assert.deepEqual(
      opens.map(({ times }) => times),
      [1, 1, 1, 1, 1],
    );
    assert.equal(session.virtualConnections, 4);
  });

  test("opens that waited in line keep to maxVirtualConnections", async () => {
    await using running = await scripted("initiator", {
      limits: { maxPendingOpens: 1, maxVirtualConnections: 2 },
    });
    const { peer, session } = running;
    const opens = [0, 1, 2, 3].map(() => watch(session.openConnection()));
    for (const id of [1, 3]) {
      assert.equal((await peer.expect("ConnectionOpen")).connectionId, id);
      await peer.send(acceptOf(id));
    }
    await peer.expectNothing();
    assert.deepEqual(
      opens.slice(2).map(({ outcome }) => outcome),
      ["too-large", "too-large"],
    );
    assert.equal(session.virtualConnections, 2);
  });

  test("an open that leaves the line, or cannot be sent, takes no place", async () => {
    await using running = await scripted("initiator", {
      limits: { maxPendingOpens: 1, maxPayloadBytes: 1_000, maxMetadataBytes: 10_000 },
    });
    const { peer, session } = running;
    await assert.rejects(session.openConnection({ metadata: { k: "x".repeat(2_000) } }), {
      code: "too-large",
    });
    const first = session.openConnection();
    const controller = new AbortController();
    const second = watch(session.openConnection({ signal: controller.signal }));
    const third = session.openConnection();
    const firstId = (await peer.expect("ConnectionOpen")).connectionId;
    controller.abort(new RoamError("aborted", "no more"));
    await peer.send(acceptOf(firstId));
    await first;
    const thirdId = (await peer.expect("ConnectionOpen")).connectionId;
    await peer.send(acceptOf(thirdId));
    await third;
    assert.deepEqual(second, { outcome: "aborted", times: 1 });
  });
});

suite("closing a virtual connection", () => {
  const metadata = Metadata.EMPTY;

  async function opened(options: SessionOptions = {}) {
    const running = await scripted("initiator", options);
    const opening = running.session.openConnection();
    await running.peer.expect("ConnectionOpen");
    await running.peer.send(acceptOf(1));
    const connection = await opening;
    return { ...running, connection, client: clientOn(running.session, connection, Testbed), running };
  }

  // r[verify connection.close]
  test("sends these bytes, fails what is in flight, and sends nothing there afterwards", async () => {
    const { running, peer, session, client } = await opened();
    await using _ = running;
    const call = watch(client.echo({ message: "?" }));
    const stream = client.generate({ count: 9 });
    const [streamed, item] = [watch(stream), watch(stream.output.next())];
    const sum = client.sum();
    const sent = watch(sum.numbers.send(1));
    for (let message = 0; message < 4; message++) await peer.expectAny();
    session.closeConnection(1, { metadata: { why: "done" } });
    const close = await peer.expect("ConnectionClose");
    assert.equal(close.connectionId, 1);
    assert.equal(close.metadata.get("why"), "done");
    await assert.rejects(sum.numbers.send(2), { code: "closed" });
    await assert.rejects(client.echo({ message: "late" }), { code: "closed" });
    await peer.expectNothing();
    for (const watched of [call, streamed, item]) assert.deepEqual(watched, { outcome: "closed", times: 1 });
    assert.deepEqual(sent, { outcome: { value: undefined }, times: 1 });
    assert.equal(session.hasEnded, false);
  });

  // r[verify connection.close.semantics]
  for (const strict of [false, true]) {
    test(`messages that crossed our close are ignored${strict ? ", strict or not" : ""}`, async () => {
      await using running = await scripted("initiator", { isStrict: strict });
      const { peer, session } = running;
      const opening = session.openConnection({ handler: implement(Testbed, testbedHandlers) });
      await peer.expect("ConnectionOpen");
      await peer.send(acceptOf(1));
      await opening;
      session.closeConnection(1);
      await peer.expect("ConnectionClose");
      for (const message of [
        callOf("echo", 2, { connectionId: 1, args: text("x") }),
        responseOf(77, [0], 1),
        { tag: "ChannelItem", connectionId: 1, id: 2, item: Uint8Array.of(1) },
        { tag: "ChannelGrantCredit", connectionId: 1, id: 1, additional: 5 },
        { tag: "ChannelReset", connectionId: 1, id: 1, metadata },
        { tag: "RequestCancel", connectionId: 1, id: 2, metadata },
        closeOf(1),
      ] as const) {
        await peer.send(message);
      }
      await peer.sendBytes([0, 9, 1]);
      await peer.expect("Pong");
      assert.equal(session.hasEnded, false);
    });
  }

  // r[verify connection.close.semantics]
  test("a close received fails what is in flight there, and nothing else", async () => {
    const { running, peer, session, client } = await opened();
    await using _ = running;
    const root = clientOn(session, session.root, Testbed);
    const [there, here] = [watch(client.echo({ message: "?" })), watch(root.echo({ message: "?" }))];
    const stream = client.generate({ count: 9 });
    const item = watch(stream.output.next());
    for (let call = 0; call < 3; call++) await peer.expect("RequestCall");
    await peer.sendBytes([1, 6, 0]);
    await peer.expectNothing();
    assert.deepEqual(there, { outcome: "closed", times: 1 });
    assert.deepEqual(item, { outcome: "closed", times: 1 });
    assert.equal(here.times, 0);
    assert.equal(session.virtualConnections, 0);
    await assert.rejects(client.echo({ message: "late" }), { code: "closed" });
    await peer.send(responseOf(1, [0, 0]));
    await peer.expectNothing();
    assert.deepEqual(here, { outcome: { value: "" }, times: 1 });
  });

  // r[verify connection.close.semantics]
  for (const message of [
    responseOf(1, [0], 1),
    callOf("echo", 2, { connectionId: 1 }),
    { tag: "ChannelItem", connectionId: 1, id: 2, item: Uint8Array.of(1) },
    { tag: "ChannelGrantCredit", connectionId: 1, id: 1, additional: 5 },
    { tag: "RequestCancel", connectionId: 1, id: 1, metadata },
    closeOf(1),
  ] as const) {
    // Published callers do not notice that their connection is closed, and go on for a while.
    test(`a ${message.tag} by the side that has closed is ignored`, async () => {
      const { running, peer } = await opened();
      await using _ = running;
      await peer.send(closeOf(1));
      await peer.send(message);
      await peer.sendBytes([0, 9, 1]);
      await peer.expect("Pong");
    });

    test(`a ${message.tag} by the side that has closed is a protocol error when strict`, async () => {
      const { running, peer } = await opened({ isStrict: true });
      await using _ = running;
      await peer.send(closeOf(1));
      await peer.send(message);
      await expectViolation(running, "connection.close.semantics");
    });
  }

  test("closing twice, or what never was, is fine; the root cannot be closed alone", async () => {
    const { running, peer, session } = await opened();
    await using _ = running;
    session.closeConnection(1);
    session.closeConnection(1);
    session.closeConnection(99);
    await peer.expect("ConnectionClose");
    assert.throws(() => session.closeConnection(0), TypeError);
    await peer.expectNothing();
  });
});
