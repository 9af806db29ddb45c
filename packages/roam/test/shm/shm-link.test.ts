import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError, RoamError } from "roam";
import type { Link } from "roam/link";
import { LinkReceiver } from "roam/link";
import { linkCasesFor, noLeaks, settled, VirtualClock } from "roam/testing";
import { LentPayload } from "../../src/shm/lent-payload.ts";
import type { Segment } from "../../src/shm/segment.ts";
import { ShmLink } from "../../src/shm/shm-link.ts";
import { bells, localMappings, segmentOf, shmLinks, slotsInUse } from "./fixtures/in-process.ts";

const TRAITS = { isHalfOpen: false, isPausable: true };
const KIB = 1024;

const SHAPES = {
  "small rings and few slots": {},
  "large rings": { ringCapacity: 64 * KIB },
  "much of it inline": { ringCapacity: 64 * KIB, inlineThreshold: 16 * KIB },
} as const;

// r[verify shm]
// r[verify transport.shm]
// r[verify shm.topology.bidirectional]
// r[verify zerocopy.framing.link.shm]
// r[verify zerocopy.send.shm]
for (const [shape, options] of Object.entries(SHAPES)) {
  suite(`link over a segment: ${shape}`, () => {
    for (const { name, run } of linkCasesFor(TRAITS)) {
      test(name, () =>
        noLeaks(() =>
          run(() => {
            const [host, guest] = localMappings();
            return shmLinks(segmentOf(options), { host: { mappings: host }, guest: { mappings: guest } });
          }),
        ),
      );
    }
  });
}

function write(link: Link, payload: Uint8Array): boolean {
  return link.tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes));
}

const filled = (length: number, by: number) => new Uint8Array(length).fill(by);

/** All that came, copied. */
function received(link: Link): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  link.rx.start(
    (payload) => payloads.push(payload.whole().slice()),
    () => {},
  );
  return payloads;
}

suite("ways into shared memory", () => {
  // r[verify shm.framing.threshold]
  test("up to the threshold inline, up to the largest slot in a slot, beyond in a mapping", async () => {
    const placed: number[] = [];
    const [mine, theirs] = localMappings();
    const place: typeof mine.place = (pieces, length) => {
      placed.push(length);
      return mine.place(pieces, length);
    };
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment, {
      host: { mappings: { ...mine, place } },
      guest: { mappings: theirs },
    });
    const largest = 256 * KIB - 4;
    const lengths = [0, 256, 257, 4 * KIB - 4, 4 * KIB - 3, largest, largest + 1];
    const payloads = received(guest);
    for (const length of lengths) write(host, filled(length, 1));
    await settled();
    assert.deepEqual(
      payloads.map(({ length }) => length),
      lengths,
    );
    assert.deepEqual(placed, [largest + 1]);
    host.destroy();
    guest.destroy();
  });

  test("without mappings the largest slot is the limit, and the link stays usable", async () => {
    const [host, guest] = shmLinks();
    const payloads = received(guest);
    const tooLarge = (error: unknown) => error instanceof RoamError && error.code === "too-large";
    assert.throws(() => write(host, filled(256 * KIB, 1)), tooLarge);
    host.tx.maxPayloadBytes = 0xffff_ffff;
    assert.throws(() => write(host, filled(256 * KIB, 1)), tooLarge);
    write(host, filled(256 * KIB - 4, 1));
    await settled();
    assert.equal(payloads.length, 1);
    host.destroy();
    guest.destroy();
  });

  // r[verify shm.varslot.selection]
  test("no more slots than a share; who waits goes on in order when they come back", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    guest.rx.lends = "payloads";
    const lent: LentPayload[] = [];
    guest.rx.start(
      (payload) => lent.push(payload as LentPayload),
      () => {},
    );
    for (let by = 0; by < 10; by++) assert(write(host, filled(2 * KIB, by)));
    await settled();
    // Of four small slots and two large ones, half: the other half is for the answers.
    assert.equal(lent.length, 3);
    assert.equal(slotsInUse(segment, 1), 3);
    assert.equal(host.tx.tryReserve(), undefined, "nobody reserves while one waits");
    for (let by = 0; by < 10; by++) {
      const payload = lent[by] as LentPayload;
      assert.deepEqual(payload.whole(), filled(2 * KIB, by));
      payload.release();
      await settled();
    }
    assert.equal(slotsInUse(segment, 1), 0);
    assert.notEqual(host.tx.tryReserve(), undefined);
    host.destroy();
    guest.destroy();
  });

  // r[verify shm.mmap.publish]
  test("an entry waits for its mapping, and what is behind it as well", async () => {
    const [mine, theirs] = localMappings(3);
    const [host, guest] = shmLinks(segmentOf(), { host: { mappings: mine }, guest: { mappings: theirs } });
    const receiver = new LinkReceiver(guest.rx);
    write(host, filled(300 * KIB, 1));
    write(host, filled(3, 2));
    assert.deepEqual(await receiver.recv(), filled(300 * KIB, 1));
    assert.deepEqual(await receiver.recv(), filled(3, 2));
    host.destroy();
    guest.destroy();
  });

  test("a mapping that nobody told of ends the link when the other side is gone", async () => {
    const [mine, theirs] = localMappings(1e9);
    const [host, guest] = shmLinks(segmentOf(), { host: { mappings: mine }, guest: { mappings: theirs } });
    const receiver = new LinkReceiver(guest.rx);
    write(host, filled(300 * KIB, 1));
    await settled();
    host.destroy();
    await assert.rejects(receiver.recv(), { rule: "shm.mmap.publish" });
  });
});

