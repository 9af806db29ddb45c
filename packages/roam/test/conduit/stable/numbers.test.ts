import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DEFAULT_LIMITS } from "roam";
import { ReplayBuffer } from "../../../src/conduit/stable/replay-buffer.ts";
import { seqAfter, seqDistance, seqNext } from "../../../src/conduit/stable/serial.ts";
import { StableCore } from "../../../src/conduit/stable/stable-core.ts";
import { settled } from "../../../src/testing/index.ts";
import { collect, dialled, expectFrames, frame, UNENCODABLE } from "./harness.ts";

const LAST = 0xffff_ffff;
const clock = { nowMs: () => 0 };

function item(byte: number) {
  return { bytes: Uint8Array.of(byte), start: 0, end: 1 };
}

const FILLERS = { ack: Uint8Array.of(200), close: Uint8Array.of(201) };

/** A core that has sent and received so much. */
function core(past: { sent?: number; received?: number } = {}): StableCore {
  const made = new StableCore(DEFAULT_LIMITS, FILLERS, past);
  made.attach(past.sent);
  return made;
}

// r[verify stable.x.wrap]
suite("serial numbers", () => {
  for (const [a, b, isAfter] of [
    [1, 0, true],
    [0, 1, false],
    [5, 5, false],
    [0, LAST, true],
    [LAST, 0, false],
    [2 ** 31 - 1, 0, true],
    [0, 2 ** 31 - 1, false],
    [3, 0xffff_fff0, true],
  ] as const) {
    test(`${a} is ${isAfter ? "" : "not "}after ${b}`, () => assert.equal(seqAfter(a, b), isAfter));
  }

  test("the next and the distance go round", () => {
    assert.equal(seqNext(LAST), 0);
    assert.equal(seqDistance(2, LAST), 3);
  });

  // r[verify stable.ack.trim]
  test("a replay buffer trims across the wrap", () => {
    const buffer = new ReplayBuffer();
    for (const [index, seq] of [LAST - 1, LAST, 0, 1].entries()) buffer.push(seq, item(index));
    assert.equal(buffer.get(0)?.bytes[0], 2);
    buffer.trim(LAST);
    assert.deepEqual([buffer.frames, buffer.bytes, buffer.get(LAST)], [2, 2, undefined]);
    buffer.trim(LAST);
    assert.equal(buffer.frames, 2);
    buffer.trim(1);
    assert.equal(buffer.frames, 0);
  });
});

suite("numbers of a stable conduit", () => {
  // r[verify stable.seq]
  // r[verify stable.ack]
  // r[verify stable.framing]
  // r[verify zerocopy.framing.conduit.stable]
  test("each direction counts from 0, and acks ride on every frame once something came", async () => {
    const { far, tx, rx } = await dialled();
    const { got } = collect(rx);
    tx.tryReserve()?.send("a");
    tx.tryReserve()?.send("b");
    await expectFrames(far, "0 - a", "1 - b");
    await far.send(frame(0, 1, "x"));
    await settled();
    tx.tryReserve()?.send("c");
    tx.tryReserve()?.send("d");
    await expectFrames(far, "2 0 c", "3 0 d");
    assert.deepEqual(got, ["x"]);
  });

  // r[verify stable.seq]
  // r[verify stable.x.permit]
  test("a failed encode and a too large item use up no number", async () => {
    const { far, tx, conduit } = await dialled();
    tx.maxPayloadBytes = 100;
    tx.tryReserve()?.send("a");
    assert.throws(() => tx.tryReserve()?.send(UNENCODABLE), { code: "encode" });
    assert.throws(() => tx.tryReserve()?.send("x".repeat(100)), { code: "too-large" });
    tx.tryReserve()?.send("b");
    await expectFrames(far, "0 - a", "1 - b");
    assert.deepEqual(conduit.replay, { sent: 1, acked: undefined, received: undefined, frames: 2, bytes: 4 });
  });

  // r[verify stable.seq.monotonic]
  // r[verify stable.ack.trim]
  test("a duplicate is ignored, its ack is not", async () => {
    const { far, tx, rx, conduit } = await dialled();
    const { got } = collect(rx);
    for (const text of ["a", "b", "c"]) tx.tryReserve()?.send(text);
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(1, 0, "y"));
    await far.send(frame(0, 1, "again"));
    await settled();
    assert.deepEqual(got, ["x", "y"]);
    assert.deepEqual([conduit.replay.acked, conduit.replay.frames], [1, 1]);
    // An ack at or before the last one applied says nothing.
    await far.send(frame(1, 0, "again"));
    await settled();
    assert.deepEqual([conduit.replay.acked, conduit.replay.frames], [1, 1]);
  });

  // r[verify stable.replay-buffer]
  // r[verify stable.replay-buffer.order]
  // r[verify stable.x.fresh-ack-header]
  // r[verify stable.reconnect]
  // r[verify stable.reconnect.client-replay]
  test("after a new link the replay goes first, with the acks of that moment", async () => {
    const { far, tx, rx, peer } = await dialled();
    const { got } = collect(rx);
    for (const text of ["a", "b", "c"]) tx.tryReserve()?.send(text);
    await expectFrames(far, "0 - a", "1 - b", "2 - c");
    await far.send(frame(0, undefined, "x"));
    await settled();
    far.die();
    await settled();
    tx.tryReserve()?.send("d");
    const { far: second, hello } = await peer.accept(0);
    assert.deepEqual(hello, { resumeKey: new Uint8Array(16).fill(1), lastReceived: 0 });
    await expectFrames(second, "1 0 b", "2 0 c", "3 0 d");
    await second.send(frame(1, 3, "y"));
    await settled();
    tx.tryReserve()?.send("e");
    await expectFrames(second, "4 1 e");
    assert.deepEqual(got, ["x", "y"]);
    assert.equal(peer.kinds, "connecting connected detached resumed");
    assert.deepEqual(peer.states.at(-1), { kind: "resumed", replayed: 3 });
  });

  // r[verify stable.x.permit]
  test("a permit survives its link, on the next one and between the two", async () => {
    const { far, tx, rx, peer } = await dialled();
    collect(rx);
    const [onNext, between] = [tx.tryReserve(), tx.tryReserve()];
    far.die();
    await settled();
    between?.send("between");
    const { far: second } = await peer.accept();
    await settled();
    onNext?.send("on the next");
    await expectFrames(second, "0 - between", "1 - on the next");
    assert.throws(() => onNext?.send("twice"), TypeError);
  });

  // r[verify stable.x.permit]
  test("a permit is void when the session is lost", async () => {
    const { far, tx, peer } = await dialled({ reconnect: { totalMs: 0 } });
    const permit = tx.tryReserve();
    peer.outage = new Error("no route");
    far.die();
    await settled();
    assert.throws(() => permit?.send("a"), { code: "session-lost" });
    await assert.rejects(tx.reserve(), { code: "session-lost" });
    assert.equal(tx.tryReserve(), undefined);
    assert.equal(peer.clock.pending, 0);
  });
});

