import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { encodeClientHello } from "../../../src/conduit/stable/hello.ts";
import { settled } from "../../../src/testing/index.ts";
import { Accepting, expectAlive, halfOpen, keyOf } from "./accepting.ts";
import { collect, expectFrames, expectNothing, frame, shown } from "./harness.ts";

function flipped(key: Uint8Array, bit: number): Uint8Array {
  const other = key.slice();
  other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
  return other;
}

// r[verify stable.resume-key]
// r[verify stable.handshake.server-hello]
suite("a client hello without a key", () => {
  test("begins a session and is answered with its first key", async () => {
    const accepting = new Accepting();
    const first = await accepting.open();
    assert.deepEqual(first.hello, { isRejected: false, resumeKey: keyOf(1), lastReceived: undefined });
    const second = await accepting.open();
    assert.deepEqual(second.hello.resumeKey, keyOf(2));
    assert.notEqual(first.conduit, second.conduit);
    assert.equal(accepting.sessions, 2);
  });

  // r[verify stable.x.resume-verify]
  test("but with a number is refused, and begins nothing", async () => {
    const accepting = new Accepting();
    for (const lastReceived of [0, 5, 0xffff_ffff])
      assert.equal(await accepting.refused({ lastReceived }), "a number without a key");
    assert.deepEqual([accepting.sessions, accepting.clock.pending], [0, 0]);
  });
});

// r[verify stable.x.resume-verify]
// r[verify stable.reconnect.failure]
suite("a key that names no session", () => {
  test("that never was: rejected with a zero key, and the link is closed", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born();
    for (const resumeKey of [keyOf(9), keyOf(0), ...[0, 7, 64, 127].map((bit) => flipped(keyOf(1), bit))])
      assert.equal(await accepting.refused({ resumeKey }), "no session has this key");
    assert.equal(accepting.sessions, 1);
    await expectAlive(owner.far, owner);
    assert.deepEqual(owner.conduit.state, { kind: "connected", conduit: "stable" });
  });

  test("that is closed", async () => {
    const accepting = new Accepting();
    const { far, conduit, tx } = await accepting.born();
    tx.tryReserve()?.send("bye");
    await tx.close();
    await far.send(frame(0, 0, "*close"));
    await far.end();
    await settled();
    assert.deepEqual(conduit.state, { kind: "closed" });
    assert.equal(
      await accepting.refused({ resumeKey: keyOf(1), lastReceived: 0 }),
      "no session has this key",
    );
    assert.deepEqual([accepting.sessions, accepting.clock.pending], [0, 0]);
  });

  test("that was destroyed", async () => {
    const accepting = new Accepting();
    (await accepting.born()).conduit.destroy();
    (await accepting.open()).conduit.destroy();
    for (const key of [1, 2]) await accepting.refused({ resumeKey: keyOf(key) });
    assert.deepEqual([accepting.sessions, accepting.clock.pending], [0, 0]);
  });

  test("a peer that does not read its refusal is hung up on all the same", async () => {
    const accepting = new Accepting();
    let isClosed = false;
    const { far } = accepting.arrive((link) => ({
      tx: link.tx,
      rx: link.rx,
      peer: link.peer,
      destroy: () => {
        isClosed = true;
        link.destroy();
      },
    }));
    far.link.rx.pause();
    await far.send(encodeClientHello({ resumeKey: keyOf(9), lastReceived: undefined }));
    await accepting.clock.pass(999);
    assert.equal(isClosed, false);
    await accepting.clock.pass(1);
    assert.equal(isClosed, true);
    assert.equal(accepting.clock.pending, 0);
  });
});