suite("payloads that are lent", () => {
  // r[verify zerocopy.backing.varslot]
  // r[verify zerocopy.recv.shm.slotref]
  test("stand in their slot until they are released, once", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    guest.rx.lends = "payloads";
    const payloads: LentPayload[] = [];
    guest.rx.start(
      (payload) => payloads.push(payload as LentPayload),
      () => {},
    );
    write(host, filled(2 * KIB, 5));
    await settled();
    const [payload] = payloads as [LentPayload];
    assert(payload instanceof LentPayload);
    assert.equal(payload.whole().buffer, segment.memory.bytes.buffer, "no copy");
    assert.deepEqual(payload.whole(), filled(2 * KIB, 5));
    assert.equal(slotsInUse(segment, 1), 1);
    payload.release();
    payload.release();
    assert.equal(slotsInUse(segment, 1), 0);
    host.destroy();
    guest.destroy();
  });

  test("those that nobody was handed are freed when the link ends", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    guest.rx.lends = "payloads";
    guest.rx.start(
      () => guest.rx.pause(),
      () => {},
    );
    write(host, filled(2 * KIB, 5));
    write(host, filled(2 * KIB, 6));
    await settled();
    guest.destroy();
    assert.equal(slotsInUse(segment, 1), 1, "the one that was handed up");
    host.destroy();
  });

  // r[verify zerocopy.backing.bipbuf]
  // r[verify zerocopy.recv.shm.inline]
  test("small ones are copied out, and the ring is free at once", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    guest.rx.lends = "payloads";
    const kept: Uint8Array[] = [];
    guest.rx.start(
      (payload) => kept.push(payload.whole()),
      () => {},
    );
    for (let by = 0; by < 200; by++) {
      write(host, filled(200, by));
      await settled();
    }
    // The ring has gone round many times since.
    for (const [by, payload] of kept.entries()) assert.deepEqual(payload, filled(200, by));
    assert.equal(kept.length, 200);
    host.destroy();
    guest.destroy();
  });
});

suite("doorbells", () => {
  // r[verify shm.signal]
  // r[verify shm.signal.doorbell.integration]
  test("one ring for all that a turn commits; none for what is taken, while the ring has room", async () => {
    const segment = segmentOf({ ringCapacity: 64 * KIB });
    const id = segment.takePlace();
    const [hostBell, guestBell] = bells();
    const host = new ShmLink({ segment, id, side: "host", bell: hostBell });
    const guest = new ShmLink({ segment, id, side: "guest", bell: guestBell });
    const payloads = received(guest);
    await settled();
    const before = hostBell.rings;
    for (let by = 0; by < 50; by++) write(host, filled(100, by));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.equal(hostBell.rings - before, 1);
    assert.equal(payloads.length, 50);
    assert.equal(guestBell.rings, 0);
    host.destroy();
    guest.destroy();
  });

  // r[verify shm.bipbuf.backpressure]
  test("a sender that waits for room is rung when there is some", async () => {
    const [host, guest] = shmLinks(segmentOf());
    const receiver = new LinkReceiver(guest.rx);
    const sending = (async () => {
      for (let by = 0; by < 20_000; by++) {
        const permit = await host.tx.reserve();
        permit.write(filled(200, by), (writer, bytes) => writer.raw(bytes));
      }
    })();
    for (let by = 0; by < 20_000; by++) assert.deepEqual(await receiver.recv(), filled(200, by));
    await sending;
    host.destroy();
    guest.destroy();
  });

  // r[verify shm.x.close]
  test("close waits until everything is taken, and then closes the bell", async () => {
    const [host, guest] = shmLinks();
    for (let by = 0; by < 100; by++) write(host, filled(200, by));
    let isClosed = false;
    const closed = host.tx.close().then(() => {
      isClosed = true;
    });
    await settled();
    assert.equal(isClosed, false, "nobody has read yet");
    const receiver = new LinkReceiver(guest.rx);
    for (let by = 0; by < 100; by++) assert.deepEqual(await receiver.recv(), filled(200, by));
    assert.equal(await receiver.recv(), null);
    await closed;
  });

  // r[verify shm.x.close]
  test("a close that nobody takes notice of ends after 5 s", async () => {
    const clock = new VirtualClock();
    const [host, guest] = shmLinks(segmentOf(), { host: { clock } });
    write(host, filled(200, 1));
    const closed = host.tx.close();
    await settled();
    clock.advance(4_999);
    assert.equal(host.rx.hasEnded, false);
    clock.advance(1);
    await closed;
    assert.equal(host.rx.hasEnded, true);
    guest.destroy();
  });

  // r[verify shm.host.goodbye]
  test("a guest takes what the host has left and goes when the host says goodbye", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    const receiver = new LinkReceiver(guest.rx);
    write(host, filled(10, 1));
    await settled();
    segment.sayGoodbye();
    write(host, filled(10, 2));
    await settled();
    assert.deepEqual(await receiver.recv(), filled(10, 1));
    assert.equal(await receiver.recv(), null);
    host.destroy();
  });
});

