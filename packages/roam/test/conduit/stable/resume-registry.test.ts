import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Resumable,
  ResumeRegistry,
  type Retention,
} from "../../../src/conduit/stable/resume-registry.ts";
import { VirtualClock } from "../../../src/testing/index.ts";

/** A session as the registry sees it. */
class Kept implements Resumable {
  readonly name: string;
  readonly #registry: ResumeRegistry<Kept>;
  replayBytes: number;
  lost: "expired" | "evicted" | undefined;

  constructor(registry: ResumeRegistry<Kept>, name: string, replayBytes: number) {
    this.#registry = registry;
    this.name = name;
    this.replayBytes = replayBytes;
  }

  lose(reason: "expired" | "evicted"): void {
    this.lost = reason;
    this.#registry.remove(this);
  }
}

function made(retention: Partial<Retention> = {}) {
  const clock = new VirtualClock();
  const registry = new ResumeRegistry<Kept>({ clock, retention });
  /** A session that is attached. */
  const add = (name = "", replayBytes = 0) => {
    const session = new Kept(registry, name, replayBytes);
    return { session, key: registry.add(session) };
  };
  /** The same without a link. */
  const addDetached = (name = "", replayBytes = 0) => {
    const added = add(name, replayBytes);
    registry.onDetached(added.session);
    return added;
  };
  return { clock, registry, add, addDetached };
}

// r[verify stable.resume-key]
suite("a resume key", () => {
  test("is 16 bytes from a secure source unless another one is given, and names its session", () => {
    const { registry, add } = made();
    const added = Array.from({ length: 200 }, () => add());
    assert.equal(new Set(added.map(({ key }) => key.join())).size, 200);
    for (const { session, key } of added) {
      assert.equal(key.length, 16);
      assert.equal(registry.find(key), session);
    }
    // Each bit of a fair source is set in about half of the keys.
    for (let bit = 0; bit < 128; bit++) {
      const set = added.filter(({ key }) => ((key[bit >> 3] as number) >> (bit & 7)) & 1).length;
      assert.ok(set > 50 && set < 150, `bit ${bit} is set in ${set} of 200`);
    }
    const asked: number[] = [];
    const given = new ResumeRegistry<Kept>({
      clock: new VirtualClock(),
      randomBytes: (length) => {
        asked.push(length);
        return new Uint8Array(length).fill(asked.length);
      },
    });
    assert.deepEqual(given.add(new Kept(given, "", 0)), new Uint8Array(16).fill(2));
    assert.deepEqual(asked, [32, 16], "a secret for the index, and a key");
  });
});

// r[verify stable.x.resume-verify]
suite("finding a session", () => {
  test("takes the whole key: any other bit is another key", () => {
    const { registry, add } = made();
    const { session, key } = add();
    const newest = registry.rotate(session, key);
    for (const known of [key, newest]) {
      for (let bit = 0; bit < 128; bit++) {
        const wrong = known.slice();
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
        assert.equal(registry.find(wrong), undefined, `bit ${bit}`);
      }
      assert.equal(registry.find(known.slice()), session);
    }
    for (const length of [0, 15, 17, 32]) assert.equal(registry.find(new Uint8Array(length)), undefined);
  });

  test("of one that is over finds nothing", () => {
    const { registry, add, clock } = made();
    const { session, key } = add();
    const newest = registry.rotate(session, key);
    registry.onFirstFrame(session);
    registry.remove(session);
    registry.remove(session);
    assert.deepEqual([registry.find(key), registry.find(newest)], [undefined, undefined]);
    assert.deepEqual([registry.size, clock.pending], [0, 0]);
  });
});

// r[verify stable.x.resume-rotate]
suite("a key that was used", () => {
  /** A session whose client came back once: two keys. */
  function rotated() {
    const all = made();
    const { session, key: first } = all.add();
    const second = all.registry.rotate(session, first);
    const valid = (...keys: Uint8Array[]) => keys.map((key) => all.registry.find(key) === session);
    return { ...all, session, first, second, valid };
  }

  test("stays valid beside the new one, at whatever time, until a frame has come", () => {
    const { valid, clock, first, second } = rotated();
    clock.advance(24 * 3_600_000);
    assert.deepEqual(valid(first, second), [true, true]);
  });

  test("ends when the client presents the new one", () => {
    const { registry, session, valid, first, second } = rotated();
    const third = registry.rotate(session, second);
    assert.deepEqual(valid(first, second, third), [false, true, true]);
  });

  test("used again, it ends the newer one that was never presented: two keys at most", () => {
    const { registry, session, valid, first, second } = rotated();
    const third = registry.rotate(session, first);
    assert.deepEqual(valid(first, second, third), [true, false, true]);
    const fourth = registry.rotate(session, first);
    assert.deepEqual(valid(first, second, third, fourth), [true, false, false, true]);
  });

  test("ends 30 s after the first frame on the new link, and no sooner", () => {
    const { registry, session, valid, clock, first, second } = rotated();
    clock.advance(100_000);
    registry.onFirstFrame(session);
    clock.advance(20_000);
    registry.onFirstFrame(session);
    clock.advance(9_999);
    assert.deepEqual(valid(first, second), [true, true]);
    clock.advance(1);
    assert.deepEqual(valid(first, second), [false, true]);
    assert.equal(clock.pending, 0);
  });

  test("has its time counted anew on the next link", () => {
    const { registry, session, valid, clock, first, second } = rotated();
    registry.onFirstFrame(session);
    clock.advance(29_999);
    const third = registry.rotate(session, first);
    clock.advance(60_000);
    assert.deepEqual(valid(first, second, third), [true, false, true]);
    registry.onFirstFrame(session);
    clock.advance(30_000);
    assert.deepEqual(valid(first, third), [false, true]);
  });

  test("is the only one of a session that never came back", () => {
    const { registry, add, clock } = made();
    const { session, key } = add();
    registry.onFirstFrame(session);
    clock.advance(60_000);
    assert.equal(registry.find(key), session);
    assert.equal(clock.pending, 0);
  });
});