// r[verify stable.reconnect.server-replay]
suite("a client that comes back", () => {
  test("is told what was received, and gets what it lacks before anything new", async () => {
    const accepting = new Accepting();
    const { far, tx, conduit, seen } = await accepting.born();
    for (const text of ["a", "b", "c"]) tx.tryReserve()?.send(text);
    await far.send(frame(1, 0, "x"));
    await settled();
    far.die();
    await settled();
    assert.deepEqual(conduit.state, {
      kind: "detached",
      reason: "the script broke the link",
      attempt: 0,
      nextDelayMs: undefined,
    });
    tx.tryReserve()?.send("d");
    const { far: second, hello } = await accepting.resume(keyOf(1), 1);
    assert.deepEqual(hello, { isRejected: false, resumeKey: keyOf(2), lastReceived: 1 });
    await expectFrames(second, "2 1 c", "3 1 d");
    assert.deepEqual(conduit.state, { kind: "resumed", replayed: 2 });
    await second.send(frame(2, 3, "y"));
    await settled();
    assert.deepEqual(seen.got, ["hi", "x", "y"]);
    assert.equal(conduit.replay.frames, 0);
  });

  // r[verify stable.x.resume-rotate]
  test("may use either of two keys until it shows the newer one", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born();
    await accepting.resume(keyOf(1));
    // The link died before it learned key 2.
    await accepting.resume(keyOf(1));
    await accepting.refused({ resumeKey: keyOf(2) });
    const { far, hello } = await accepting.resume(keyOf(3));
    assert.deepEqual(hello.resumeKey, keyOf(4));
    await accepting.refused({ resumeKey: keyOf(1) });
    await expectAlive(far, owner);
  });

  // r[verify stable.x.resume-rotate]
  test("has the old key for 30 s from the first frame on the new link", async () => {
    const accepting = new Accepting();
    await accepting.born();
    const { far } = await accepting.resume(keyOf(1));
    // Silence proves nothing, however long.
    await accepting.clock.pass(60_000);
    const { far: second } = await accepting.resume(keyOf(1));
    await second.send(frame(0, undefined, "replayed"));
    await accepting.clock.pass(29_999);
    const { far: third } = await accepting.resume(keyOf(1));
    await third.send(frame(0, undefined, "replayed"));
    await accepting.clock.pass(30_000);
    await accepting.refused({ resumeKey: keyOf(1) });
    const { hello } = await accepting.resume(keyOf(4));
    assert.deepEqual(hello.resumeKey, keyOf(5));
    await far.untilEnd();
  });

  test("on two links with one key has the later one, the earlier one is closed", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born();
    owner.far.die();
    await settled();
    const [first, second] = await Promise.all([
      accepting.knock({ resumeKey: keyOf(1) }),
      accepting.knock({ resumeKey: keyOf(1) }),
    ]);
    await Promise.all([first.accepted, second.accepted]);
    await first.far.untilEnd();
    await second.far.expect("a ServerHello");
    await expectAlive(second.far, owner);
    await accepting.refused({ resumeKey: keyOf(2) });
    assert.equal(accepting.sessions, 1);
  });
});