// r[verify shm.x.untrusted]
suite("a hostile other side", () => {
  const BROKEN: Readonly<Record<string, (segment: Segment) => void>> = {
    "a write index beyond the ring": (segment) => segment.memory.store(ringAt(segment), 0xffff_fff0),
    "a watermark beyond the ring": (segment) => segment.memory.store(ringAt(segment) + 4, 0x7fff_ffff),
    "a read index beyond the ring": (segment) => segment.memory.store(ringAt(segment) + 64, 5_000),
    "an entry of no bytes": (segment) => enter(segment, [0, 0]),
    "an entry longer than what was committed": (segment) => enter(segment, [400, 0]),
    "an entry of an odd length": (segment) => enter(segment, [9, 0, 0]),
    "an inline length beyond its entry": (segment) => enter(segment, [12, 60_000 << 16, 0]),
    "unknown flags": (segment) => enter(segment, [12, 4, 0]),
    "both flags": (segment) => enter(segment, [32, 3, 0, 0, 0, 0, 0, 0]),
    "a slot of no class": (segment) => enter(segment, [20, 1, 7, 0, 1]),
    "a slot that there is not": (segment) => enter(segment, [20, 1, 0, 4_000_000, 1]),
    "a slot that is free": (segment) => enter(segment, [20, 1, 0, 0, 0]),
    "a slot of another extent": (segment) => enter(segment, [20, 1, 1 << 8, 0, 1]),
    "a slot with a length beyond it": (segment) => {
      const ref = segment.pool.allocate(100, 1);
      assert(ref !== undefined);
      const data = segment.pool.data(ref, 100);
      new DataView(data.buffer, data.byteOffset - 4).setUint32(0, 5_000, true);
      enter(segment, [20, 1, ref.classIndex, ref.slot, ref.generation]);
    },
    "a mapping on a link without mappings": (segment) => enter(segment, [32, 2, 0, 0, 0, 0, 10, 0]),
  };

  /** The guest's ring to the host. */
  function ringAt(segment: Segment): number {
    return Number(segment.memory.loadLong(128 + 16));
  }

  function enter(segment: Segment, words: readonly number[]): void {
    const at = ringAt(segment);
    for (const [index, word] of words.entries()) segment.memory.store(at + 128 + 4 * index, word);
    segment.memory.store(at, 4 * words.length);
  }

  for (const [what, breakIt] of Object.entries(BROKEN)) {
    test(`${what} ends that link with a named error`, () =>
      noLeaks(async () => {
        const segment = segmentOf();
        const [host, guest] = shmLinks(segment);
        const receiver = new LinkReceiver(host.rx);
        await settled();
        breakIt(segment);
        write(guest, filled(1, 1));
        const error = await receiver.recv().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        assert(error instanceof ProtocolError, `ended with ${error}`);
        assert.match(error.rule, /^shm\./);
        guest.destroy();
      }));
  }

  test("a free list that leads nowhere ends the link that would use it", async () => {
    const segment = segmentOf();
    const [host, guest] = shmLinks(segment);
    const receiver = new LinkReceiver(host.rx);
    const poolAt = Number(segment.memory.loadLong(48));
    segment.memory.storeLong(poolAt + 8, 0x1234_5678n);
    write(host, filled(1_000, 1));
    await assert.rejects(receiver.recv(), { rule: "shm.varslot.classes" });
    guest.destroy();
  });

  test("a bell that fails ends the link with its cause", async () => {
    const segment = segmentOf();
    const id = segment.takePlace();
    const [bell] = bells();
    let fail: (cause?: RoamError) => void = () => {};
    bell.listen = (_onRung, onGone) => {
      fail = onGone;
    };
    bell.ring = () => {};
    const link = new ShmLink({ segment, id, side: "guest", bell });
    const receiver = new LinkReceiver(link.rx);
    const cause = new RoamError("io", "the bell broke");
    fail(cause);
    await assert.rejects(receiver.recv(), cause);
  });
});