suite("faults of the peer", () => {
  // r[verify stable.x.ack-sane]
  test("an ack for what was never sent drops the link, and on the next one the session", async () => {
    const { far, tx, rx, peer } = await dialled();
    const { got } = collect(rx);
    tx.tryReserve()?.send("a");
    await far.send(frame(0, 1, "x"));
    await far.untilEnd();
    const { far: second, hello } = await peer.accept(0);
    assert.equal(hello.lastReceived, undefined, "the frame with the ack does not count");
    await second.send(frame(0, 7, "x"));
    await second.untilEnd();
    await settled();
    assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "ack" });
    assert.deepEqual(got, []);
    assert.equal(peer.clock.pending, 0);
  });

  // r[verify stable.x.ack-sane]
  test("a link with sane acks in between is a new chance", () => {
    const made = core();
    made.tryTakePermit();
    made.enqueue(item(1));
    const insane = { seq: 0, ack: 1, item: item(9) };
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(made.onFrame(insane, clock), { kind: "fault", reason: "ack" });
      made.attach(0);
      made.attach(0);
    }
  });

  // r[verify stable.x.gap]
  test("a gap is not delivered: the replay on the next link fills it", async () => {
    const { far, rx, peer } = await dialled();
    const { got } = collect(rx);
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(2, undefined, "z"));
    await far.untilEnd();
    const { far: second, hello } = await peer.accept();
    assert.equal(hello.lastReceived, 0);
    await second.send(frame(1, undefined, "y"));
    await second.send(frame(2, undefined, "z"));
    await settled();
    assert.deepEqual(got, ["x", "y", "z"]);
  });

  // r[verify stable.x.gap]
  test("the same gap on the next link cannot be filled: the session is lost", async () => {
    const { far, rx, peer } = await dialled();
    const seen = collect(rx);
    await far.send(frame(1, undefined, "y"));
    await far.untilEnd();
    const { far: second } = await peer.accept();
    await second.send(frame(1, undefined, "y"));
    await second.untilEnd();
    await settled();
    assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "gap" });
    assert.match(String(seen.end?.cause), /session-lost.*gap/);
    assert.equal(peer.dials, 2);
  });

  // r[verify stable.x.malformed]
  for (const { name, bytes } of [
    { name: "a header cut short", bytes: [0x80] },
    { name: "an item that is none", bytes: [0, 0, 5, 0x61] },
  ]) {
    test(`${name} ends the receiving half, and the sending one has a last word`, async () => {
      const { far, tx, rx, conduit } = await dialled();
      const seen = collect(rx);
      await far.send(bytes);
      await settled();
      assert.match(String(seen.end?.cause), /decode/);
      tx.tryReserve()?.send("you are wrong");
      assert.match(await shownNext(far), /you are wrong/);
      conduit.destroy();
    });
  }

  // r[verify stable.x.malformed]
  test("the item of a duplicate is not decoded", async () => {
    const { far, rx } = await dialled();
    const seen = collect(rx);
    await far.send(frame(0, undefined, "x"));
    await far.send(frame(1, undefined, "y"));
    await far.send([0, 0, 5, 0x61]);
    await settled();
    assert.deepEqual(seen, { got: ["x", "y"], end: undefined });
  });

  // r[verify stable.x.resume-consistency]
  for (const { name, lastReceived } of [
    { name: "more than was sent", lastReceived: 3 },
    { name: "less than was acknowledged", lastReceived: 0 },
    { name: "nothing, after an ack", lastReceived: undefined },
  ]) {
    test(`a server that says to have received ${name} is not the one that held the session`, async () => {
      const { far, tx, rx, peer } = await dialled();
      collect(rx);
      for (const text of ["a", "b", "c"]) tx.tryReserve()?.send(text);
      await far.send(frame(0, 1, "x"));
      await settled();
      far.die();
      await peer.accept(lastReceived);
      await settled();
      assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "peer-state" });
    });
  }

  // r[verify stable.x.resume-consistency]
  test("a restarted server that begins anew is known by its frames", async () => {
    const { far, rx, peer } = await dialled();
    const seen = collect(rx);
    for (let seq = 0; seq < 20; seq++) await far.send(frame(seq, undefined, `${seq}`));
    await settled();
    far.die();
    const { far: second } = await peer.accept();
    // Frame 19 itself is what it announced: a filler repeats it.
    for (let seq = 0; seq < 7; seq++) await second.send(frame(seq, undefined, "new"));
    await second.send(frame(19, undefined, "new"));
    await settled();
    assert.equal(peer.states.at(-1)?.kind, "resumed");
    await second.send(frame(7, undefined, "new"));
    await settled();
    assert.deepEqual(peer.states.at(-1), { kind: "lost", reason: "peer-state" });
    assert.equal(seen.got.length, 20);
  });

  test("frames from before the hello are no sign where acks have proved the peer", () => {
    const made = core();
    made.tryTakePermit();
    made.enqueue(item(1));
    made.takeFrame();
    for (let seq = 0; seq < 20; seq++) made.onFrame({ seq, ack: 0, item: item(9) }, clock);
    made.attach(0);
    for (let seq = 0; seq < 19; seq++) {
      assert.deepEqual(made.onFrame({ seq, ack: 0, item: item(9) }, clock), { kind: "ignore" });
    }
  });
});

