import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { suite, test } from "node:test";
import { RoamError } from "roam";
import { BareConduit } from "roam/conduit";
import { memoryLinkPair } from "roam/link";
import { establish, messageFamily, type SessionOptions } from "roam/session";
import { type ScriptedPeer, scriptedPeer, settled, VirtualClock } from "roam/testing";
import { Metadata } from "roam/wire";
import { type Role, scripted } from "./harness.ts";

const HELLO_ODD = [0, 0, 7, 0, 64, 0];

/** A handshake under way, with a counterpart that has said nothing yet. */
function begin(role: Role, options: SessionOptions = {}) {
  const clock = new VirtualClock();
  const { link, peer } = scriptedPeer();
  const session = establish(new BareConduit(link, messageFamily), role, {
    clock,
    keepAlive: true,
    ...options,
  });
  // Its failure may come before the test awaits it.
  session.catch(() => {});
  return { clock, peer, session };
}

/** A ProtocolError on connection 0 with some text, then the end. */
async function expectRefusal(peer: ScriptedPeer): Promise<string> {
  const payload = await peer.script.expect("the ProtocolError");
  assert.deepEqual([...payload.subarray(0, 2)], [0, 2]);
  await peer.expectEnd();
  return new TextDecoder().decode(payload.subarray(3));
}

suite("the initiator", () => {
  // r[verify session.handshake]
  // r[verify session.role]
  test("sends these bytes, and nothing before the answer", async () => {
    const { peer, session } = begin("initiator");
    await peer.script.expectBytes(HELLO_ODD, "Hello");
    await peer.expectNothing();
    await peer.sendBytes([0, 1, 1, 7, 0]);
    const established = await session;
    assert.deepEqual(established.root.counterpart, { parity: "even", maxConcurrentRequests: 7 });
    assert.equal(established.root.parity, "odd");
    assert.equal(established.role, "initiator");
    await peer.expectNothing();
    peer.die();
  });

  // r[verify session.parity]
  // r[verify session.connection-settings.hello]
  test("announces its wish of parity, its limit and its metadata", async () => {
    const { peer, session } = begin("initiator", {
      parity: "even",
      limits: { maxConcurrentRequests: 300 },
      metadata: { k: { value: "v", sensitive: true } },
    });
    await peer.script.expectBytes([0, 0, 7, 1, 0xac, 2, 1, 1, 0x6b, 0, 1, 0x76, 1], "Hello");
    await peer.sendBytes([0, 1, 0, 64, 0]);
    assert.equal((await session).root.parity, "even");
    peer.die();
  });

  for (const { name, bytes, rule } of [
    { name: "HelloYourself with its own parity", bytes: [0, 1, 0, 64, 0], rule: "session.parity" },
    { name: "HelloYourself on connection 5", bytes: [5, 1, 1, 64, 0], rule: "session.message.connection-id" },
    { name: "a Hello", bytes: HELLO_ODD, rule: "session.handshake" },
    { name: "a Ping", bytes: [0, 9, 1], rule: "session.handshake" },
    { name: "a Response", bytes: [0, 7, 1, 1, 0, 0, 0], rule: "session.handshake" },
    { name: "an unknown payload index", bytes: [0, 11, 0], rule: "session.handshake" },
    { name: "a message cut short", bytes: [0, 1, 1], rule: "session.handshake" },
    { name: "an empty payload", bytes: [], rule: "session.handshake" },
  ]) {
    // r[verify session.protocol-error]
    test(`answers ${name} with a ProtocolError and closes`, async () => {
      const { clock, peer, session } = begin("initiator");
      await peer.expect("Hello");
      await peer.sendBytes(bytes);
      await assert.rejects(session, { name: "ProtocolError", code: "protocol-error", rule });
      await expectRefusal(peer);
      assert.equal(clock.pending, 0);
    });
  }

  test("fails with the text of a ProtocolError and closes without another word", async () => {
    const { clock, peer, session } = begin("initiator");
    await peer.expect("Hello");
    await peer.send({ tag: "ProtocolError", connectionId: 0, description: "no room" });
    await assert.rejects(session, { code: "handshake", message: /no room/ });
    await peer.expectEnd();
    assert.equal(clock.pending, 0);
  });
});

