import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { backoffDelayMs, DEFAULT_BACKOFF } from "../../../src/conduit/stable/backoff.ts";
import { decodeClientHello, encodeServerHello } from "../../../src/conduit/stable/hello.ts";
import { settled } from "../../../src/testing/index.ts";
import { collect, Dialled, dialled, expectFrames, expectNothing, frame } from "./harness.ts";

const NO_ROUTE = new Error("no route");

// r[verify stable.x.backoff]
suite("the delay before an attempt", () => {
  test("is nothing for the first, then anything up to a ceiling that doubles", () => {
    assert.equal(backoffDelayMs(0, DEFAULT_BACKOFF, 1), 0);
    for (const [attempt, ceilingMs] of [
      [1, 100],
      [2, 200],
      [5, 1600],
      [8, 10_000],
      [2000, 10_000],
    ] as const) {
      assert.equal(backoffDelayMs(attempt, DEFAULT_BACKOFF, 1), ceilingMs);
      assert.equal(backoffDelayMs(attempt, DEFAULT_BACKOFF, 0), 0);
    }
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delayMs = backoffDelayMs(attempt, DEFAULT_BACKOFF, random);
        assert.ok(delayMs >= 0 && delayMs <= DEFAULT_BACKOFF.capMs);
      }),
    );
  });
});

suite("a link that is lost", () => {
  // r[verify stable.link-source]
  // r[verify stable.handshake]
  // r[verify stable.resume-key]
  test("is replaced by the source's next one, with the key of the last handshake", async () => {
    const { far, peer, conduit, rx } = await dialled();
    collect(rx);
    far.die();
    const { far: second, hello } = await peer.accept(undefined, 2);
    assert.deepEqual(hello, { resumeKey: new Uint8Array(16).fill(1), lastReceived: undefined });
    await second.send(frame(0, undefined, "x"));
    await settled();
    // An end in order is a failure all the same.
    await second.end();
    const { hello: third } = await peer.accept(undefined, 3);
    assert.deepEqual(third, { resumeKey: new Uint8Array(16).fill(2), lastReceived: 0 });
    await settled();
    assert.equal(peer.kinds, "connecting connected detached resumed detached resumed");
    conduit.destroy();
  });

  // r[verify stable.x.backoff]
  test("is looked for at once, then with growing delays, and each attempt is told", async () => {
    const { far, peer, clock, conduit } = await dialled();
    peer.outage = NO_ROUTE;
    far.die();
    await settled();
    assert.equal(peer.dials, 2, "the first attempt waits for nothing");
    await clock.pass(50 + 100 + 200);
    const detached = peer.states.filter(({ kind }) => kind === "detached");
    assert.deepEqual(
      detached.map((state) => state.kind === "detached" && [state.attempt, state.nextDelayMs]),
      [
        [0, 0],
        [1, 50],
        [2, 100],
        [3, 200],
        [4, 400],
      ],
    );
    peer.outage = undefined;
    await clock.pass(400);
    await peer.accept();
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "resumed");
    conduit.destroy();
    assert.equal(clock.pending, 0);
  });

  // r[verify stable.x.backoff]
  test("is given up after the total time", async () => {
    const { far, peer, clock, rx, tx } = await dialled({ reconnect: { totalMs: 5_000 } });
    const seen = collect(rx);
    const waiting = Array.from({ length: 64 }, () => tx.tryReserve());
    const reserving = assert.rejects(tx.reserve(), { code: "session-lost" });
    peer.outage = NO_ROUTE;
    far.die();
    await clock.pass(5_000);
    await reserving;
    assert.equal(waiting.length, 64);
    assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "timeout" });
    assert.match(String(seen.end?.cause), /session-lost.*timeout/);
    assert.equal(clock.pending, 0);
  });

  // r[verify stable.x.backoff]
  test("a link that only shakes hands is no success: the delays go on growing", async () => {
    const { far, peer, clock, conduit } = await dialled();
    far.die();
    for (const delayMs of [0, 50, 100, 200]) {
      await settled();
      assert.equal(peer.states.at(-1)?.kind, "detached");
      await clock.pass(delayMs);
      const { far: next } = await peer.accept();
      await settled();
      next.die();
    }
    await settled();
    const last = peer.states.at(-1);
    assert.equal(last?.kind === "detached" && last.nextDelayMs, 400);
    conduit.destroy();
  });

  // r[verify stable.x.backoff]
  test("progress that only the next hello tells of is progress", async () => {
    const { far, tx, peer, conduit } = await dialled();
    let link = far;
    for (let seq = 0; seq < 5; seq++) {
      tx.tryReserve()?.send("a");
      await settled();
      // It had read the item, and dies before it says so.
      link.die();
      ({ far: link } = await peer.accept(seq));
      await settled();
    }
    const delays = peer.states.flatMap((state) => (state.kind === "detached" ? [state.nextDelayMs] : []));
    assert.deepEqual(delays, [0, 0, 0, 0, 0]);
    conduit.destroy();
  });

  // r[verify stable.x.backoff]
  test("a wake-up ends the delay", async () => {
    const { far, peer, clock, conduit } = await dialled();
    peer.outage = NO_ROUTE;
    far.die();
    await clock.pass(20_000);
    peer.outage = undefined;
    const { dials } = peer;
    peer.wakeUp?.();
    await peer.accept();
    await settled();
    assert.equal(peer.dials, dials + 1);
    assert.equal(peer.states.at(-1)?.kind, "resumed");
    assert.equal(peer.wakeUp, undefined, "nobody listens any more");
    conduit.destroy();
  });

  // r[verify stable.x.backoff]
  for (const { name, until } of [
    { name: "during a delay", until: async (_peer: Dialled) => {} },
    {
      name: "during a handshake",
      until: async (peer: Dialled) => {
        peer.outage = undefined;
        await peer.clock.pass(50);
        await peer.link();
      },
    },
  ]) {
    test(`looking for one is ended by destroy ${name}, and leaves nothing`, async () => {
      const { far, peer, clock, conduit } = await dialled();
      peer.outage = NO_ROUTE;
      far.die();
      await settled();
      await until(peer);
      conduit.destroy();
      await settled();
      assert.equal(peer.states.at(-1)?.kind, "closed");
      assert.equal(clock.pending, 0);
      assert.equal(peer.wakeUp, undefined);
    });
  }

  // r[verify stable.reconnect.failure]
  test("a refused resume is final", async () => {
    const { far, peer, rx, clock } = await dialled();
    const seen = collect(rx);
    far.die();
    const second = await peer.link();
    await second.expect();
    await second.send(
      encodeServerHello({ isRejected: true, resumeKey: new Uint8Array(16), lastReceived: undefined }),
    );
    await settled();
    await clock.pass(60_000);
    assert.equal(peer.dials, 2);
    assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "rejected" });
    assert.match(String(seen.end?.cause), /session-lost.*rejected/);
  });
});