// r[verify stable.x.retention]
suite("a session without a link", () => {
  test("is kept for its time, and then lost as expired", () => {
    const { registry, addDetached, clock } = made({ retentionMs: 5_000 });
    const { session, key } = addDetached();
    clock.advance(4_999);
    assert.deepEqual([registry.find(key), session.lost], [session, undefined]);
    clock.advance(1);
    assert.deepEqual([registry.find(key), session.lost], [undefined, "expired"]);
    assert.deepEqual([registry.size, registry.detached, clock.pending], [0, 0, 0]);
  });

  test("is kept 120 s, with 1,023 others and 256 MiB, if nothing else is said", () => {
    const { addDetached, clock } = made();
    const [first, second] = Array.from({ length: 1025 }, () => addDetached().session);
    assert.deepEqual([first?.lost, second?.lost], ["evicted", undefined]);
    clock.advance(119_999);
    const [small, large] = [addDetached("", 1), addDetached("", 256 * 2 ** 20 - 1)];
    assert.deepEqual(
      [small.session.lost, large.session.lost, second?.lost],
      [undefined, undefined, "evicted"],
    );
    addDetached("", 1);
    assert.deepEqual([small.session.lost, large.session.lost], ["evicted", undefined]);
    clock.advance(1);
    assert.equal(large.session.lost, undefined);
    clock.advance(120_000);
    assert.equal(large.session.lost, "expired");
  });

  test("has all its time again once it was attached", () => {
    const { registry, addDetached, clock } = made({ retentionMs: 5_000 });
    const { session, key } = addDetached();
    clock.advance(4_000);
    registry.rotate(session, key);
    clock.advance(10_000);
    assert.equal(session.lost, undefined, "attached it has no end");
    registry.onDetached(session);
    clock.advance(4_999);
    assert.equal(session.lost, undefined);
    clock.advance(1);
    assert.equal(session.lost, "expired");
  });

  for (const [name, retention, replayBytes] of [
    ["their number", { maxDetached: 3 }, 0],
    ["their bytes", { maxDetachedBytes: 3_000 }, 1_000],
  ] as const) {
    test(`under pressure of ${name} the one detached longest goes, an attached one never`, () => {
      const { registry, add, addDetached, clock } = made(retention);
      const attached = add("attached", 1_000_000);
      const sessions = ["a", "b", "c"].map((each) => addDetached(each, replayBytes));
      // The first one comes back and leaves again: it is the last one now.
      const [a, b] = sessions as [(typeof sessions)[0], (typeof sessions)[0]];
      registry.rotate(a.session, a.key);
      registry.onDetached(a.session);
      assert.deepEqual(lost(sessions), []);
      const d = addDetached("d", replayBytes);
      assert.deepEqual(lost([...sessions, d]), ["b"]);
      assert.equal(registry.find(b.key), undefined);
      const e = addDetached("e", replayBytes);
      assert.deepEqual(lost([...sessions, d, e, attached]), ["b", "c"]);
      assert.deepEqual([registry.detached, registry.detachedBytes], [3, 3 * replayBytes]);
      assert.equal(attached.session.lost, undefined);
      for (const { session } of [a, d, e, attached]) registry.remove(session);
      assert.deepEqual([registry.size, registry.detachedBytes, clock.pending], [0, 0, 0]);
    });
  }

  test("that goes on sending weighs more, and may push others out", () => {
    const { registry, add, addDetached } = made({ maxDetachedBytes: 1_000 });
    const [old, busy] = [addDetached("old", 500), addDetached("busy", 400)];
    const grow = ({ session }: { session: Kept }, bytes: number) => {
      session.replayBytes += bytes;
      registry.onDetachedBytes(session, bytes);
    };
    grow(busy, 100);
    assert.deepEqual(lost([old, busy]), []);
    grow(busy, 1);
    assert.deepEqual(lost([old, busy]), ["old"]);
    assert.equal(registry.detachedBytes, 501);
    const attached = add();
    grow(attached, 1_000_000);
    assert.deepEqual(lost([busy, attached]), []);
    grow(busy, 500);
    assert.deepEqual(lost([busy]), ["busy"]);
    assert.equal(registry.detachedBytes, 0);
  });

  test("that came back takes its bytes along, as many as they are then", () => {
    const { registry, addDetached } = made();
    const { session, key } = addDetached("", 700);
    session.replayBytes += 50;
    registry.onDetachedBytes(session, 50);
    assert.equal(registry.detachedBytes, 750);
    registry.rotate(session, key);
    assert.deepEqual([registry.detached, registry.detachedBytes], [0, 0]);
  });
});

function lost(all: readonly { session: Kept }[]): string[] {
  return all.filter(({ session }) => session.lost !== undefined).map(({ session }) => session.name);
}