suite("the acceptor", () => {
  for (const { parity, asked, given } of [
    { parity: "odd", asked: 0, given: 1 },
    { parity: "even", asked: 1, given: 0 },
  ] as const) {
    // r[verify session.handshake]
    // r[verify session.parity]
    test(`sends nothing first, and answers a Hello that wants ${parity} with these bytes`, async () => {
      const { peer, session } = begin("acceptor", { parity, limits: { maxConcurrentRequests: 3 } });
      await peer.expectNothing();
      await peer.sendBytes([0, 0, 7, asked, 9, 0]);
      await peer.script.expectBytes([0, 1, given, 3, 0], "HelloYourself");
      const established = await session;
      assert.notEqual(established.root.parity, parity);
      assert.deepEqual(established.root.counterpart, { parity, maxConcurrentRequests: 9 });
      assert.equal(established.role, "acceptor");
      peer.die();
    });
  }

  // r[verify session.connection-settings.hello]
  test("sends its metadata back and gives that of the Hello", async () => {
    const { peer, session } = begin("acceptor", { metadata: { n: 300n } });
    await peer.send({
      tag: "Hello",
      connectionId: 0,
      version: 7,
      settings: { parity: "odd", maxConcurrentRequests: 1 },
      metadata: Metadata.from({ tenant: "blue" }),
    });
    assert.equal((await peer.expect("HelloYourself")).metadata.get("n"), 300n);
    assert.equal((await session).root.metadata.get("tenant"), "blue");
    peer.die();
  });

  for (const { name, bytes, rule, text } of [
    { name: "version 6", bytes: [0, 0, 6, 0, 64, 0], rule: "session.handshake", text: /version 6/ },
    { name: "version 8", bytes: [0, 0, 8, 0, 64, 0], rule: "session.handshake", text: /version 8/ },
    { name: "Hello on connection 5", bytes: [5, 0, 7, 0, 64, 0], rule: "session.message.connection-id" },
    { name: "HelloYourself", bytes: [0, 1, 0, 64, 0], rule: "session.handshake" },
    { name: "a Call", bytes: [0, 7, 1, 0, 1, 0, 0], rule: "session.handshake" },
    { name: "a Pong", bytes: [0, 10, 0], rule: "session.handshake" },
    { name: "an open", bytes: [1, 3, 0, 64, 0], rule: "session.handshake" },
    { name: "an unknown payload index", bytes: [0, 200, 1], rule: "session.handshake" },
    { name: "a parity that is none", bytes: [0, 0, 7, 2, 64, 0], rule: "session.handshake" },
    { name: "text", bytes: [...new TextEncoder().encode("GET / HTTP/1.1\r\n")], rule: "session.handshake" },
  ]) {
    // r[verify session.protocol-error]
    test(`answers ${name} with a ProtocolError and closes`, async () => {
      const { clock, peer, session } = begin("acceptor");
      await peer.sendBytes(bytes);
      await assert.rejects(session, { name: "ProtocolError", rule });
      assert.match(await expectRefusal(peer), text ?? /./);
      assert.equal(clock.pending, 0);
    });
  }

  // r[verify session.x.limits]
  test("takes a first payload of 64 KiB, and none that is larger", async () => {
    const fitting = begin("acceptor", { limits: { maxMetadataBytes: 100_000 } });
    await fitting.peer.sendBytes(helloOf(64 * 1024));
    assert.equal((await fitting.session).root.metadata.size, 1);
    fitting.peer.die();

    const { clock, peer, session } = begin("acceptor", { limits: { maxMetadataBytes: 100_000 } });
    await peer.sendBytes(helloOf(64 * 1024 + 1));
    await assert.rejects(session, { code: "protocol-error" });
    await peer.script.untilEnd();
    await settled();
    assert.equal(clock.pending, 0);
  });

  test("takes larger payloads once the session is set up", async () => {
    await using served = await scripted("acceptor");
    await served.peer.send({ tag: "ProtocolError", connectionId: 0, description: "x".repeat(100_000) });
    const cause = await served.session.ended;
    assert.match(cause.message, /the counterpart reports/);
  });

  // r[verify session.x.limits]
  for (const { name, metadata } of [
    { name: "bytes", metadata: Metadata.from({ k: "x".repeat(65) }) },
    { name: "entries", metadata: Metadata.from({ a: "", b: "", c: "", d: "" }) },
  ]) {
    test(`refuses a Hello with too much metadata (${name})`, async () => {
      const { clock, peer, session } = begin("acceptor", {
        limits: { maxMetadataBytes: 64, maxMetadataEntries: 3 },
      });
      const settings = { parity: "odd", maxConcurrentRequests: 1 } as const;
      await peer.send({ tag: "Hello", connectionId: 0, version: 7, settings, metadata });
      await assert.rejects(session, { name: "ProtocolError", rule: "session.x.limits" });
      await expectRefusal(peer);
      assert.equal(clock.pending, 0);
    });
  }
});