// A hello that was given up and came late made the server forget the newest key.
test("a refused newest key is followed by the older one, once", async () => {
  const { far, peer, clock, conduit, tx } = await dialled();
  const refusal = { isRejected: true, resumeKey: new Uint8Array(16), lastReceived: undefined };
  tx.tryReserve()?.send("a");
  await settled();
  far.die();
  const { far: second } = await peer.accept(0, 2);
  await settled();
  second.die();
  const third = await peer.link();
  assert.deepEqual(decodeClientHello(await third.expect()).resumeKey, new Uint8Array(16).fill(2));
  await third.send(encodeServerHello(refusal));
  await settled();
  await clock.pass(50);
  const fourth = await peer.link();
  assert.deepEqual(decodeClientHello(await fourth.expect()).resumeKey, new Uint8Array(16).fill(1));
  await fourth.send(encodeServerHello(refusal));
  await settled();
  assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "rejected" });
  assert.equal(conduit.hasEnded, true);
  assert.equal(clock.pending, 0);
});

// r[verify stable.x.handshake-timeout]
suite("a handshake", () => {
  test("that the server does not answer fails the first connection in time", async () => {
    const peer = new Dialled();
    const far = await peer.link();
    await peer.clock.pass(10_000);
    await assert.rejects(peer.connecting, { code: "handshake", reason: "no ServerHello within 10000 ms" });
    await far.untilEnd();
    assert.equal(peer.clock.pending, 0);
  });

  test("that the server does not answer is tried again on a session that exists", async () => {
    const { far, peer, clock, conduit } = await dialled();
    far.die();
    const silent = await peer.link();
    await clock.pass(10_000);
    await silent.untilEnd();
    await clock.pass(50);
    await peer.accept();
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "resumed");
    conduit.destroy();
  });

  test("a dial that never ends is not waited for either", async () => {
    const peer = new Dialled();
    (await peer.link()).die();
    await assert.rejects(peer.connecting);
    const { connectStable } = await import("../../../src/conduit/stable/stable-initiator.ts");
    const { family } = await import("./harness.ts");
    const connecting = connectStable({ next: () => new Promise(() => {}) }, { family, clock: peer.clock });
    const rejected = assert.rejects(connecting, { code: "handshake" });
    await peer.clock.pass(10_000);
    await rejected;
    assert.equal(peer.clock.pending, 0);
  });

  for (const { name, answer } of [
    { name: "of another length", answer: new Uint8Array(24) },
    { name: "with another magic", answer: new Uint8Array(25) },
    { name: "that is larger", answer: new Uint8Array(26) },
  ]) {
    test(`with an answer ${name} fails`, async () => {
      const peer = new Dialled();
      const far = await peer.link();
      await far.send(answer);
      await assert.rejects(peer.connecting, { code: "handshake" });
      await far.untilEnd();
      assert.equal(peer.clock.pending, 0);
    });
  }

  test("of a first connection is ended by its signal", async () => {
    const abort = new AbortController();
    const peer = new Dialled({ signal: abort.signal });
    const far = await peer.link();
    const reason = new Error("never mind");
    abort.abort(reason);
    await assert.rejects(peer.connecting, reason);
    await far.untilEnd();
    assert.equal(peer.clock.pending, 0);
  });

  test("frames may follow the ServerHello in the same turn", async () => {
    const peer = new Dialled();
    const far = await peer.link();
    const hello = { isRejected: false, resumeKey: new Uint8Array(16).fill(1), lastReceived: undefined };
    await Promise.all([far.send(encodeServerHello(hello)), far.send(frame(0, undefined, "x"))]);
    const conduit = await peer.connecting;
    const { got } = collect(conduit.split().rx);
    await settled();
    assert.deepEqual(got, ["x"]);
    conduit.destroy();
  });
});

