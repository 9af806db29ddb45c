import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Writer } from "roam-postcard";
import { BareConduit } from "../../../src/conduit/bare-conduit.ts";
import type { LinkApplicant } from "../../../src/conduit/stable/stable-acceptor.ts";
import { StableConduit } from "../../../src/conduit/stable/stable-conduit.ts";
import { RoamError } from "../../../src/errors.ts";
import { StreamLink } from "../../../src/link/stream-link.ts";
import { settled } from "../../../src/testing/index.ts";
import { Accepting, reasonOf } from "./accepting.ts";
import { collect, family, frame } from "./harness.ts";

const ROCH = [0x52, 0x4f, 0x43, 0x48];
const HELLO = Uint8Array.of(...ROCH, ...new Uint8Array(21));
const KIB = 1024;

/** The payload of a string, as a bare conduit sends it. */
function bare(text: string): Uint8Array {
  const writer = new Writer();
  family.encode(writer, text);
  return writer.finish();
}

/** A link over a byte stream in the test's hands. */
function streamed() {
  let isDestroyed = false;
  let onBytes: (chunk: Uint8Array) => void = () => {};
  const link = new StreamLink({
    write() {},
    end() {},
    pause() {},
    resume() {},
    start: (events) => {
      onBytes = (chunk) => events.onBytes(chunk);
    },
    destroy: () => {
      isDestroyed = true;
    },
  });
  return {
    link,
    isDestroyed: () => isDestroyed,
    read: (...bytes: readonly number[]) => onBytes(Uint8Array.from(bytes)),
  };
}

// r[verify stable.x.detect]
suite("the first payload", () => {
  test("of 25 bytes that starts with ROCH is a ClientHello", async () => {
    const { far, accepted } = new Accepting().arrive();
    await far.send(HELLO);
    assert.ok((await accepted) instanceof StableConduit);
    assert.equal((await far.expect()).length, 25);
  });

  for (const [name, text] of [
    ["short", "x"],
    ["empty", ""],
    ["as long as a hello", "x".repeat(24)],
  ] as const) {
    test(`of any other kind, ${name}, is the first item of a bare conduit, and is not lost`, async () => {
      const { far, accepted } = new Accepting().arrive();
      await far.send(bare(text));
      await far.send(bare("and more"));
      const conduit = await accepted;
      assert.ok(conduit instanceof BareConduit);
      const { rx, tx } = conduit.split();
      const { got } = collect(rx);
      await settled();
      assert.deepEqual(got, [text, "and more"]);
      tx.tryReserve()?.send("well met");
      await far.expectBytes(bare("well met"));
    });
  }

  test("with another magic of the same length is no hello, whichever byte differs", async () => {
    for (let at = 0; at < 4; at++) {
      const payload = HELLO.slice();
      payload[at] = 0x20;
      const { far, accepted } = new Accepting().arrive();
      await far.send(payload);
      assert.ok((await accepted) instanceof BareConduit);
    }
  });

  for (const length of [4, 5, 24, 26, 60_000]) {
    test(`that starts with ROCH and has ${length} bytes is a fault: the link is closed`, async () => {
      const accepting = new Accepting();
      const { far, accepted } = accepting.arrive();
      await far.send([...ROCH, ...new Uint8Array(length - 4)]);
      assert.equal(await reasonOf(accepted), `client hello of ${length} bytes at byte ${length}`);
      await far.expectEnd();
      assert.deepEqual([accepting.sessions, accepting.clock.pending], [0, 0]);
    });
  }

  test("of a kind that is not taken here ends the link without a word", async () => {
    for (const [conduit, payload, reason] of [
      ["stable", bare("hi"), "only stable conduits are taken here"],
      ["bare", HELLO, "only bare conduits are taken here"],
    ] as const) {
      const { far, accepted } = new Accepting({ conduit }).arrive();
      await far.send(payload);
      assert.equal(await reasonOf(accepted), reason);
      await far.expectEnd();
    }
    for (const [conduit, payload] of [
      ["bare", bare("hi")],
      ["stable", HELLO],
    ] as const) {
      const { far, accepted } = new Accepting({ conduit }).arrive();
      await far.send(payload);
      assert.ok(await accepted);
    }
  });
});

