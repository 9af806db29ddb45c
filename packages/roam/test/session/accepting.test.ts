import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn, implement } from "roam";
import type { Connection, ConnectionDecision, ConnectionRequest } from "roam/session";
import { settled } from "roam/testing";
import { type Message, Metadata } from "roam/wire";
import {
  callOf,
  closeOf,
  expectViolation,
  openOf,
  scripted,
  Testbed,
  testbedHandlers,
  text,
} from "./harness.ts";

const metadata = Metadata.EMPTY;
const handler = implement(Testbed, testbedHandlers);
const acceptAll = () => ({ accept: true, handler }) as const;

suite("answering an open", () => {
  // r[verify rpc.virtual-connection.accept]
  // r[verify session.connection-settings.open]
  for (const { parity, opener, answer } of [
    { parity: "odd", opener: 0, answer: 1 },
    { parity: "even", opener: 1, answer: 0 },
  ] as const) {
    test(`an opener with ${parity} is accepted with these bytes, and can call at once`, async () => {
      const seen: ConnectionRequest[] = [];
      let connection: Connection | undefined;
      await using running = await scripted("acceptor", {
        limits: { maxConcurrentRequests: 9 },
        acceptConnection: (request): ConnectionDecision => {
          seen.push(request);
          return { accept: true, handler, metadata: { k: "v" }, onOpen: (opened) => (connection = opened) };
        },
      });
      const { peer, session } = running;
      void peer.sendBytes([13, 3, opener, 64, 1, 1, 0x61, 0, 1, 0x62, 0]);
      const id = parity === "odd" ? 1 : 2;
      void peer.send(callOf("echo", id, { connectionId: 13, args: text("hi") }));
      await peer.script.expectBytes([13, 4, answer, 9, 1, 1, 0x6b, 0, 1, 0x76, 0], "ConnectionAccept");
      const response = await peer.expect("RequestResponse");
      assert.deepEqual([response.connectionId, response.id], [13, id]);
      assert.equal(seen.length, 1);
      assert.equal(seen[0]?.id, 13);
      assert.equal(seen[0]?.session, session);
      assert.deepEqual(seen[0]?.settings, { parity, maxConcurrentRequests: 64 });
      assert.equal(seen[0]?.metadata.get("a"), "b");
      assert.equal(connection?.parity, parity === "odd" ? "even" : "odd");
    });
  }

  // r[verify connection.parity]
  test("the accepter calls there with the other parity", async () => {
    let connection: Connection | undefined;
    await using running = await scripted("acceptor", {
      acceptConnection: () => ({ accept: true, onOpen: (opened) => (connection = opened) }),
    });
    const { peer, session } = running;
    await peer.send(openOf(13, "even"));
    await peer.expect("ConnectionAccept");
    assert(connection !== undefined);
    const client = clientOn(session, connection, Testbed);
    for (const id of [1, 3]) {
      client.echo({ message: "" }).catch(() => {});
      const call = await peer.expect("RequestCall");
      assert.deepEqual([call.connectionId, call.id], [13, id]);
    }
  });

  // r[verify connection.open.rejection]
  test("without an acceptor all are rejected, and the session lives", async () => {
    await using running = await scripted("acceptor");
    for (const id of [1, 3, 2 ** 40 + 1]) {
      await running.peer.send(openOf(id));
      assert.equal((await running.peer.expect("ConnectionReject")).connectionId, id);
    }
    assert.equal(running.session.virtualConnections, 0);
  });

  // r[verify rpc.virtual-connection.accept]
  test("a rejection carries metadata", async () => {
    await using running = await scripted("acceptor", {
      acceptConnection: () => ({ accept: false, metadata: { r: "x" } }),
    });
    await running.peer.send(openOf(1));
    await running.peer.script.expectBytes([1, 5, 1, 1, 0x72, 0, 1, 0x78, 0], "ConnectionReject");
  });

  // r[verify connection.open.rejection]
  // r[verify session.x.limits]
  test("more than maxVirtualConnections are rejected, undecided ones counted, until one is closed", async () => {
    await using running = await scripted("acceptor", {
      limits: { maxVirtualConnections: 2 },
      acceptConnection: ({ id }) => (id === 3 ? new Promise(() => {}) : acceptAll()),
    });
    const { peer } = running;
    await peer.send(openOf(1));
    await peer.expect("ConnectionAccept");
    await peer.send(openOf(3));
    await peer.expectNothing();
    await peer.send(openOf(5));
    assert.equal((await peer.expect("ConnectionReject")).connectionId, 5);
    await peer.send(closeOf(1));
    await peer.send(openOf(7));
    assert.equal((await peer.expect("ConnectionAccept")).connectionId, 7);
  });

  test("a slow decision holds up nobody, and decisions may come in any order", async () => {
    const decide = new Map<unknown, (decision: ConnectionDecision) => void>();
    await using running = await scripted("acceptor", {
      handler,
      acceptConnection: ({ id }) => new Promise((resolve) => decide.set(id, resolve)),
    });
    const { peer } = running;
    await peer.send(openOf(1));
    await peer.send(openOf(3));
    await peer.send(callOf("echo", 1, { args: text("on the root") }));
    await peer.expect("RequestResponse");
    decide.get(3)?.({ accept: true });
    assert.equal((await peer.expect("ConnectionAccept")).connectionId, 3);
    decide.get(1)?.({ accept: false });
    assert.equal((await peer.expect("ConnectionReject")).connectionId, 1);
  });

  for (const { name, decision } of [
    { name: "accept", decision: { accept: true } },
    { name: "rejection", decision: { accept: false } },
  ] as const) {
    test(`a slow ${name} is not sent when the opener has closed meanwhile`, async () => {
      let decide = (_: ConnectionDecision) => {};
      await using running = await scripted("acceptor", {
        acceptConnection: () => new Promise((resolve) => (decide = resolve)),
      });
      const { peer, session } = running;
      await peer.send(openOf(1));
      await peer.send(closeOf(1));
      await peer.expectNothing();
      decide(decision);
      await peer.expectNothing();
      assert.equal(session.virtualConnections, 0);
    });

    test(`a slow ${name} comes to nothing when the session has ended`, async () => {
      let decide = (_: ConnectionDecision) => {};
      let isOpen = false;
      const running = await scripted("acceptor", {
        acceptConnection: () => new Promise((resolve) => (decide = resolve)),
      });
      await running.peer.send(openOf(1));
      await settled();
      running.peer.die();
      await running.session.ended;
      decide(decision.accept ? { accept: true, onOpen: () => (isOpen = true) } : decision);
      await settled();
      assert.equal(isOpen, false);
      assert.equal(running.session.virtualConnections, 0);
    });
  }

  for (const { name, acceptConnection } of [
    {
      name: "throws",
      acceptConnection: () => {
        throw new Error("broken");
      },
    },
    { name: "rejects", acceptConnection: () => Promise.reject(new Error("broken")) },
    {
      name: "answers with metadata above the limit",
      acceptConnection: () => ({ accept: true, metadata: { k: "broken".repeat(20_000) } }) as const,
    },
  ]) {
    test(`an acceptor that ${name} rejects, is reported, and nothing else`, async () => {
      await using running = await scripted("acceptor", { acceptConnection });
      const { peer, failures, session } = running;
      await peer.send(openOf(1));
      await peer.script.expectBytes([1, 5, 0], "ConnectionReject");
      assert.equal(failures.length, 1);
      assert.equal(session.virtualConnections, 0);
      await peer.sendBytes([0, 9, 1]);
      await peer.expect("Pong");
    });
  }

  test("an accept too large to be sent becomes a rejection", async () => {
    await using running = await scripted("acceptor", {
      limits: { maxPayloadBytes: 500 },
      acceptConnection: () => ({ accept: true, metadata: { k: "x".repeat(600) } }),
    });
    await running.peer.send(openOf(1));
    await running.peer.script.expectBytes([1, 5, 0], "ConnectionReject");
    assert.equal(running.session.virtualConnections, 0);
  });

  for (const isAsync of [false, true]) {
    test(`an onOpen that throws is reported; the accept stands (${isAsync ? "async" : "sync"})`, async () => {
      const decision: ConnectionDecision = {
        accept: true,
        handler,
        onOpen() {
          throw new Error("broken");
        },
      };
      await using running = await scripted("acceptor", {
        acceptConnection: () => (isAsync ? Promise.resolve(decision) : decision),
      });
      const { peer, failures } = running;
      await peer.send(openOf(1));
      await peer.expect("ConnectionAccept");
      await peer.send(callOf("echo", 1, { connectionId: 1, args: text("still") }));
      await peer.expect("RequestResponse");
      await peer.expectNothing();
      assert.match(String(failures), /broken/);
    });
  }
});

