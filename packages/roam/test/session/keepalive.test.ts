import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn } from "roam";
import type { Id } from "roam/wire";
import {
  type KeepaliveState,
  keepaliveDueMs,
  onKeepaliveTime,
  onPong,
  onReadingResumed,
  startKeepalive,
} from "../../src/session/keepalive.ts";
import { scripted, Testbed, watch } from "./harness.ts";

const options = { intervalMs: 100, timeoutMs: 30 };
const waiting: KeepaliveState = { kind: "waiting", nonce: 4, sentAtMs: 1_000, dueAtMs: 1_030 };

suite("keepalive steps", () => {
  test("the first Ping is due after the interval and has nonce 1", () => {
    const state = startKeepalive(options, 50);
    assert.equal(keepaliveDueMs(state), 150);
    assert.deepEqual(onKeepaliveTime(state, options, 149), { state, effects: [] });
    assert.deepEqual(onKeepaliveTime(state, options, 150), {
      state: { kind: "waiting", nonce: 1, sentAtMs: 150, dueAtMs: 180 },
      effects: [{ kind: "ping", nonce: 1 }],
    });
  });

  test("while a Ping is out no other is sent; when its time is up the peer is dead", () => {
    assert.deepEqual(onKeepaliveTime(waiting, options, 1_029), { state: waiting, effects: [] });
    assert.deepEqual(onKeepaliveTime(waiting, options, 1_030).effects, [{ kind: "dead" }]);
  });

  test("one who stood still gives the Pong its time again, once for each Ping", () => {
    const dead = [{ kind: "dead" }];
    assert.deepEqual(onKeepaliveTime(waiting, options, 1_030 + 49).effects, dead);
    const again = onKeepaliveTime(waiting, options, 9_000);
    assert.deepEqual(again, { state: { ...waiting, dueAtMs: 9_030, isSecondTime: true }, effects: [] });
    assert.deepEqual(onKeepaliveTime(again.state, options, 9_030).effects, dead);
    assert.deepEqual(onKeepaliveTime(again.state, options, 20_000).effects, dead);
    assert.deepEqual(onPong(again.state, options, 4, 9_010).state, {
      kind: "idle",
      nextNonce: 5,
      pingAtMs: 9_110,
    });
  });

  test("its Pong gives the round trip and puts the next Ping off", () => {
    assert.deepEqual(onPong(waiting, options, 4, 1_020), {
      state: { kind: "idle", nextNonce: 5, pingAtMs: 1_120 },
      effects: [{ kind: "round-trip", ms: 20 }],
    });
  });

  for (const nonce of [0, 3, 5, 4n, 2n ** 64n - 1n] as Id[]) {
    test(`a Pong with nonce ${nonce}${typeof nonce} changes nothing`, () => {
      assert.deepEqual(onPong(waiting, options, nonce, 1_020), { state: waiting, effects: [] });
    });
  }

  test("a Pong that nobody waits for changes nothing", () => {
    const idle = startKeepalive(options, 0);
    assert.deepEqual(onPong(idle, options, 1, 10), { state: idle, effects: [] });
  });

  test("after a pause of reading the Pong has its time again, an idle state goes on", () => {
    assert.equal(keepaliveDueMs(onReadingResumed(waiting, options, 5_000)), 5_030);
    const idle = startKeepalive(options, 0);
    assert.equal(onReadingResumed(idle, options, 5_000), idle);
  });
});

// r[verify session.keepalive]
suite("a session with keepalive", () => {
  test("sends Pings with nonces from 1, each after the Pong to the one before", async () => {
    await using running = await scripted("initiator", { keepalive: options });
    const { peer, clock, session } = running;
    for (const nonce of [1, 2, 3]) {
      await clock.pass(99);
      await peer.expectNothing();
      await clock.pass(1);
      await peer.script.expectBytes([0, 9, nonce], "Ping");
      await clock.pass(29);
      await peer.expectNothing();
      await peer.sendBytes([0, 10, nonce]);
      await clock.pass(0);
      assert.equal(session.roundTripMs, 29);
    }
  });

  for (const { name, pongs } of [
    { name: "no Pong", pongs: [] },
    { name: "Pongs with other nonces", pongs: [0, 2, 2 ** 40] },
  ]) {
    test(`${name}: the session ends, and its calls fail, with the code keepalive`, async () => {
      const running = await scripted("initiator", { keepalive: options });
      const { peer, clock, session } = running;
      const call = watch(clientOn(session, session.root, Testbed).echo({ message: "?" }));
      await peer.expect("RequestCall");
      await clock.pass(100);
      await peer.expect("Ping");
      for (const nonce of pongs) await peer.send({ tag: "Pong", connectionId: 0, nonce });
      await clock.pass(29);
      assert.equal(session.hasEnded, false);
      assert.equal(call.times, 0);
      await clock.pass(1);
      assert.equal((await session.ended).code, "keepalive");
      assert.deepEqual(call, { outcome: "keepalive", times: 1 });
      // Dead peers are not told.
      await peer.expectEnd();
      assert.equal(clock.pending, 0);
    });
  }

  test("answers the counterpart's Pings all the same", async () => {
    await using running = await scripted("acceptor", { keepalive: options });
    await running.peer.sendBytes([0, 9, 1]);
    await running.peer.script.expectBytes([0, 10, 1], "Pong");
  });

  test("does not blame the counterpart while it does not read itself", async () => {
    await using running = await scripted("initiator", { keepalive: options });
    const { peer, clock, session } = running;
    await clock.pass(100);
    await peer.expect("Ping");
    session.pauseReading(true);
    await peer.sendBytes([0, 10, 1]);
    await clock.pass(1_000);
    assert.equal(session.hasEnded, false);
    session.pauseReading(false);
    await clock.pass(29);
    assert.equal(session.hasEnded, false);
    assert.equal(session.roundTripMs, 1_000);
    await clock.pass(100);
    assert.equal((await peer.expect("Ping")).nonce, 2);
  });
});

test("without the option no Ping is ever sent", async () => {
  await using running = await scripted("initiator");
  await running.clock.pass(1_000_000);
  await running.peer.expectNothing();
});