// r[verify stable.x.wrap]
suite("at the end of the numbers", () => {
  const full = { sent: LAST, received: LAST };

  test("frames go on from 0 on both sides, and the replay too", () => {
    const made = core({ sent: LAST - 1, received: LAST - 1 });
    // An ack frame of the peer's: it follows these rules.
    made.onFrame({ seq: LAST - 1, ack: LAST - 1, item: { bytes: FILLERS.ack, start: 0, end: 1 } }, clock);
    for (let byte = 0; byte < 4; byte++) {
      assert.ok(!made.isExhausted);
      made.tryTakePermit();
      made.enqueue(item(byte));
    }
    const numbers = () => {
      const written: number[] = [];
      while (made.hasFrame()) written.push(made.takeFrame().seq);
      return written;
    };
    assert.deepEqual(numbers(), [LAST, 0, 1, 2]);
    for (const seq of [LAST, 0, 1]) {
      assert.deepEqual(made.onFrame({ seq, ack: LAST, item: item(9) }, clock), { kind: "deliver" });
    }
    assert.deepEqual(made.onFrame({ seq: LAST, ack: 0, item: item(9) }, clock), { kind: "ignore" });
    assert.equal(made.lastReceived, 1);
    assert.ok(made.isConsistent(0));
    assert.ok(!made.isConsistent(LAST) && !made.isConsistent(3));
    made.attach(1);
    assert.deepEqual(numbers(), [2]);
  });

  test("a peer that has shown no ack frame gets no number 0", async () => {
    const made = core(full);
    assert.ok(made.isExhausted);
    made.onFrame({ seq: LAST, ack: undefined, item: { bytes: FILLERS.ack, start: 0, end: 1 } }, clock);
    assert.ok(!made.isExhausted);
  });

  test("the last 2^20 items are announced", () => {
    const made = core({ sent: LAST - 2 ** 20 - 1 });
    assert.equal(made.exhaustionNotice, undefined);
    for (const notice of [2 ** 20, undefined]) {
      made.tryTakePermit();
      made.enqueue(item(1));
      assert.equal(made.exhaustionNotice, notice);
    }
  });
});

async function shownNext(far: { expect(): Promise<Uint8Array> }): Promise<string> {
  return new TextDecoder().decode(await far.expect());
}