suite("opens that break a rule", () => {
  // r[verify connection.open]
  for (const { name, role, sent } of [
    { name: "an even id from the odd side", role: "acceptor", sent: [openOf(2)] },
    { name: "an odd id from the even side", role: "initiator", sent: [openOf(1)] },
    { name: "an even id beyond 2^53", role: "acceptor", sent: [openOf(2n ** 60n)] },
    { name: "an id in use", role: "acceptor", sent: [openOf(1), openOf(1)] },
    {
      name: "an id in use beyond 2^53",
      role: "acceptor",
      sent: [openOf(2n ** 60n + 1n), openOf(2n ** 60n + 1n)],
    },
    { name: "an id that was closed", role: "acceptor", sent: [openOf(1), closeOf(1), openOf(1)] },
  ] as const) {
    test(`${name} is a protocol error`, async () => {
      await using running = await scripted(role, { acceptConnection: acceptAll });
      for (const message of sent) await running.peer.send(message);
      for (let opens = 1; opens < sent.filter(({ tag }) => tag === "ConnectionOpen").length; opens++) {
        await running.peer.expect("ConnectionAccept");
      }
      await expectViolation(running, "connection.open");
    });
  }

  test("an id that we closed, or rejected, cannot be opened again either", async () => {
    for (const isAccepted of [true, false]) {
      await using running = await scripted("acceptor", {
        acceptConnection: () => (isAccepted ? acceptAll() : { accept: false }),
      });
      const { peer, session } = running;
      await peer.send(openOf(1));
      await peer.expectAny();
      session.closeConnection(1);
      if (isAccepted) await peer.expect("ConnectionClose");
      await peer.send(openOf(1));
      await expectViolation(running, "connection.open");
    }
  });

  test("an id whose open is undecided is in use", async () => {
    await using running = await scripted("acceptor", { acceptConnection: () => new Promise(() => {}) });
    await running.peer.send(openOf(1));
    await running.peer.send(openOf(1));
    await expectViolation(running, "connection.open");
  });

  // r[verify connection.open]
  for (const message of [
    callOf("echo", 1, { connectionId: 1 }),
    { tag: "ChannelItem", connectionId: 1, id: 1, item: Uint8Array.of(1) },
    { tag: "RequestCancel", connectionId: 1, id: 1, metadata },
  ] as const) {
    test(`a ${message.tag} before the accept is a protocol error`, async () => {
      await using running = await scripted("acceptor", { acceptConnection: () => new Promise(() => {}) });
      await running.peer.send(openOf(1));
      await running.peer.send(message);
      await expectViolation(running, "connection.open");
    });
  }
});

suite("messages on connections that never were", () => {
  const messages: Message[] = [
    callOf("echo", 1, { connectionId: 5 }),
    { tag: "ChannelItem", connectionId: 5, id: 1, item: Uint8Array.of(1) },
    { tag: "ChannelGrantCredit", connectionId: 6, id: 1, additional: 5 },
    { tag: "RequestCancel", connectionId: 2n ** 60n, id: 2, metadata },
    closeOf(7),
  ];
  // r[verify connection.close.semantics]
  test("are ignored", async () => {
    await using running = await scripted("acceptor", { acceptConnection: acceptAll });
    for (const message of messages) await running.peer.send(message);
    await running.peer.sendBytes([0, 9, 1]);
    await running.peer.expect("Pong");
    // An id that was only spoken of is still free.
    await running.peer.send(openOf(5));
    await running.peer.expect("ConnectionAccept");
  });

  for (const message of messages) {
    test(`${message.tag} is a protocol error when strict`, async () => {
      await using running = await scripted("acceptor", { isStrict: true });
      await running.peer.send(message);
      await expectViolation(running, "connection");
    });
  }
});
