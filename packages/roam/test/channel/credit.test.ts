import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type CreditBudget, ReceiveCredit, SendCredit } from "../../src/channel/credit.ts";

const MAX = 0xffff_ffff;

suite("credit of a sender", () => {
  // r[verify rpc.flow-control.credit]
  test("is spent one by one and never below zero", () => {
    const credit = new SendCredit(2);
    assert.deepEqual([credit.spend(), credit.spend(), credit.spend()], [true, true, false]);
    assert.equal(credit.available, 0);
  });

  // r[verify rpc.flow-control.credit.grant.additive]
  for (const { name, initial, grants, available } of [
    { name: "adds up", initial: 1, grants: [2, 3], available: 6 },
    { name: "saturates at the largest u32", initial: 16, grants: [MAX, 1], available: MAX },
    { name: "saturates from just below", initial: MAX - 1, grants: [5], available: MAX },
    { name: "takes nothing back with 0", initial: 3, grants: [0], available: 3 },
  ]) {
    test(name, () => {
      const credit = new SendCredit(initial);
      for (const grant of grants) credit.grant(grant);
      assert.equal(credit.available, available);
    });
  }
});

suite("grants of a receiver, as published peers make them", () => {
  // r[verify rpc.flow-control.credit.grant]
  for (const { initial, grants } of [
    { initial: 16, grants: [0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8] },
    { initial: 5, grants: [0, 2, 0, 2, 0] },
    { initial: 4, grants: [0, 2, 0, 2] },
    { initial: 3, grants: [1, 1, 1] },
    { initial: 2, grants: [1, 1] },
    { initial: 1, grants: [1, 1, 1] },
  ]) {
    test(`N = ${initial}: ${grants.join(" ")} as items are taken`, () => {
      const credit = new ReceiveCredit(initial);
      const made = grants.map(() => {
        assert(credit.received(10));
        return credit.taken(10);
      });
      assert.deepEqual(made, grants);
    });
  }

  // r[verify rpc.flow-control.credit.initial.zero]
  test("N = 0: nothing before an explicit grant, then one at a time", () => {
    const credit = new ReceiveCredit(0);
    assert.equal(credit.received(1), false);
    credit.granted(2);
    assert(credit.received(1) && credit.received(1));
    assert.equal(credit.received(1), false);
    assert.deepEqual([credit.taken(1), credit.taken(1)], [1, 1]);
  });

  test("what was granted explicitly is given back as it is taken", () => {
    const credit = new ReceiveCredit(2);
    credit.granted(3);
    for (let item = 0; item < 5; item++) assert(credit.received(1));
    assert.equal(credit.received(1), false);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => credit.taken(1)),
      [1, 1, 1, 1, 1],
    );
  });

  test("items and bytes waiting are counted", () => {
    const credit = new ReceiveCredit(4);
    credit.received(10);
    credit.received(5);
    assert.deepEqual([credit.buffered, credit.bufferedBytes], [2, 15]);
    credit.taken(10);
    assert.deepEqual([credit.buffered, credit.bufferedBytes], [1, 5]);
  });
});

