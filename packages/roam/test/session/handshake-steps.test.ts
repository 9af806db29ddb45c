import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import { type ConnectionSettings, type Message, Metadata, type Parity } from "roam/wire";
import {
  firstMessage,
  type HandshakeStep,
  onFirstMessage,
  otherParity,
} from "../../src/session/handshake.ts";

const metadata = Metadata.EMPTY;
const settings = (parity: Parity): ConnectionSettings => ({ parity, maxConcurrentRequests: 9 });
const offer = (parity: Parity) => ({ parity, maxConcurrentRequests: 5, metadata });
const hello = (parity: Parity, version = 7, connectionId = 0): Message => ({
  tag: "Hello",
  connectionId,
  version,
  settings: settings(parity),
  metadata,
});
const helloYourself = (parity: Parity, connectionId = 0): Message => ({
  tag: "HelloYourself",
  connectionId,
  settings: settings(parity),
  metadata,
});

/** Every row of the contract's table of states that a first message decides. */
suite("onFirstMessage", () => {
  for (const parity of ["odd", "even"] as const) {
    const other = parity === "odd" ? "even" : "odd";

    // r[verify session.handshake]
    test(`an initiator that wants ${parity} says Hello with version 7`, () => {
      assert.deepEqual(firstMessage(offer(parity)), {
        tag: "Hello",
        connectionId: 0,
        version: 7,
        settings: { parity, maxConcurrentRequests: 5 },
        metadata,
      });
    });

    test(`an initiator with ${parity} takes HelloYourself with ${other}`, () => {
      const step = onFirstMessage("initiator", offer(parity), helloYourself(other));
      assert.deepEqual(step, {
        kind: "established",
        established: { parity, counterpart: settings(other), metadata },
      });
    });

    // r[verify session.parity]
    test(`an initiator with ${parity} refuses HelloYourself with ${parity}`, () => {
      expectRefusal(onFirstMessage("initiator", offer(parity), helloYourself(parity)), "session.parity");
    });

    // r[verify session.parity]
    test(`an acceptor takes ${other} when Hello asks for ${parity}, whatever it would like`, () => {
      for (const own of ["odd", "even"] as const) {
        assert.deepEqual(onFirstMessage("acceptor", offer(own), hello(parity)), {
          kind: "established",
          established: { parity: other, counterpart: settings(parity), metadata },
          reply: {
            tag: "HelloYourself",
            connectionId: 0,
            settings: { parity: other, maxConcurrentRequests: 5 },
            metadata,
          },
        });
      }
    });
  }

  for (const version of [0, 6, 8, 0xffff_ffff]) {
    // r[verify session.handshake]
    test(`an acceptor refuses version ${version}`, () => {
      expectRefusal(onFirstMessage("acceptor", offer("odd"), hello("odd", version)), "session.handshake");
    });
  }

  for (const { role, good } of [
    { role: "initiator", good: "HelloYourself" },
    { role: "acceptor", good: "Hello" },
  ] as const) {
    const others: Message[] = [
      good === "Hello" ? helloYourself("even") : hello("even"),
      { tag: "ConnectionOpen", connectionId: 0, settings: settings("odd"), metadata },
      { tag: "ConnectionClose", connectionId: 0, metadata },
      { tag: "RequestCancel", connectionId: 0, id: 1, metadata },
      { tag: "ChannelGrantCredit", connectionId: 0, id: 1, additional: 1 },
      { tag: "Ping", connectionId: 0, nonce: 1 },
      { tag: "Pong", connectionId: 0, nonce: 1 },
    ];
    for (const message of others) {
      test(`the ${role} refuses ${message.tag} first`, () => {
        expectRefusal(onFirstMessage(role, offer("odd"), message), "session.handshake");
      });
    }

    // r[verify session.message.connection-id]
    test(`the ${role} refuses ${good} and ProtocolError on connection 5`, () => {
      const wrong = good === "Hello" ? hello("odd", 7, 5) : helloYourself("even", 5);
      const error: Message = { tag: "ProtocolError", connectionId: 5, description: "x" };
      for (const message of [wrong, error]) {
        expectRefusal(onFirstMessage(role, offer("odd"), message), "session.message.connection-id");
      }
    });

    test(`the ${role} fails with the text of a ProtocolError, which it does not answer`, () => {
      const step = onFirstMessage(role, offer("odd"), {
        tag: "ProtocolError",
        connectionId: 0,
        description: "no such tenant",
      });
      assert(step.kind === "failed");
      assert.equal(step.isAnswered, false);
      assert.equal(step.error.code, "handshake");
      assert.match(step.error.message, /no such tenant/);
    });
  }

  test("otherParity", () => {
    assert.equal(otherParity("odd"), "even");
    assert.equal(otherParity("even"), "odd");
  });
});

function expectRefusal(step: HandshakeStep, rule: string): void {
  assert(step.kind === "failed");
  assert.equal(step.isAnswered, true);
  assert(step.error instanceof ProtocolError);
  assert.equal(step.error.rule, rule);
}