// r[verify stable.x.handshake-timeout]
suite("the wait for the first payload", () => {
  test("has an end: the link is closed", async () => {
    const accepting = new Accepting();
    const { far, accepted } = accepting.arrive();
    await accepting.clock.pass(9_999);
    await far.expectNothing();
    await accepting.clock.pass(1);
    await far.expectEnd();
    assert.equal(await reasonOf(accepted), "no handshake within 10000 ms");
    assert.equal(accepting.clock.pending, 0);
  });

  test("has the end that the limits say, and one of many touches no other link", async () => {
    const accepting = new Accepting({ limits: { handshakeTimeoutMs: 500 } });
    const owner = await accepting.born();
    const silent = Array.from({ length: 20 }, () => accepting.arrive());
    await accepting.clock.pass(500);
    for (const { far } of silent) await far.expectEnd();
    assert.deepEqual(owner.conduit.state, { kind: "connected", conduit: "stable" });
    assert.deepEqual([accepting.sessions, accepting.clock.pending], [1, 0]);
  });

  test("is no longer when the peer hangs up, and says why", async () => {
    const accepting = new Accepting();
    const [ended, died] = [accepting.arrive(), accepting.arrive()];
    await ended.far.end();
    assert.equal(await reasonOf(ended.accepted), "the peer hung up without a word");
    died.far.die();
    await assert.rejects(died.accepted, { code: "io" });
    assert.equal(accepting.clock.pending, 0);
  });

  test("is given up with the signal, before it began or while it lasts", async () => {
    const accepting = new Accepting();
    const abort = new AbortController();
    const during = accepting.arrive(undefined, abort.signal);
    const reason = new RoamError("closed", "the server is closing");
    abort.abort(reason);
    const after = accepting.arrive(undefined, abort.signal);
    for (const { far, accepted } of [during, after]) {
      await assert.rejects(accepted, reason);
      await far.expectEnd();
    }
    assert.equal(accepting.clock.pending, 0);
  });

  test("takes 64 KiB at most, and what follows the handshake may be larger", async () => {
    const accepting = new Accepting();
    const large = accepting.arrive();
    await large.far.send(new Uint8Array(64 * KIB).fill(0x20));
    assert.ok((await large.accepted) instanceof BareConduit);
    const larger = accepting.arrive();
    await larger.far.send(new Uint8Array(64 * KIB + 1).fill(0x20));
    await larger.far.expectEnd();
    await assert.rejects(larger.accepted, { code: "too-large" });
    const { far, rx } = await accepting.open();
    const { got } = collect(rx);
    await far.send(frame(0, undefined, "x".repeat(100 * KIB)));
    await settled();
    assert.equal(got[0]?.length, 100 * KIB);
  });

  test("judges a stream by the length prefix: four bytes are enough to be closed", async () => {
    const accepting = new Accepting();
    const patient = streamed();
    const accepted = assert.rejects(accepting.inbound.accept(patient.link), { code: "handshake" });
    patient.read(0, 0, 1);
    patient.read(0, ...new Uint8Array(10));
    assert.equal(patient.isDestroyed(), false, "64 KiB may come");
    await accepting.clock.pass(10_000);
    await accepted;
    const greedy = streamed();
    const refused = assert.rejects(accepting.inbound.accept(greedy.link), { code: "too-large" });
    greedy.read(1, 0, 1);
    assert.equal(greedy.isDestroyed(), false);
    greedy.read(0);
    assert.equal(greedy.isDestroyed(), true);
    await refused;
    assert.equal(accepting.clock.pending, 0);
  });
});

suite("authenticate of a bare conduit", () => {
  test("is told who is there, and refuses by throwing", async () => {
    const asked: LinkApplicant[] = [];
    const accepting = new Accepting({
      authenticate: (applicant) => {
        asked.push(applicant);
        if (asked.length > 1) throw new Error("enough");
      },
    });
    const [first, second] = [accepting.arrive(), accepting.arrive()];
    await first.far.send(bare("hi"));
    assert.ok((await first.accepted) instanceof BareConduit);
    await second.far.send(bare("hi"));
    assert.equal(await reasonOf(second.accepted), "the link was refused");
    await second.far.expectEnd();
    assert.deepEqual(
      asked.map(({ peer, resumes }) => ({ peer, resumes })),
      [
        { peer: "memory", resumes: undefined },
        { peer: "memory", resumes: undefined },
      ],
    );
  });

  // r[verify stable.x.handshake-timeout]
  test("is waited for no longer than a handshake may take", async () => {
    const accepting = new Accepting({ authenticate: () => new Promise(() => {}) });
    const { far, accepted } = accepting.arrive();
    await far.send(bare("hi"));
    await accepting.clock.pass(10_000);
    await far.expectEnd();
    assert.equal(await reasonOf(accepted), "the link was refused");
    assert.equal(accepting.clock.pending, 0);
  });
});