suite("grants ahead of the consumer", () => {
  let nowMs = 0;
  const budget = (more: Partial<CreditBudget> = {}): CreditBudget => ({
    maxItems: 65_536,
    maxBytes: 1 << 20,
    hasSessionRoom: () => true,
    nowMs: () => nowMs,
    ...more,
  });

  /**
   * A sender that uses all its credit at once and a consumer that keeps up, some time apart.
   *
   * @returns the credit that the sender has afterwards
   */
  function keepUp(
    credit: ReceiveCredit,
    from: number,
    bytes: number,
    rounds: number,
    { roundTripMs = 100, itemMs = 0 } = {},
  ): number {
    let out = from;
    for (let round = 0; round < rounds; round++) {
      nowMs += roundTripMs;
      let granted = 0;
      for (; out > 0; out--) {
        nowMs += itemMs;
        assert(credit.received(bytes), "the sender has the credit that it was given");
        granted += credit.taken(bytes);
      }
      out = granted;
    }
    return out;
  }

  // r[verify rpc.x.adaptive-credit]
  test("the window doubles every other round trip while it is what limits, up to the items allowed", () => {
    const credit = new ReceiveCredit(16, budget({ maxItems: 100 }));
    const windows: number[] = [];
    let out = 16;
    for (let round = 0; round < 6; round++) {
      out = keepUp(credit, out, 1, 1);
      windows.push(credit.window);
    }
    assert.deepEqual(windows, [16, 32, 32, 64, 64, 100]);
    assert(out <= 100);
  });

  // r[verify rpc.x.adaptive-credit]
  test("a sender that is slower by itself gets no more than it needs", () => {
    const credit = new ReceiveCredit(16, budget());
    for (let item = 0; item < 1_000; item++) {
      nowMs += 1;
      credit.received(1);
      credit.taken(1);
    }
    assert.equal(credit.window, 16);
  });

  for (const { name, itemMs, window } of [
    { name: "1,000 items in a millisecond", itemMs: 0.001, window: 2048 },
    { name: "100 items in a millisecond", itemMs: 0.01, window: 256 },
    { name: "10 items in a millisecond", itemMs: 0.1, window: 16 },
  ]) {
    // r[verify rpc.x.adaptive-credit]
    test(`with next to no round trip, ${name} make a window of ${window}: it lasts a millisecond`, () => {
      const credit = new ReceiveCredit(16, budget());
      keepUp(credit, 16, 1, 100, { roundTripMs: 0.001, itemMs });
      assert.equal(credit.window, window);
    });
  }

  // r[verify rpc.x.adaptive-credit]
  test("a consumer that does not keep up is not granted ahead", () => {
    const credit = new ReceiveCredit(16, budget());
    let out = 16;
    for (let item = 0; item < 200; item++) {
      nowMs += 100;
      for (; out > 0; out--) credit.received(1);
      out += credit.taken(1);
    }
    assert.equal(credit.window, 16);
  });

  // r[verify rpc.x.adaptive-credit]
  test("large items keep the window to what fits the bytes allowed", () => {
    const credit = new ReceiveCredit(4, budget({ maxBytes: 10_000 }));
    keepUp(credit, 4, 1_000, 10);
    assert.equal(credit.window, 10);
    const small = new ReceiveCredit(4, budget({ maxBytes: 10_000 }));
    const out = keepUp(small, 4, 10, 20);
    assert.equal(small.window, 1_000);
    // They become large: the window follows, and the excess is used up first.
    const later = keepUp(small, out, 1_000, 1);
    assert.equal(small.window, 10);
    assert.equal(later, 10);
  });

  for (const { name, more, bytes } of [
    { name: "items", more: { maxItems: 6 }, bytes: 1 },
    { name: "bytes", more: { maxBytes: 600 }, bytes: 100 },
  ]) {
    // r[verify rpc.x.adaptive-credit]
    test(`with as many ${name} waiting as the budget allows, only what was taken is granted`, () => {
      const credit = new ReceiveCredit(8, budget(more));
      for (let item = 0; item < 8; item++) credit.received(bytes);
      assert.deepEqual(
        [1, 2, 3, 4].map(() => credit.taken(bytes)),
        [0, 0, 0, 4],
      );
      assert.equal(credit.window, 8);
    });
  }

  // r[verify rpc.x.adaptive-credit]
  test("a full session stops granting ahead but not the stream", () => {
    let hasRoom = true;
    const credit = new ReceiveCredit(8, budget({ hasSessionRoom: () => hasRoom }));
    let out = keepUp(credit, 8, 1, 10);
    assert(credit.window > 64);
    hasRoom = false;
    for (let round = 0; round < 20; round++) out = keepUp(credit, out, 1, 1);
    assert.equal(credit.window, 8);
    assert.equal(out, 8);
  });

  test("N = 0 lives on what was granted explicitly", () => {
    const credit = new ReceiveCredit(0, budget());
    credit.granted(3);
    assert(keepUp(credit, 3, 1, 10) > 0);
  });

  test("credit out and items waiting never exceed the widest window, whatever happens", () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3_000 }), fc.boolean()), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), steps, (initial, moves) => {
        let hasRoom = true;
        const credit = new ReceiveCredit(
          initial,
          budget({ maxItems: 64, maxBytes: 20_000, hasSessionRoom: () => hasRoom }),
        );
        const waiting: number[] = [];
        let out = initial;
        let widest = initial;
        for (const [isItem, bytes, room] of moves) {
          hasRoom = room;
          nowMs += bytes % 7;
          if (isItem) {
            assert.equal(credit.received(bytes), out > 0);
            if (out === 0) continue;
            out--;
            waiting.push(bytes);
          } else {
            const next = waiting.shift();
            if (next !== undefined) out += credit.taken(next);
          }
          widest = Math.max(widest, credit.window);
          assert(out + waiting.length <= widest && widest <= 64);
          assert.equal(
            credit.bufferedBytes,
            waiting.reduce((sum, item) => sum + item, 0),
          );
          // Nobody waits for ever: with everything taken there is credit.
          if (waiting.length === 0) assert(out > 0);
        }
      }),
      { numRuns: 200, seed: 6 },
    );
  });
});
