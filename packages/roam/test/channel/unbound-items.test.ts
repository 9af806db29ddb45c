import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import { Reader } from "roam-postcard";
import { UnboundItems } from "../../src/channel/unbound-items.ts";

const limits = { maxChannels: 2, maxItems: 3, maxBytes: 100 };
const item = (...bytes: number[]) => Uint8Array.from(bytes);
const came = (...bytes: number[]) => new Reader(item(...bytes));

suite("early items", () => {
  // r[verify rpc.x.prebind]
  test("are held in order and given out once", () => {
    const held = new UnboundItems(limits);
    held.hold(1, came(1));
    held.hold(3, came(9, 9));
    held.hold(1, came(2));
    assert.equal(held.bytes, 4);
    assert.deepEqual(held.take(1)?.items, [item(1), item(2)]);
    assert.equal(held.bytes, 2);
    assert.equal(held.take(1), undefined);
  });

  test("more than allowed are dropped, and the channel is marked", () => {
    const held = new UnboundItems(limits);
    for (let count = 0; count < 5; count++) held.hold(1, came(count, 0, 0));
    assert.equal(held.bytes, 0);
    const early = held.take(1);
    assert.deepEqual([early?.isOverflowing, early?.items.length], [true, 0]);
    assert.equal(held.bytes, 0);
  });

  test("more bytes than allowed, over all channels, are a protocol error", () => {
    const held = new UnboundItems(limits);
    held.hold(1, new Reader(new Uint8Array(60)));
    held.hold(3, new Reader(new Uint8Array(40)));
    assert.throws(
      () => held.hold(3, came(1)),
      (error) => {
        assert(error instanceof ProtocolError);
        return error.rule === "session.x.limits";
      },
    );
  });

  test("more channels than allowed are a protocol error", () => {
    const held = new UnboundItems(limits);
    held.of(1).isClosed = true;
    held.of(3).credit = 4;
    held.of(1);
    assert.throws(() => held.of(5), ProtocolError);
  });

  test("a small item does not keep the chunk that it came in", () => {
    const held = new UnboundItems(limits);
    const chunk = new Uint8Array(65_536).fill(7);
    held.hold(1, new Reader(chunk, 10, 14));
    const [kept] = held.take(1)?.items ?? [];
    assert.deepEqual(kept, item(7, 7, 7, 7));
    assert(kept !== undefined && kept.buffer.byteLength <= 16);
  });
});