// r[verify stable.x.resume-consistency]
suite("what a returning client says to have received", () => {
  /** A session that has sent 0 to 4; `acked` of them acknowledged. */
  async function sent(acked: number | undefined) {
    const accepting = new Accepting();
    const owner = await accepting.born();
    for (const text of ["a", "b", "c", "d", "e"]) owner.tx.tryReserve()?.send(text);
    await expectFrames(owner.far, "0 0 a", "1 0 b", "2 0 c", "3 0 d", "4 0 e");
    if (acked !== undefined) await owner.far.send(frame(0, acked, "hi"));
    await settled();
    return { accepting, owner };
  }

  for (const { acked, lastReceived } of [
    { acked: 1, lastReceived: 5 },
    { acked: 1, lastReceived: 0 },
    { acked: 1, lastReceived: undefined },
    { acked: 1, lastReceived: 0xffff_ffff },
    { acked: 1, lastReceived: 1 + 2 ** 31 },
    { acked: 4, lastReceived: 4 + 2 ** 31 },
    { acked: undefined, lastReceived: 5 },
    // Nothing was acknowledged, and yet nothing came before number 0.
    { acked: undefined, lastReceived: 0xffff_fff0 },
    { acked: undefined, lastReceived: 0xffff_ffff },
    { acked: undefined, lastReceived: 4 + 2 ** 31 },
  ]) {
    test(`${lastReceived} after an ack of ${acked} is refused, and the session goes on undisturbed`, async () => {
      const { accepting, owner } = await sent(acked);
      const reason = await accepting.refused({ resumeKey: keyOf(1), lastReceived });
      assert.equal(reason, "not the state we share");
      assert.deepEqual(owner.conduit.state, { kind: "connected", conduit: "stable" });
      await expectAlive(owner.far, owner);
      owner.far.die();
      // Its key was not used up.
      const { hello } = await accepting.resume(keyOf(1), owner.conduit.replay.acked);
      assert.deepEqual(hello.resumeKey, keyOf(2));
    });
  }

  for (const { acked, lastReceived, replayed } of [
    { acked: undefined, lastReceived: undefined, replayed: 5 },
    { acked: undefined, lastReceived: 0, replayed: 4 },
    { acked: undefined, lastReceived: 4, replayed: 0 },
    { acked: 1, lastReceived: 1, replayed: 3 },
    { acked: 1, lastReceived: 4, replayed: 0 },
    { acked: 4, lastReceived: 4, replayed: 0 },
  ]) {
    test(`${lastReceived} after an ack of ${acked} is taken: ${replayed} items come again`, async () => {
      const { accepting, owner } = await sent(acked);
      const { far } = await accepting.resume(keyOf(1), lastReceived);
      await settled();
      assert.deepEqual(owner.conduit.state, { kind: "resumed", replayed });
      assert.equal(far.waiting, replayed);
      for (let seq = 5 - replayed; seq < 5; seq++)
        assert.match(shown(await far.expect()), new RegExp(`^${seq} 0 `));
      await expectAlive(far, owner);
    });
  }

  test("of a session that has sent nothing must be nothing", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born();
    for (const lastReceived of [0, 1, 2 ** 31, 0xffff_ffff])
      await accepting.refused({ resumeKey: keyOf(1), lastReceived });
    const { far } = await accepting.resume(keyOf(1));
    await expectAlive(far, owner);
  });

  // r[verify stable.x.ack-sane]
  test("an ack for what waits behind a full link is one for what was never sent", async () => {
    const accepting = new Accepting();
    const { far, tx, conduit, seen } = await accepting.born();
    far.link.rx.pause();
    for (;;) {
      const permit = tx.tryReserve();
      if (permit === undefined) break;
      permit.send("x".repeat(10_000));
    }
    far.die();
    await settled();
    // Without a link there is room in the buffer again: more than the next one takes at once.
    for (let more = 0; more < 50; more++) tx.tryReserve()?.send("x".repeat(10_000));
    const { sent } = conduit.replay;
    const { far: second } = await accepting.knock({ resumeKey: keyOf(1) });
    second.link.rx.pause();
    await settled();
    await second.send(frame(1, sent, "I have it all"));
    await settled();
    assert.deepEqual(conduit.state, {
      kind: "detached",
      reason: "an ack for what was never sent",
      attempt: 0,
      nextDelayMs: undefined,
    });
    const { far: third } = await accepting.resume(keyOf(1));
    await settled();
    await third.send(frame(1, sent, "I really do"));
    await settled();
    // By now it was written: nobody can tell that it was not read.
    assert.equal(seen.got.at(-1), "I really do");
    conduit.destroy();
  });
});

// r[verify stable.x.fence]
suite("the link before", () => {
  test("is closed, and nothing of it is taken or written to it any more, open as it may be", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born(halfOpen);
    const { far: old, tx, seen } = owner;
    const { far, hello } = await accepting.resume(keyOf(1));
    assert.equal(hello.lastReceived, 0);
    await old.send(frame(1, undefined, "too late"));
    await old.send(Uint8Array.of(0xff));
    await settled();
    tx.tryReserve()?.send("a");
    await expectFrames(far, "0 0 a");
    await expectNothing(old);
    await old.end();
    await far.send(frame(1, 0, "in time"));
    await settled();
    assert.deepEqual(seen, { got: ["hi", "in time"], end: undefined });
    assert.deepEqual(owner.conduit.state, { kind: "resumed", replayed: 0 });
  });

  test("is closed without waiting for its peer", async () => {
    const accepting = new Accepting();
    const { far: old } = await accepting.born();
    old.link.rx.pause();
    const { far } = await accepting.resume(keyOf(1));
    old.link.rx.resume();
    await old.untilEnd();
    await expectNothing(far);
  });

  test("has brought what it brought: items that nobody took yet count and are delivered", async () => {
    const accepting = new Accepting();
    const { far, rx } = await accepting.open();
    for (const seq of [0, 1, 2]) await far.send(frame(seq, undefined, `${seq}`));
    await settled();
    const { hello } = await accepting.resume(keyOf(1));
    assert.equal(hello.lastReceived, 2);
    const { got } = collect(rx);
    assert.deepEqual(got, ["0", "1", "2"]);
  });

  test("of a refused client stays", async () => {
    const accepting = new Accepting();
    const owner = await accepting.born();
    await accepting.refused({ resumeKey: keyOf(1), lastReceived: 7 });
    await expectAlive(owner.far, owner);
  });
});

