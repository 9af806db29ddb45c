import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ConduitTx } from "../../../src/conduit/conduit.ts";
import { settled } from "../../../src/testing/index.ts";
import { collect, dialled, expectFrames, expectNothing, frame, shown } from "./harness.ts";

function sendAll(tx: ConduitTx<string>, text: string): number {
  let sent = 0;
  for (let permit = tx.tryReserve(); permit !== undefined; permit = tx.tryReserve()) {
    permit.send(text);
    sent++;
    assert.ok(sent < 100_000);
  }
  return sent;
}

function takeAll(tx: ConduitTx<string>) {
  const permits = [];
  for (let permit = tx.tryReserve(); permit !== undefined; permit = tx.tryReserve()) permits.push(permit);
  return permits;
}

// r[verify stable.x.bounded]
suite("the bound of the replay buffer", () => {
  test("in frames, permits counted", async () => {
    const { tx, conduit } = await dialled({ limits: { maxReplayFrames: 10 } });
    const [first] = takeAll(tx);
    assert.equal(takeAll(tx).length, 0);
    first?.send("a");
    assert.equal(takeAll(tx).length, 0, "an item has taken its permit's place");
    conduit.destroy();
  });

  test("in bytes, each permit for a KiB until its item is there", async () => {
    const { tx, conduit } = await dialled({ limits: { maxReplayBytes: 10 * 1024 } });
    const permits = takeAll(tx);
    assert.equal(permits.length, 10);
    for (const permit of permits) permit.send("x".repeat(100));
    assert.equal(conduit.replay.bytes, 10 * 101);
    // What is left of the KiBs is free again.
    assert.equal(takeAll(tx).length, 10);
    conduit.destroy();
  });

  test("overshot by one item per permit at most", async () => {
    const { tx, conduit } = await dialled({ limits: { maxReplayBytes: 2048 } });
    for (const permit of takeAll(tx)) permit.send("x".repeat(50_000));
    assert.equal(takeAll(tx).length, 0);
    assert.ok(conduit.replay.bytes < 2 * 50_010);
    conduit.destroy();
  });

  test("permits out at a time are bounded on their own", async () => {
    const { tx, conduit } = await dialled();
    assert.equal(takeAll(tx).length, 64);
    conduit.destroy();
  });

  // r[verify conduit.x.reserve]
  test("reserve waits in line for acks and released permits; an aborted one leaks nothing", async () => {
    const { tx, rx, far, conduit } = await dialled({ limits: { maxReplayFrames: 2 } });
    collect(rx);
    const permits = takeAll(tx);
    const abort = new AbortController();
    const served: string[] = [];
    const wait = async (name: string, signal?: AbortSignal) => {
      const permit = await tx.reserve(signal && { signal });
      served.push(name);
      return permit;
    };
    const first = wait("first");
    const aborted = assert.rejects(wait("aborted", abort.signal), /enough/);
    const third = wait("third");
    const fourth = wait("fourth");
    abort.abort(new Error("enough"));
    await aborted;
    permits[0]?.release();
    await first;
    permits[1]?.send("b");
    await settled();
    assert.deepEqual(served, ["first"]);
    (await first).send("a");
    await expectFrames(far, "0 - b", "1 - a", "2 - *solicit");
    await far.send(frame(0, 1, "x"));
    await third;
    await settled();
    assert.deepEqual(served, ["first", "third"], "the solicitation has a place, too");
    (await third).release();
    (await fourth).release();
    assert.equal(takeAll(tx).length, 1);
    conduit.destroy();
  });

  // r[verify conduit.x.reserve]
  test("while a link is there its own backpressure holds items back; detached, only the bound", async () => {
    const { tx, far, peer, conduit } = await dialled({ limits: { maxReplayBytes: 8 * 1024 * 1024 } });
    far.link.rx.pause();
    await settled();
    const sent = sendAll(tx, "x".repeat(8000));
    assert.ok(conduit.replay.bytes < 1024 * 1024, `${conduit.replay.bytes} bytes behind a full link`);
    peer.outage = new Error("no route");
    far.die();
    await settled();
    assert.ok(sendAll(tx, "x".repeat(8000)) > 4 * sent);
    conduit.destroy();
  });
});