// r[verify stable.x.close]
suite("close", () => {
  test("sends the close frame behind all items, and ends when the peer has closed too", async () => {
    const { far, tx, rx, peer } = await dialled();
    const seen = collect(rx);
    tx.tryReserve()?.send("a");
    await far.send(frame(0, undefined, "x"));
    await settled();
    await tx.close();
    await expectFrames(far, "0 - a", "0 0 *close");
    await far.send(frame(1, 0, "y"));
    await far.send(frame(1, 0, "*close"));
    await settled();
    assert.deepEqual(seen, { got: ["x", "y"], end: { cause: undefined } });
    await far.end();
    await settled();
    assert.equal(peer.kinds, "connecting connected closed");
    assert.equal(peer.clock.pending, 0);
    assert.equal(peer.dials, 1);
  });

  test("the peer's close gives null and no reconnect; ours is still to be said", async () => {
    const { far, tx, rx, peer } = await dialled();
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(0, undefined, "*close"));
    assert.equal((await rx.recv())?.value, "x");
    for (let time = 0; time < 3; time++) assert.equal(await rx.recv(), null);
    tx.tryReserve()?.send("a");
    // The peer keeps its direction open for one that is known to send acks.
    await expectFrames(far, "0 0 a", "0 0 *ack");
    await tx.close();
    await expectFrames(far, "0 0 *close");
    await far.send(frame(0, 0, "*ack"));
    await far.end();
    await settled();
    assert.equal(peer.kinds, "connecting connected closed");
    assert.equal(peer.clock.pending, 0);
  });

  test("both have closed, but our last items have no ack: the link's end is not the end", async () => {
    const { far, tx, rx, peer } = await dialled();
    collect(rx);
    await far.send(frame(0, undefined, "x"));
    await settled();
    tx.tryReserve()?.send("a");
    await tx.close();
    await far.send(frame(0, undefined, "*close"));
    await far.end();
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "detached");
    const { far: second } = await peer.accept(0);
    await expectFrames(second, "0 0 *close");
    await second.send(frame(0, 0, "*close"));
    await second.end();
    await settled();
    assert.equal(peer.kinds, "connecting connected detached resumed closed");
    assert.equal(peer.clock.pending, 0);
  });

  test("a peer that says nothing to it sees our direction of the link end, as published ones need", async () => {
    const { far, tx, clock, conduit } = await dialled();
    tx.tryReserve()?.send("a");
    await tx.close();
    await expectFrames(far, "0 - a", "0 - *close");
    await clock.pass(249);
    await expectNothing(far);
    await clock.pass(1);
    await far.expectEnd();
    conduit.destroy();
  });

  test("is said again on the next link, behind the replay, until the peer has closed too", async () => {
    const { far, tx, rx, peer } = await dialled();
    collect(rx);
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(0, undefined, "*ack"));
    await settled();
    for (const text of ["a", "b"]) tx.tryReserve()?.send(text);
    await tx.close();
    await expectFrames(far, "0 0 a", "1 0 b", "1 0 *close");
    far.die();
    const { far: second } = await peer.accept(0);
    await expectFrames(second, "1 0 b", "1 0 *close");
    await second.send(frame(0, 1, "*close"));
    await second.untilEnd();
    assert.equal(peer.states.at(-1)?.kind, "closed");
  });

  test("while detached waits for the next link", async () => {
    const { far, tx, peer, clock } = await dialled();
    tx.tryReserve()?.send("a");
    peer.outage = NO_ROUTE;
    far.die();
    await settled();
    let isClosed = false;
    const closed = tx.close().then(() => {
      isClosed = true;
    });
    await settled();
    assert.equal(isClosed, false);
    peer.outage = undefined;
    await clock.pass(50);
    const { far: second } = await peer.accept();
    await expectFrames(second, "0 - a", "0 - *close");
    await closed;
    await second.end();
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "closed");
  });

  test("a published peer, which knows no close frame, hangs up after our last word", async () => {
    const { far, tx, rx, peer } = await dialled();
    const seen = collect(rx);
    tx.tryReserve()?.send("a");
    await tx.close();
    await expectFrames(far, "0 - a", "0 - *close");
    await far.end();
    await settled();
    assert.deepEqual(seen.end, { cause: undefined });
    assert.equal(peer.kinds, "connecting connected closed");
    assert.equal(peer.dials, 1);
  });

  test("a peer that has forgotten a session whose close it has heard loses nothing", async () => {
    const { far, tx, rx, peer } = await dialled();
    const seen = collect(rx);
    tx.tryReserve()?.send("a");
    await tx.close();
    far.die();
    const second = await peer.link();
    await second.expect();
    await second.send(
      encodeServerHello({ isRejected: true, resumeKey: new Uint8Array(16), lastReceived: undefined }),
    );
    await settled();
    assert.deepEqual(seen.end, { cause: undefined });
    assert.equal(peer.states.at(-1)?.kind, "closed");
  });

  test("with nothing ever sent just ends the link", async () => {
    const { far, tx, peer } = await dialled();
    await tx.close();
    await far.expectEnd();
    await far.end();
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "closed");
  });

  test("towards a peer that follows these rules, acks go on for what it still sends", async () => {
    const { far, tx, rx, conduit } = await dialled({ limits: { ackAfterItems: 2 } });
    collect(rx);
    tx.tryReserve()?.send("a");
    await far.send(frame(0, 0, "x"));
    await far.send(frame(0, 0, "*ack"));
    await settled();
    await tx.close();
    await expectFrames(far, "0 - a", "0 0 *close");
    await far.send(frame(1, 0, "y"));
    await expectFrames(far, "0 1 *ack");
    await far.send(frame(2, 0, "z"));
    await far.send(frame(3, 0, "z"));
    await expectFrames(far, "0 3 *ack");
    conduit.destroy();
  });

  test("voids permits in hand and turns those away who wait", async () => {
    const { tx, conduit, far } = await dialled({ limits: { maxPermits: 1 } });
    const permit = tx.tryReserve();
    const waiting = assert.rejects(tx.reserve(), { code: "closed" });
    void tx.close();
    await waiting;
    assert.throws(() => permit?.send("a"), { code: "closed" });
    await far.expectEnd();
    conduit.destroy();
  });
});