// r[verify stable.x.retention]
suite("a client that does not come back", () => {
  async function left(accepting: Accepting) {
    const owner = await accepting.open();
    await owner.far.send(frame(0, undefined, "hi"));
    await settled();
    assert.equal((await owner.rx.recv())?.value, "hi");
    while (owner.tx.tryReserve() !== undefined);
    const waiting = Promise.allSettled([owner.tx.reserve(), owner.rx.recv()]);
    owner.far.die();
    await settled();
    return { ...owner, waiting };
  }

  async function expectLost({ conduit, waiting }: Awaited<ReturnType<typeof left>>, reason: string) {
    for (const outcome of await waiting) {
      assert.equal(outcome.status, "rejected");
      assert.match(String(outcome.reason), new RegExp(`session-lost.*${reason}`));
    }
    assert.deepEqual(conduit.state, { kind: "lost", reason });
  }

  test("is forgotten after the retention time: those who wait are told, and its keys end", async () => {
    const accepting = new Accepting({ retention: { retentionMs: 30_000 } });
    const session = await left(accepting);
    await accepting.clock.pass(29_999);
    assert.equal(session.conduit.state.kind, "detached");
    await accepting.clock.pass(1);
    await expectLost(session, "expired");
    await accepting.refused({ resumeKey: keyOf(1) });
    assert.deepEqual([accepting.sessions, accepting.detached, accepting.clock.pending], [0, 0, 0]);
  });

  test("gives way to those that left after it, and never one that is attached", async () => {
    const accepting = new Accepting({ retention: { maxDetached: 2 } });
    const attached = await accepting.born();
    const sessions = [await left(accepting), await left(accepting)];
    assert.equal(accepting.detached, 2);
    sessions.push(await left(accepting));
    await expectLost(sessions[0] as (typeof sessions)[0], "evicted");
    await accepting.refused({ resumeKey: keyOf(2) });
    await accepting.resume(keyOf(3));
    await expectAlive(attached.far, attached);
    assert.deepEqual([accepting.sessions, accepting.detached], [3, 1]);
  });

  test("gives way when what is kept for it and the others is too much", async () => {
    const accepting = new Accepting({ retention: { maxDetachedBytes: 2_000 } });
    const attached = await accepting.born();
    attached.tx.tryReserve()?.send("x".repeat(5_000));
    const [first, second] = [await accepting.born(), await accepting.born()];
    for (const { tx, far } of [first, second]) {
      tx.tryReserve()?.send("x".repeat(900));
      far.die();
    }
    await settled();
    assert.equal(accepting.detached, 2);
    second.tx.tryReserve()?.send("x".repeat(900));
    assert.deepEqual(first.conduit.state, { kind: "lost", reason: "evicted" });
    second.tx.tryReserve()?.send("x".repeat(900));
    assert.deepEqual(second.conduit.state, { kind: "lost", reason: "evicted" });
    assert.equal(accepting.inbound.stable.detached.bytes, 0);
    assert.equal(attached.conduit.state.kind, "connected");
  });
});

// r[verify stable.x.handshake-timeout]
suite("a new session", () => {
  test("without a first frame is dropped in time, attached or not", async () => {
    const accepting = new Accepting();
    const attached = await accepting.open();
    const detached = await accepting.open();
    detached.far.die();
    await accepting.clock.pass(9_999);
    assert.equal(accepting.sessions, 2);
    await accepting.clock.pass(1);
    await attached.far.untilEnd();
    for (const { rx } of [attached, detached])
      await assert.rejects(rx.recv(), { code: "handshake", reason: "no first frame within 10000 ms" });
    await accepting.refused({ resumeKey: keyOf(1) });
    await accepting.refused({ resumeKey: keyOf(2) });
    assert.deepEqual([accepting.sessions, accepting.clock.pending], [0, 0]);
  });

  test("may have its first frame on its second link", async () => {
    const accepting = new Accepting();
    const owner = await accepting.open();
    const seen = collect(owner.rx);
    owner.far.die();
    await accepting.clock.pass(5_000);
    const { far } = await accepting.resume(keyOf(1));
    await far.send(frame(0, undefined, "hi"));
    await accepting.clock.pass(60_000);
    await expectAlive(far, { ...owner, seen });
  });
});