/** A Hello of a length, filled up with metadata. */
function helloOf(length: number): Uint8Array {
  const value = length - HELLO_ODD.length - 7;
  const varint = [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
  const hello = Uint8Array.from([0, 0, 7, 0, 64, 1, 1, 0x6b, 1, ...varint, ...new Uint8Array(value), 0]);
  assert.equal(hello.length, length);
  return hello;
}

for (const role of ["initiator", "acceptor"] as const) {
  suite(`either role: the ${role}`, () => {
    // r[verify session.x.limits]
    test("gives up after the handshake timeout, and says nothing to who said nothing", async () => {
      const { clock, peer, session } = begin(role, { limits: { handshakeTimeoutMs: 500 } });
      if (role === "initiator") await peer.expect("Hello");
      await clock.pass(499);
      await peer.expectNothing();
      await clock.pass(1);
      await assert.rejects(session, { code: "handshake", message: /500 ms/ });
      await peer.expectEnd();
      assert.equal(clock.pending, 0);
    });

    test("waits 10 s by default", async () => {
      const { clock, peer, session } = begin(role);
      assert.equal(clock.nextInMs, 10_000);
      peer.die();
      await assert.rejects(session);
    });

    test("lets go of its signal when the handshake fails", async () => {
      const { signal } = new AbortController();
      const { peer, session } = begin(role, { signal });
      peer.die();
      await assert.rejects(session);
      assert.equal(getEventListeners(signal, "abort").length, 0);
    });

    test("fails when the counterpart hangs up", async () => {
      const { clock, peer, session } = begin(role);
      if (role === "initiator") await peer.expect("Hello");
      await peer.end();
      await assert.rejects(session, { code: "handshake", message: /hung up/ });
      await peer.expectEnd();
      assert.equal(clock.pending, 0);
    });

    test("fails with what the link died of", async () => {
      const { clock, peer, session } = begin(role);
      peer.die(new RoamError("io", "cable cut"));
      await assert.rejects(session, { code: "io", message: /cable cut/ });
      assert.equal(clock.pending, 0);
    });

    test("can be aborted while it waits, and lets go of the signal and the link", async () => {
      const controller = new AbortController();
      const { clock, peer, session } = begin(role, { signal: controller.signal });
      if (role === "initiator") await peer.expect("Hello");
      const reason = new Error("changed my mind");
      controller.abort(reason);
      await assert.rejects(session, (error) => error === reason);
      await peer.expectEnd();
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
      assert.equal(clock.pending, 0);
    });

    test("does nothing with a signal that is aborted already", async () => {
      const { clock, peer, session } = begin(role, { signal: AbortSignal.abort(new Error("early")) });
      await assert.rejects(session, { message: "early" });
      await peer.expectEnd();
      assert.equal(clock.pending, 0);
    });

    test("is not touched by its signal once it is set up", async () => {
      const controller = new AbortController();
      await using running = await scripted(role, { signal: controller.signal });
      assert.equal(getEventListeners(controller.signal, "abort").length, 0);
      controller.abort();
      await running.peer.send({ tag: "Ping", connectionId: 0, nonce: 4 });
      assert.equal((await running.peer.expect("Pong")).nonce, 4);
      assert.equal(running.session.hasEnded, false);
    });

    test("leaves no timer behind once it is set up", async () => {
      await using running = await scripted(role);
      assert.equal(running.clock.pending, 0);
    });

    for (const { name, options, error } of [
      { name: "an unknown limit", options: { limits: { maxStuff: 1 } }, error: TypeError },
      { name: "a limit that is no count", options: { limits: { maxPayloadBytes: -1 } }, error: RangeError },
      { name: "metadata that is none", options: { metadata: { k: 5 } }, error: TypeError },
      { name: "too much metadata", options: { metadata: { k: "x".repeat(65_536) } }, error: RoamError },
    ]) {
      test(`closes the link when its options make no sense: ${name}`, async () => {
        const { clock, peer, session } = begin(role, options as unknown as SessionOptions);
        await assert.rejects(session, error);
        await peer.expectEnd();
        assert.equal(clock.pending, 0);
      });
    }
  });
}

// r[verify session]
// r[verify session.peer]
// r[verify session.symmetry]
test("two of ours agree, whichever speaks first and whatever it wants", async () => {
  for (const parity of ["odd", "even"] as const) {
    const [near, far] = memoryLinkPair();
    const [initiator, acceptor] = await Promise.all([
      establish(new BareConduit(near, messageFamily), "initiator", { parity }),
      establish(new BareConduit(far, messageFamily), "acceptor", { parity }),
    ]);
    assert.equal(initiator.root.parity, parity);
    assert.notEqual(acceptor.root.parity, parity);
    await Promise.all([initiator.close(), acceptor.ended]);
    await settled();
  }
});
