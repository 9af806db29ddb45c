import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn } from "roam";
import { settled, VirtualClock } from "roam/testing";
import { StallWatch } from "../../src/session/stall-watch.ts";
import { scripted, Testbed, watch } from "./harness.ts";

const limits = { stallNoticeMs: 5_000, maxStallMs: 20_000 };

// r[verify session.x.limits]
suite("StallWatch", () => {
  function watching() {
    const clock = new VirtualClock();
    const told: string[] = [];
    const stall = new StallWatch(clock, limits, {
      onStalled: (forMs) => told.push(`stalled ${forMs}`),
      giveUp: (forMs) => told.push(`given up ${forMs}`),
    });
    return { clock, told, stall };
  }

  test("tells once, then gives up", async () => {
    const { clock, told, stall } = watching();
    stall.isBlocked = true;
    await clock.pass(4_999);
    assert.deepEqual(told, []);
    await clock.pass(1);
    assert.deepEqual(told, ["stalled 5000"]);
    await clock.pass(15_000);
    assert.deepEqual(told, ["stalled 5000", "given up 20000"]);
    assert.equal(clock.pending, 0);
  });

  test("begins anew with any progress", async () => {
    const { clock, told, stall } = watching();
    for (let time = 0; time < 10; time++) {
      stall.isBlocked = true;
      await clock.pass(4_000);
      stall.isBlocked = false;
      assert.equal(clock.pending, 0);
    }
    assert.deepEqual(told, []);
  });

  test("does not count the time without a link, and goes on with what was before", async () => {
    const { clock, told, stall } = watching();
    stall.isBlocked = true;
    await clock.pass(3_000);
    stall.hasLink = false;
    assert.equal(clock.pending, 0);
    await clock.pass(60_000);
    stall.hasLink = true;
    await clock.pass(2_000);
    assert.deepEqual(told, ["stalled 5000"]);
    stall.hasLink = false;
    stall.hasLink = true;
    await clock.pass(15_000);
    assert.deepEqual(told, ["stalled 5000", "given up 20000"]);
  });
});

suite("a counterpart that does not read", () => {
  test("is told about with who waits, and in the end the session is over", async () => {
    const stalls: unknown[] = [];
    await using running = await scripted("initiator", {
      limits,
      onStalled: (stall) => stalls.push(stall),
    });
    const { peer, session, clock } = running;
    const watched: unknown[] = [];
    const stop = session.watchStalls((stall) => watched.push(stall));
    session.watchStalls(() => assert.fail("it was stopped"))();
    const client = clientOn(session, session.root, Testbed);
    peer.script.link.rx.pause();
    const { numbers } = client.sum();
    const calls = Array.from({ length: 40 }, () => client.echo({ message: "x".repeat(20_000) })).map(watch);
    await settled();
    await clock.pass(5_000);
    assert.equal(stalls.length, 1);
    assert.deepEqual(watched, stalls);
    stop();
    const [{ forMs, waitingSenders }] = stalls as [{ forMs: number; waitingSenders: number }];
    assert.equal(forMs, 5_000);
    assert(waitingSenders > 10, `${waitingSenders} senders wait`);
    await clock.pass(15_000);
    const { code, reason } = await session.ended;
    assert.deepEqual([code, reason], ["io", "the counterpart has not read for 20000 ms"]);
    await settled();
    for (const { outcome } of calls) assert.equal(outcome, "io");
    await assert.rejects(numbers.send(1), { code: "io" });
    assert.equal(clock.pending, 0);
  });

  test("that reads slowly is given all the time it needs", async () => {
    const stalls: unknown[] = [];
    await using running = await scripted("initiator", { limits, onStalled: (stall) => stalls.push(stall) });
    const { peer, session, clock } = running;
    const client = clientOn(session, session.root, Testbed);
    peer.script.link.rx.pause();
    const calls = Array.from({ length: 40 }, () => client.echo({ message: "x".repeat(20_000) })).map(watch);
    await settled();
    for (let taken = 0; taken < 40; taken++) {
      await clock.pass(4_000);
      peer.script.link.rx.resume();
      await peer.expect("RequestCall");
      peer.script.link.rx.pause();
      await settled();
    }
    assert.deepEqual(stalls, []);
    assert.equal(session.hasEnded, false);
    assert.equal(calls.length, 40);
  });
});
