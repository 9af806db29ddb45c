import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "roam/testing";
import { Deque } from "../../src/internal/deque.ts";
import { Inbox } from "../../src/internal/inbox.ts";
import { own } from "../../src/internal/own.ts";
import { WaitLine } from "../../src/internal/wait-line.ts";

suite("Deque", () => {
  test("is a queue, whatever its size and wherever its head stands", () => {
    const deque = new Deque<number>();
    const model: number[] = [];
    // Grows by 3 and shrinks by 2, over many wraps and growths; then the other way round.
    for (let round = 0; round < 200; round++) {
      const [pushes, shifts] = round < 100 ? [3, 2] : [2, 3];
      for (let count = 0; count < pushes; count++) {
        deque.push(round * 10 + count);
        model.push(round * 10 + count);
      }
      for (let count = 0; count < shifts; count++) {
        assert.equal(deque.peek(), model[0]);
        assert.equal(deque.shift(), model.shift());
      }
      assert.equal(deque.size, model.length);
    }
    assert.equal(deque.shift(), undefined);
    assert.equal(deque.peek(), undefined);
    assert.equal(deque.size, 0);
  });

  test("drain takes everything, oldest first", () => {
    const deque = new Deque<number>();
    for (let value = 0; value < 40; value++) deque.push(value);
    deque.shift();
    assert.deepEqual(
      deque.drain(),
      Array.from({ length: 39 }, (_, index) => index + 1),
    );
    assert.equal(deque.size, 0);
  });
});

suite("WaitLine", () => {
  function line(units: number) {
    const state = { units };
    const waiting = new WaitLine(() => state.units > 0 && state.units-- > 0);
    const free = (count: number) => {
      state.units += count;
      waiting.serve();
    };
    return { state, waiting, free };
  }

  test("serves in the order of coming, as far as units go", async () => {
    const { waiting, free } = line(1);
    const served: number[] = [];
    for (let place = 0; place < 4; place++) void waiting.take().then(() => served.push(place));
    await settled();
    assert.deepEqual(served, [0]);
    free(2);
    await settled();
    assert.deepEqual(served, [0, 1, 2]);
    assert.equal(waiting.length, 1);
    free(1);
    await settled();
    assert.deepEqual(served, [0, 1, 2, 3]);
  });

  test("nobody gets past those who wait", async () => {
    const { state, waiting, free } = line(0);
    const first = waiting.take();
    state.units = 1;
    assert.equal(waiting.tryTake(), false);
    free(0);
    await first;
    assert.equal(state.units, 0);
  });

  test("an aborted waiter leaves the line and has taken nothing", async () => {
    const { state, waiting, free } = line(0);
    const abort = new AbortController();
    const aborted = waiting.take(abort.signal);
    const next = waiting.take();
    const reason = new Error("gone");
    abort.abort(reason);
    await assert.rejects(aborted, reason);
    free(1);
    await next;
    assert.equal(state.units, 0);
    assert.equal(waiting.length, 0);
    await assert.rejects(waiting.take(AbortSignal.abort(reason)), reason);
  });

  test("an abort after the unit was taken changes nothing", async () => {
    const { state, waiting, free } = line(0);
    const abort = new AbortController();
    const taken = waiting.take(abort.signal);
    free(1);
    abort.abort();
    await taken;
    assert.equal(state.units, 0);
  });

  test("fail turns everyone away, now and later, with the first error", async () => {
    const { waiting } = line(0);
    const error = new Error("closed");
    const outcomes = [waiting.take(), waiting.take()].map((wait) => assert.rejects(wait, error));
    waiting.fail(error);
    waiting.fail(new Error("another"));
    await Promise.all(outcomes);
    await assert.rejects(waiting.take(), error);
    assert.equal(waiting.tryTake(), false);
  });
});

suite("Inbox", () => {
  test("gives values in order, then null again and again", async () => {
    const inbox = new Inbox<number>();
    const waiting = inbox.take();
    for (const value of [1, 2, 3]) inbox.push(value);
    inbox.end();
    inbox.push(4);
    assert.equal(await waiting, 1);
    assert.equal(inbox.size, 2);
    assert.deepEqual([await inbox.take(), await inbox.take()], [2, 3]);
    assert.deepEqual([await inbox.take(), await inbox.take()], [null, null]);
  });

  test("gives values before the error, then the error again and again", async () => {
    const inbox = new Inbox<number>();
    const error = new Error("broken");
    inbox.push(1);
    inbox.end(error);
    inbox.end();
    assert.equal(await inbox.take(), 1);
    for (let time = 0; time < 3; time++) await assert.rejects(inbox.take(), error);
  });

  for (const error of [undefined, new Error("broken")]) {
    test(`wakes a waiting reader when it ends ${error === undefined ? "well" : "badly"}`, async () => {
      const inbox = new Inbox<number>();
      const waiting = inbox.take();
      inbox.end(error);
      if (error === undefined) assert.equal(await waiting, null);
      else await assert.rejects(waiting, error);
    });
  }

  test("has one reader at a time, and an aborted one takes nothing along", async () => {
    const inbox = new Inbox<number>();
    const abort = new AbortController();
    const waiting = inbox.take(abort.signal);
    await assert.rejects(inbox.take(), TypeError);
    const reason = new Error("gone");
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    inbox.push(1);
    await assert.rejects(inbox.take(abort.signal), reason);
    assert.equal(await inbox.take(), 1);
  });
});

suite("own", () => {
  for (const { name, of, length, isCopied } of [
    { name: "a small part of a large buffer is copied", of: 1_000, length: 100, isCopied: true },
    { name: "the better part of a buffer is kept as it is", of: 1_000, length: 600, isCopied: false },
    { name: "a whole buffer is kept as it is", of: 1_000, length: 1_000, isCopied: false },
  ]) {
    test(name, () => {
      const bytes = new Uint8Array(of).fill(7).subarray(0, length);
      const kept = own(bytes);
      assert.deepEqual(kept, bytes);
      assert.equal(kept.buffer !== bytes.buffer, isCopied);
    });
  }
});