// r[verify stable.x.ack-frame]
suite("ack frames", () => {
  const limits = { ackAfterItems: 3, ackAfterBytes: 1000, ackAfterMs: 100 };

  /** Connected, one item each way, so that there is a number to repeat. */
  async function talking() {
    const all = await dialled({ limits });
    const { got } = collect(all.rx);
    all.tx.tryReserve()?.send("a");
    await expectFrames(all.far, "0 - a");
    return { ...all, got };
  }

  test("after so many items, at once, as a repeat of the last number", async () => {
    const { far, conduit } = await talking();
    for (let seq = 0; seq < 3; seq++) await far.send(frame(seq, 0, "x"));
    await expectFrames(far, "0 2 *ack");
    await expectNothing(far);
    assert.equal(conduit.replay.frames, 0, "it takes no place in the replay buffer");
    conduit.destroy();
  });

  test("after so many bytes", async () => {
    const { far, conduit } = await talking();
    await far.send(frame(0, 0, "x".repeat(1000)));
    await expectFrames(far, "0 0 *ack");
    conduit.destroy();
  });

  test("after some time, counted from the oldest item", async () => {
    const { far, conduit, clock, tx } = await talking();
    await far.send(frame(0, 0, "x"));
    await clock.pass(60);
    // A data frame carries the ack: the time begins anew.
    tx.tryReserve()?.send("b");
    await expectFrames(far, "1 0 b");
    await far.send(frame(1, 1, "y"));
    await clock.pass(99);
    await expectNothing(far);
    await clock.pass(1);
    await expectFrames(far, "1 1 *ack");
    await clock.pass(1000);
    await expectNothing(far);
    conduit.destroy();
    assert.equal(clock.pending, 0);
  });

  test("not before the first frame of one's own", async () => {
    const { far, rx, conduit, clock, tx } = await dialled({ limits });
    collect(rx);
    for (let seq = 0; seq < 10; seq++) await far.send(frame(seq, undefined, "x"));
    await clock.pass(1000);
    await expectNothing(far);
    tx.tryReserve()?.send("a");
    await expectFrames(far, "0 9 a");
    conduit.destroy();
  });

  test("a filler causes no ack in return, nor does a duplicate", async () => {
    const { far, conduit, clock } = await talking();
    await far.send(frame(0, 0, "x"));
    await clock.pass(100);
    await expectFrames(far, "0 0 *ack");
    for (let time = 0; time < 10; time++) await far.send(frame(0, 0, "*ack"));
    await clock.pass(1000);
    await expectNothing(far);
    conduit.destroy();
  });

  test("not before the replay is complete, and the newest replaces one that could not be written", async () => {
    const { far, conduit, tx, peer } = await talking();
    far.die();
    await settled();
    const big = "x".repeat(100_000);
    for (let index = 0; index < 10; index++) tx.tryReserve()?.send(big);
    const { far: second } = await peer.accept();
    second.link.rx.pause();
    for (let seq = 0; seq < 9; seq++) await second.send(frame(seq, undefined, "x"));
    await settled();
    second.link.rx.resume();
    const seen: string[] = [];
    for (let index = 0; index < 11; index++) seen.push(shown(await second.expect()).slice(0, 8));
    assert.deepEqual(
      seen.map((text) => Number(text.split(" ")[0])),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    await expectFrames(second, "10 8 *ack");
    await second.send(frame(9, 10, "x"));
    await second.send(frame(10, 10, "x"));
    await second.send(frame(11, 10, "x"));
    await expectFrames(second, "10 11 *ack");
    conduit.destroy();
  });

  test("one soon, even if data carry the acks: the peer learns that it need not ask", async () => {
    const { far, conduit, tx } = await talking();
    const seen: string[] = [];
    for (let seq = 0; seq < 10; seq++) {
      await far.send(frame(seq, seq, "x"));
      await settled();
      tx.tryReserve()?.send("y");
      while (far.waiting > 0) seen.push(shown(await far.expect()));
    }
    await settled();
    while (far.waiting > 0) seen.push(shown(await far.expect()));
    assert.equal(seen.filter((text) => text.endsWith("*ack")).length, 1);
    assert.equal(seen[2], "2 2 *ack");
    conduit.destroy();
  });

  test("a family without fillers sends none", async () => {
    const { family } = await import("./harness.ts");
    const { fillers: _, ...plain } = family;
    const { far, conduit, tx, rx, clock } = await dialled({ limits, family: plain });
    collect(rx);
    tx.tryReserve()?.send("a");
    await expectFrames(far, "0 - a");
    for (let seq = 0; seq < 5; seq++) await far.send(frame(seq, 0, "x"));
    await clock.pass(1000);
    await expectNothing(far);
    conduit.destroy();
  });
});

// r[verify stable.x.ack-solicit]
suite("solicited acks", () => {
  const limits = { maxReplayFrames: 8, solicitTimeoutMs: 30_000 };

  async function halfFull() {
    const all = await dialled({ limits });
    collect(all.rx);
    for (const text of ["a", "b", "c", "d"]) all.tx.tryReserve()?.send(text);
    await expectFrames(all.far, "0 - a", "1 - b", "2 - c", "3 - d");
    await expectNothing(all.far);
    all.tx.tryReserve()?.send("e");
    await expectFrames(all.far, "4 - e", "5 - *solicit");
    return all;
  }

  test("past half of the bound the peer is asked, once", async () => {
    const { far, tx, conduit } = await halfFull();
    tx.tryReserve()?.send("f");
    await expectFrames(far, "6 - f");
    await expectNothing(far);
    conduit.destroy();
  });

  test("again when it has its own ack and the buffer is still above half: another's would bring a storm", async () => {
    const { far, tx, conduit } = await halfFull();
    for (const text of ["f", "g"]) tx.tryReserve()?.send(text);
    await expectFrames(far, "6 - f", "7 - g");
    await far.send(frame(0, 2, "x"));
    await settled();
    for (const text of ["h", "i", "j"]) tx.tryReserve()?.send(text);
    await expectFrames(far, "8 0 h", "9 0 i", "10 0 j");
    await expectNothing(far);
    await far.send(frame(1, 5, "y"));
    await expectFrames(far, "11 1 *solicit");
    conduit.destroy();
  });

  test("again on a new link", async () => {
    const { far, tx, conduit, peer } = await halfFull();
    tx.tryReserve()?.send("f");
    far.die();
    const { far: second } = await peer.accept(0);
    await expectFrames(second, "1 - b", "2 - c", "3 - d", "4 - e", "5 - *solicit", "6 - f");
    await expectFrames(second, "7 - *solicit");
    conduit.destroy();
  });

  test("not from a peer that sends ack frames", async () => {
    const { far, tx, rx, conduit } = await dialled({ limits });
    collect(rx);
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(0, undefined, "*ack"));
    await settled();
    assert.equal(sendAll(tx, "y"), 8);
    for (let seq = 0; seq < 8; seq++) assert.match(shown(await far.expect()), / y$/);
    await expectNothing(far);
    conduit.destroy();
  });

  for (const { name, limits: bound } of [
    { name: "frames", limits },
    { name: "bytes", limits: { maxReplayBytes: 4096 } },
  ]) {
    test(`a buffer brimful of ${name} takes it, and answers, up to 64 frames past the bound`, async () => {
      const { tx, conduit } = await dialled({ limits: bound });
      sendAll(tx, "y".repeat(1000));
      let past = 0;
      for (let permit = tx.tryReservePastBound?.(); permit; permit = tx.tryReservePastBound?.()) {
        permit.send("answer");
        past++;
      }
      // The solicitation is one of them.
      assert.ok(past === 63 || past === 64, `${past} answers`);
      conduit.destroy();
    });
  }

  test("as often as needed, with a line of senders that fill the buffer the moment there is room", async () => {
    const { far, tx, rx, conduit } = await dialled({ limits });
    collect(rx);
    const rounds = 100;
    const lane = async () => {
      for (let sent = 0; sent < rounds; sent++) (await tx.reserve()).send("y");
    };
    const lanes = Promise.all(Array.from({ length: 8 }, lane));
    for (let round = 0; round < rounds; round++) {
      const frames: string[] = [];
      while (!frames.at(-1)?.endsWith("solicit")) frames.push(shown(await far.expect()));
      await settled();
      while (far.waiting > 0) frames.push(shown(await far.expect()));
      await far.send(frame(round, conduit.replay.sent, "x"));
    }
    await lanes;
    conduit.destroy();
  });

  test("a link on which nothing moves for 30 s after it is dropped; one that moves is not", async () => {
    const { far, conduit, clock, peer } = await halfFull();
    for (let time = 0; time < 5; time++) {
      await clock.pass(29_000);
      // No ack, but a sign of life.
      await far.send(frame(time, undefined, "x"));
      await settled();
    }
    assert.equal(conduit.isAttached, true);
    await clock.pass(30_000);
    await far.untilEnd();
    const { far: second } = await peer.accept(0);
    assert.match(shown(await second.expect()), /^1 4 b/);
    assert.deepEqual(peer.states.at(-2), {
      kind: "detached",
      reason: "a solicitation brought no ack",
      attempt: 0,
      nextDelayMs: 0,
    });
    conduit.destroy();
    assert.equal(clock.pending, 0);
  });

  test("bytes that the link takes are life too", async () => {
    const { far, tx, conduit, clock } = await dialled({ limits: { maxReplayBytes: 400_000 } });
    far.link.rx.pause();
    await settled();
    sendAll(tx, "x".repeat(8000));
    await clock.pass(20_000);
    far.link.rx.resume();
    await clock.pass(29_999);
    assert.equal(conduit.isAttached, true);
    await clock.pass(1);
    await far.untilEnd();
    conduit.destroy();
  });
});
