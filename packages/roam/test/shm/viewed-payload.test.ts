import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { accept, connect, type HandlersOf, implement, method, service, t } from "roam";
import { settled } from "roam/testing";
import type { Reader } from "roam-postcard";
import { release } from "../../src/shm/release.ts";
import type { Segment } from "../../src/shm/segment.ts";
import type { ShmLink } from "../../src/shm/shm-link.ts";
import { SMALL, segmentOf, shmLinks, slotsInUse } from "./fixtures/in-process.ts";

const KIB = 1024;
const SHAPE = {
  ...SMALL,
  ringCapacity: 16 * KIB,
  classes: [{ slotBytes: 1024 * KIB, slots: 16 }],
};

const Store = service("Store", {
  put: method({ name: t.string, bytes: t.bytes, small: t.bytes }, t.u32),
  get: method({ length: t.u32 }, t.bytes),
  pour: method({ items: t.rx(t.bytes) }, t.u32),
});
/** What the other side may call, and this one does not have. */
const Other = service("Other", { put: method({ bytes: t.bytes }, t.u32) });

const filled = (length: number, by: number) => new Uint8Array(length).fill(by);
const inUse = (segment: Segment) => slotsInUse(segment, 1, SHAPE);
const isView = (segment: Segment, bytes: Uint8Array) => bytes.buffer === segment.memory.bytes.buffer;

const HANDLERS: HandlersOf<typeof Store> = {
  put: () => 0,
  get: ({ length }) => filled(length, 3),
  pour: () => 0,
};

/** A session over shared memory whose sides both get byte arrays in place. */
async function sessions(handlers: Partial<HandlersOf<typeof Store>>) {
  const segment = segmentOf(SHAPE);
  const [host, guest] = shmLinks(segment);
  host.rx.lends = "bytes";
  guest.rx.lends = "bytes";
  const handler = implement(Store, { ...HANDLERS, ...handlers });
  const [client] = await Promise.all([connect(guest, Store), accept(host, handler)]);
  return { segment, client, host, guest };
}

suite("byte arrays in place", () => {
  // r[verify zerocopy.recv.shm.slotref]
  test("of a call's arguments: the long ones; the slot comes back with the last that is released", async () => {
    const kept: Uint8Array[] = [];
    const texts: string[] = [];
    const { segment, client } = await sessions({
      put: ({ name, bytes, small }) => {
        texts.push(name);
        kept.push(bytes, small);
        return bytes.length;
      },
    });
    const name = "åäö ".repeat(30_000);
    assert.equal(
      await client.put({ name, bytes: filled(200 * KIB, 7), small: filled(10 * KIB, 8) }),
      200 * KIB,
    );
    const [bytes, small] = kept as [Uint8Array, Uint8Array];
    assert(isView(segment, bytes), "no copy");
    assert(!isView(segment, small));
    assert.equal(inUse(segment), 1);
    release(small);
    assert.equal(inUse(segment), 1, "one that is no view holds nothing");
    assert.deepEqual(bytes, filled(200 * KIB, 7));
    release(bytes);
    release(bytes);
    assert.equal(inUse(segment), 0);
    // Another payload lies there now; what is no view is the receiver's.
    await client.put({ name: "x", bytes: filled(200 * KIB, 1), small });
    assert.deepEqual(texts, [name, "x"]);
    assert.deepEqual(small, filled(10 * KIB, 8));
    await client.$.session.close();
  });

  test("of one payload hold its slot together, and one that is released twice counts once", async () => {
    const kept: Uint8Array[] = [];
    const { segment, client } = await sessions({ put: ({ bytes, small }) => kept.push(bytes, small) });
    await client.put({ name: "", bytes: filled(200 * KIB, 7), small: filled(40 * KIB, 8) });
    const [bytes, other] = kept as [Uint8Array, Uint8Array];
    release(bytes);
    release(bytes);
    assert.equal(inUse(segment), 1);
    assert.deepEqual(other, filled(40 * KIB, 8));
    release(other);
    assert.equal(inUse(segment), 0);
    await client.$.session.close();
  });

  test("of an answer", async () => {
    const { segment, client } = await sessions({});
    for (let round = 0; round < 40; round++) {
      const bytes = await client.get({ length: 200 * KIB });
      assert(isView(segment, bytes));
      assert.deepEqual(bytes, filled(200 * KIB, 3));
      release(bytes);
    }
    assert.equal(inUse(segment), 0);
    await client.$.session.close();
  });

  test("of items that are waited for; those that have to wait are copies", async () => {
    const came: Uint8Array[] = [];
    let start = () => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const { segment, client } = await sessions({
      async pour({ items }) {
        const first = await items.recv();
        if (first.value !== undefined) came.push(first.value);
        await started;
        for await (const item of items) came.push(item);
        return came.length;
      },
    });
    const call = client.pour();
    await settled();
    for (let by = 0; by < 10; by++) await call.items.send(filled(200 * KIB, by));
    await settled();
    assert.equal(inUse(segment), 1, "of ten, the one that was waited for");
    start();
    await call.items.close();
    assert.equal(await call, 10);
    assert(isView(segment, came[0] as Uint8Array));
    for (const [by, item] of came.entries()) {
      assert.deepEqual(item, filled(200 * KIB, by));
      release(item);
    }
    assert.equal(inUse(segment), 0);
    await client.$.session.close();
  });

  test("of nothing that is not decoded: calls that nobody serves hold no slot", async () => {
    const segment = segmentOf(SHAPE);
    const [host, guest] = shmLinks(segment);
    host.rx.lends = "bytes";
    const [other] = await Promise.all([connect(guest, Other), accept(host, implement(Store, HANDLERS))]);
    for (let round = 0; round < 40; round++) {
      await assert.rejects(other.put({ bytes: filled(200 * KIB, 1) }), { code: "unknown-method" });
    }
    assert.equal(inUse(segment), 0);
    await other.$.session.close();
  });

  test("outlive their link, and can be released then", async () => {
    const kept: Uint8Array[] = [];
    const { client, host } = await sessions({
      put: ({ bytes }) => kept.push(bytes),
    });
    await client.put({ name: "", bytes: filled(200 * KIB, 7), small: filled(1, 1) });
    host.destroy();
    await settled();
    const [bytes] = kept as [Uint8Array];
    assert.deepEqual(bytes, filled(200 * KIB, 7));
    release(bytes);
  });

  // r[verify shm.x.untrusted]
  test("a stretch of bytes is a copy, and a reader that is kept goes on with one", async () => {
    const segment = segmentOf(SHAPE);
    const [host, guest] = shmLinks(segment);
    guest.rx.lends = "bytes";
    const readers: Reader[] = [];
    const stretches: Uint8Array[] = [];
    guest.rx.start(
      (payload) => {
        readers.push(payload);
        stretches.push(payload.whole());
        payload.u8();
      },
      () => {},
    );
    const write = (link: ShmLink, payload: Uint8Array) =>
      assert(link.tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes)));
    for (let by = 0; by < 40; by++) {
      write(host, filled(200 * KIB, by));
      await settled();
      assert.equal(inUse(segment), 0);
    }
    for (const [by, reader] of readers.entries()) {
      assert.deepEqual(stretches[by], filled(200 * KIB, by));
      assert.deepEqual(reader.rest(), filled(200 * KIB - 1, by));
    }
    host.destroy();
    guest.destroy();
  });
});
