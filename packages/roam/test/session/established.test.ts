import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn, implement } from "roam";
import { Metadata } from "roam/wire";
import { callOf, expectViolation, scripted, Testbed, testbedHandlers, text, watch } from "./harness.ts";

const metadata = Metadata.EMPTY;

for (const role of ["initiator", "acceptor"] as const) {
  suite(`an established ${role}`, () => {
    // r[verify session.keepalive]
    for (const { nonce, ping, pong } of [
      { nonce: "1", ping: [0, 9, 1], pong: [0, 10, 1] },
      { nonce: "0", ping: [0, 9, 0], pong: [0, 10, 0] },
      {
        nonce: "2^53 + 1",
        ping: [0, 9, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
        pong: [0, 10, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
      },
      {
        nonce: "2^64 - 1",
        ping: [0, 9, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        pong: [0, 10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
      },
    ]) {
      test(`answers a Ping with nonce ${nonce} by a Pong with the same`, async () => {
        await using running = await scripted(role);
        await running.peer.sendBytes(ping);
        await running.peer.script.expectBytes(pong, "Pong");
        assert.equal(running.session.hasEnded, false);
      });
    }

    test("takes a Pong that it did not ask for as nothing", async () => {
      await using running = await scripted(role);
      await running.peer.sendBytes([0, 10, 0]);
      await running.peer.expectNothing();
    });

    for (const { name, bytes, rule } of [
      // r[verify session.message.connection-id]
      { name: "Ping on connection 3", bytes: [3, 9, 1], rule: "session.message.connection-id" },
      { name: "Pong on connection 3", bytes: [3, 10, 1], rule: "session.message.connection-id" },
      {
        name: "ProtocolError on connection 3",
        bytes: [3, 2, 1, 0x78],
        rule: "session.message.connection-id",
      },
      // r[verify session.handshake]
      { name: "a second Hello", bytes: [0, 0, 7, 0, 64, 0], rule: "session.handshake" },
      { name: "a Hello on connection 1", bytes: [1, 0, 7, 0, 64, 0], rule: "session.handshake" },
      { name: "a HelloYourself", bytes: [0, 1, 1, 64, 0], rule: "session.handshake" },
      // r[verify connection.root]
      { name: "a close of the root", bytes: [0, 6, 0], rule: "connection.root" },
      // r[verify connection.open]
      { name: "an open of the root", bytes: [0, 3, 0, 64, 0], rule: "connection.open" },
      { name: "an accept of the root", bytes: [0, 4, 0, 64, 0], rule: "connection.open" },
      { name: "an accept nobody asked for", bytes: [1, 4, 1, 64, 0], rule: "connection.open" },
      { name: "a rejection nobody asked for", bytes: [1, 5, 0], rule: "connection.open" },
      // r[verify session.message.payloads]
      { name: "an unknown payload index", bytes: [0, 11, 0], rule: "session.message.payloads" },
      { name: "an unknown request body", bytes: [0, 7, 1, 3, 0], rule: "session.message.payloads" },
      { name: "an unknown channel body", bytes: [0, 8, 1, 4, 0], rule: "session.message.payloads" },
      { name: "a message cut short", bytes: [0, 9], rule: "session.message.payloads" },
      { name: "an empty payload", bytes: [], rule: "session.message.payloads" },
    ]) {
      // r[verify session.protocol-error]
      test(`${name} is a protocol error that ends the session and its calls`, async () => {
        await using running = await scripted(role);
        const { peer, session } = running;
        const call = watch(clientOn(session, session.root, Testbed).echo({ message: "?" }));
        await peer.expect("RequestCall");
        await peer.sendBytes(bytes);
        await expectViolation(running, rule);
        assert.deepEqual(call, { outcome: "protocol-error", times: 1 });
      });
    }

    // r[verify session.protocol-error]
    test("a ProtocolError received ends everything, and is not answered", async () => {
      await using running = await scripted(role);
      const { peer, session } = running;
      const client = clientOn(session, session.root, Testbed);
      const [call, numbers] = [watch(client.echo({ message: "?" })), client.generate({ count: 1 })];
      const item = watch(numbers.output.next());
      await peer.expect("RequestCall");
      await peer.expect("RequestCall");
      await peer.send({ tag: "ProtocolError", connectionId: 0, description: "you broke it" });
      await peer.expectEnd();
      const cause = await session.ended;
      assert.equal(cause.code, "protocol-error");
      assert.match(cause.message, /you broke it/);
      assert.deepEqual(call, { outcome: "protocol-error", times: 1 });
      assert.deepEqual(item, { outcome: "protocol-error", times: 1 });
    });

    test("what comes after the violation in the same turn is not looked at", async () => {
      let served = 0;
      await using running = await scripted(role, { acceptConnection: () => ({ accept: ++served > 0 }) });
      const { peer } = running;
      const theirs = role === "initiator" ? 2 : 1;
      void peer.sendBytes([0, 11]);
      void peer.sendBytes([theirs, 3, 0, 64, 0]);
      void peer.sendBytes([0, 9, 1]);
      await expectViolation(running, "session.message.payloads");
      assert.equal(served, 0);
    });
  });
}

suite("metadata limits of an established session", () => {
  const limits = { maxMetadataBytes: 64, maxMetadataEntries: 3 };
  const large = Metadata.from({ k: "x".repeat(64) });
  const many = Metadata.from({ a: "", b: "", c: "", d: "" });

  for (const { name, much } of [
    { name: "bytes", much: large },
    { name: "entries", much: many },
  ]) {
    // r[verify session.x.limits]
    for (const message of [
      callOf("echo", 1, { args: [0], metadata: much }),
      { tag: "RequestCancel", connectionId: 0, id: 1, metadata: much },
      { tag: "ChannelClose", connectionId: 0, id: 1, metadata: much },
      {
        tag: "ConnectionOpen",
        connectionId: 1,
        settings: { parity: "odd", maxConcurrentRequests: 1 },
        metadata: much,
      },
    ] as const) {
      test(`too many ${name} in a ${message.tag} are a protocol error`, async () => {
        await using running = await scripted("acceptor", { limits });
        await running.peer.send(message);
        await expectViolation(running, "session.x.limits");
      });
    }

    test(`too many ${name} fail our call, and the session lives`, async () => {
      await using running = await scripted("initiator", { limits });
      const { peer, session } = running;
      const client = clientOn(session, session.root, Testbed);
      await assert.rejects(client.echo({ message: "" }, { metadata: much }), { code: "too-large" });
      await assert.rejects(session.openConnection({ metadata: much }), { code: "too-large" });
      await peer.expectNothing();
      const call = client.echo({ message: "" });
      assert.equal((await peer.expect("RequestCall")).id, 1);
      await peer.send({
        tag: "RequestResponse",
        connectionId: 0,
        id: 1,
        channels: [],
        metadata,
        ret: Uint8Array.of(0, 0),
      });
      assert.equal(await call, "");
    });
  }

  test("as much as allowed is taken", async () => {
    await using running = await scripted("acceptor", { limits });
    const most = Metadata.from({ a: "x".repeat(20), b: "x".repeat(20), c: "x".repeat(21) });
    await running.peer.send(callOf("echo", 1, { args: [0], metadata: most }));
    await running.peer.expect("RequestResponse");
  });
});

suite("payload limits of an established session", () => {
  const limits = { maxPayloadBytes: 1000 };

  // r[verify session.x.limits]
  test("a larger payload ends the session with a protocol error", async () => {
    await using running = await scripted("acceptor", { limits });
    const { peer, session } = running;
    const call = watch(clientOn(session, session.root, Testbed).echo({ message: "?" }));
    await peer.expect("RequestCall");
    await peer.sendBytes(new Uint8Array(1001));
    assert.equal((await session.ended).code, "protocol-error");
    assert.deepEqual(call, { outcome: "protocol-error", times: 1 });
  });

  // r[verify session.x.limits]
  test("a call or item of ours that is too large fails, and the session lives", async () => {
    await using running = await scripted("initiator", { limits });
    const { peer, session } = running;
    const client = clientOn(session, session.root, Testbed);
    await assert.rejects(client.echo({ message: "x".repeat(1000) }), { code: "too-large" });
    const call = client.transform();
    await peer.expect("RequestCall");
    await assert.rejects(call.input.send("x".repeat(1000)), { code: "too-large" });
    await call.input.send("fits");
    assert.deepEqual((await peer.expect("ChannelItem")).item, Uint8Array.from(text("fits")));
    await peer.expectNothing();
  });

  // r[verify session.x.limits]
  test("an answer of ours that is too large becomes Cancelled, and the session lives", async () => {
    const handler = implement(Testbed, { ...testbedHandlers, echo: () => "x".repeat(1000) });
    await using running = await scripted("acceptor", { limits, handler });
    const { peer, failures } = running;
    await peer.send(callOf("echo", 1, { args: text("?") }));
    assert.deepEqual((await peer.expect("RequestResponse")).ret, Uint8Array.of(1, 3));
    assert.match(String(failures[0]), /too-large/);
    await peer.sendBytes([0, 9, 1]);
    await peer.expect("Pong");
  });
});
