import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BareConduit } from "roam/conduit";
import { establish, messageFamily } from "roam/session";
import { ClaimError, scriptedPeer, VirtualClock } from "roam/testing";

suite("ScriptedPeer", () => {
  for (const role of ["initiator", "acceptor"] as const) {
    test(`plays the handshake against a session that is the ${role}`, async () => {
      const { link, peer } = scriptedPeer();
      const session = establish(new BareConduit(link, messageFamily), role, { keepAlive: true });
      if (role === "initiator") assert.equal((await peer.handshake("acceptor")).tag, "Hello");
      else assert.equal((await peer.handshake("initiator")).tag, "HelloYourself");
      await session;
      await peer.expectNothing();
      await peer.send({ tag: "Ping", connectionId: 0, nonce: 7 });
      assert.deepEqual(await peer.expect("Pong"), { tag: "Pong", connectionId: 0, nonce: 7 });
      peer.die();
    });
  }

  test("says what came where nothing should", async () => {
    const { link, peer } = scriptedPeer();
    const session = establish(new BareConduit(link, messageFamily), "initiator");
    await assert.rejects(peer.expectNothing(), (error) => {
      assert(error instanceof ClaimError);
      assert.match(error.message, /expected nothing, got .*Hello/);
      return true;
    });
    peer.die();
    await assert.rejects(session);
  });
});

suite("VirtualClock", () => {
  test("runs timers in the order in which they are due, ties as they were set", () => {
    const clock = new VirtualClock(1_000);
    const ran: string[] = [];
    clock.after(20, () => ran.push(`late at ${clock.nowMs()}`));
    clock.after(10, () => {
      ran.push(`first at ${clock.nowMs()}`);
      clock.after(5, () => ran.push(`inner at ${clock.nowMs()}`));
    });
    clock.after(10, () => ran.push(`tie at ${clock.nowMs()}`));
    const cancel = clock.after(12, () => ran.push("cancelled"));
    cancel();
    assert.equal(clock.pending, 3);
    assert.equal(clock.nextInMs, 10);
    clock.advance(19);
    assert.deepEqual(ran, ["first at 1010", "tie at 1010", "inner at 1015"]);
    assert.equal(clock.nowMs(), 1_019);
    clock.advance(1);
    assert.equal(ran.at(-1), "late at 1020");
    assert.equal(clock.pending, 0);
  });

  test("pass lets what a timer sets off run before the next timer", async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.after(1, async () => {
      await Promise.resolve();
      ran.push("promise of the first");
    });
    clock.after(2, () => ran.push("second"));
    await clock.pass(2);
    assert.deepEqual(ran, ["promise of the first", "second"]);
  });
});
