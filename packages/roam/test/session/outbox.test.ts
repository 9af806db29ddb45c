import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { suite, test } from "node:test";
import { RoamError } from "roam";
import type { ConduitPermit, ConduitTx } from "roam/conduit";
import { settled } from "roam/testing";
import type { Message } from "roam/wire";
import { Outbox } from "../../src/session/outbox.ts";
import { watch } from "./harness.ts";

/** A conduit that has as many permits as the test gives it, and keeps what is sent. */
class MeteredTx implements ConduitTx<Message> {
  maxPayloadBytes = 1_000;
  readonly sent: Message["tag"][] = [];
  free = 0;
  isClosed = false;
  /** Thrown by the next send. */
  sendError: Error | undefined;
  readonly #waiters: { resolve(permit: ConduitPermit<Message>): void; reject(error: Error): void }[] = [];

  give(permits = 1): void {
    this.free += permits;
    while (this.free > 0 && this.#waiters.length > 0) this.#waiters.shift()?.resolve(this.#permit());
  }

  tryReserve(): ConduitPermit<Message> | undefined {
    return this.free > 0 ? this.#permit() : undefined;
  }

  trySend(message: Message): boolean {
    const permit = this.tryReserve();
    permit?.send(message);
    return permit !== undefined;
  }

  reserve(): Promise<ConduitPermit<Message>> {
    if (this.free > 0) return Promise.resolve(this.#permit());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const { reject } of this.#waiters.splice(0)) reject(new RoamError("closed", "closed"));
  }

  #permit(): ConduitPermit<Message> {
    this.free--;
    const release = () => this.give();
    return {
      send: ({ tag }) => {
        const error = this.sendError;
        this.sendError = undefined;
        if (error !== undefined) throw error;
        this.sent.push(tag);
      },
      release,
      [Symbol.dispose]: release,
    };
  }
}

const ping: Message = { tag: "Ping", connectionId: 0, nonce: 1 };
const pong: Message = { tag: "Pong", connectionId: 0, nonce: 1 };
const data: Message = { tag: "ChannelItem", connectionId: 0, id: 1, item: new Uint8Array() };
const gone = new RoamError("closed", "gone");

function outboxOf(maxControls = 4) {
  const tx = new MeteredTx();
  const pressure: boolean[] = [];
  const overflows: RoamError[] = [];
  const blocked: boolean[] = [];
  const outbox = new Outbox(tx, {
    maxControls,
    tap: { current: undefined },
    onPressure: (isHigh) => pressure.push(isHigh),
    onOverflow: (error) => overflows.push(error),
    onBlocked: (isBlocked) => blocked.push(isBlocked),
  });
  const send = async () => (await outbox.reserve()).send(data);
  return { tx, pressure, overflows, blocked, outbox, send };
}

// r[verify session.x.fair]
suite("Outbox", () => {
  test("a permit goes to a control message first, however long data has waited", async () => {
    const { tx, outbox, send } = outboxOf();
    void send();
    void send();
    await settled();
    outbox.post(ping);
    outbox.post(pong);
    for (const expected of ["Ping", "Pong", "ChannelItem", "ChannelItem"]) {
      tx.give();
      await settled();
      assert.equal(tx.sent.at(-1), expected);
    }
    assert.equal(tx.sent.length, 4);
  });

  test("control messages keep their order, also when a permit is free just then", () => {
    const { tx, outbox } = outboxOf();
    outbox.post(ping);
    tx.free = 1;
    outbox.post(pong);
    assert.deepEqual(tx.sent, []);
    tx.give();
    return settled().then(() => assert.deepEqual(tx.sent, ["Ping", "Pong"]));
  });

  test("a free permit is used at once", () => {
    const { tx, outbox } = outboxOf();
    tx.free = 2;
    outbox.post(ping);
    outbox.tryReserve()?.send(data);
    assert.deepEqual(tx.sent, ["Ping", "ChannelItem"]);
  });

  test("tryReserve passes nobody who waits", async () => {
    const { tx, outbox, send } = outboxOf();
    void send();
    await settled();
    tx.free = 1;
    assert.equal(outbox.tryReserve(), undefined);
    tx.give();
    await settled();
    assert.deepEqual(tx.sent, ["ChannelItem"]);
  });

  test("an aborted wait leaves the line, the permit is for the next, and the signal is let go", async () => {
    const { tx, outbox, send } = outboxOf();
    const [first, second] = [new AbortController(), new AbortController()];
    const aborted = watch(outbox.reserve(first.signal));
    const granted = watch(outbox.reserve(second.signal).then((permit) => permit.send(data)));
    first.abort(gone);
    tx.give();
    await settled();
    assert.deepEqual([aborted.outcome, granted.times], ["closed", 1]);
    assert.equal(getEventListeners(first.signal, "abort").length, 0);
    assert.equal(getEventListeners(second.signal, "abort").length, 0);
    await assert.rejects(outbox.reserve(AbortSignal.abort(gone)), gone);
    void send();
  });

  test("a permit for which nobody is left is given back", async () => {
    const { tx, outbox } = outboxOf();
    const controller = new AbortController();
    const aborted = watch(outbox.reserve(controller.signal));
    controller.abort(gone);
    tx.give();
    await settled();
    assert.equal(aborted.times, 1);
    assert.equal(tx.free, 1);
  });

  test("tells when a message has left, and with what it failed", async () => {
    const { tx, outbox } = outboxOf();
    const told: unknown[] = [];
    outbox.post(ping, (error) => told.push(["queued", error]));
    assert.equal(told.length, 0);
    tx.give();
    await settled();
    tx.free = 2;
    outbox.post(ping, (error) => told.push(["at once", error]));
    const error = new RoamError("too-large", "too large");
    tx.sendError = error;
    outbox.post(ping, (failed) => told.push(["failed", failed]));
    assert.deepEqual(told, [
      ["queued", undefined],
      ["at once", undefined],
      ["failed", error],
    ]);
  });

  test("pressure is high above the limit, and low again at half of it", async () => {
    const { tx, pressure, outbox } = outboxOf(4);
    for (let posted = 0; posted < 4; posted++) outbox.post(ping);
    assert.equal(pressure.length, 0);
    outbox.post(ping);
    outbox.post(ping);
    assert.deepEqual(pressure, [true]);
    tx.give(3);
    await settled();
    assert.deepEqual([pressure, outbox.queuedControls], [[true], 3]);
    tx.give();
    await settled();
    assert.deepEqual([pressure, outbox.queuedControls], [[true, false], 2]);
  });

  // r[verify session.x.limits]
  test("far above the limit it gives up", () => {
    const { overflows, outbox } = outboxOf(4);
    for (let posted = 0; posted < 16; posted++) outbox.post(ping);
    assert.equal(overflows.length, 0);
    outbox.post(ping);
    assert.equal(overflows[0]?.code, "too-large");
  });

  test("closing sends the controls that wait, turns data away at once, and lets nothing more in", async () => {
    const { tx, outbox } = outboxOf();
    const waiting = watch(outbox.reserve());
    await settled();
    outbox.post(ping);
    outbox.post(pong);
    const closed = watch(outbox.close(gone));
    const late = watch(outbox.reserve());
    await settled();
    assert.deepEqual([waiting, late], Array(2).fill({ outcome: "closed", times: 1 }));
    assert.equal(closed.times, 0);
    tx.give(1);
    await settled();
    assert.equal(outbox.tryReserve(), undefined);
    tx.give(5);
    await settled();
    assert.deepEqual(tx.sent, ["Ping", "Pong"]);
    assert.equal(closed.times, 1);
    assert.equal(tx.isClosed, true);
    outbox.post(ping);
    assert.equal(outbox.tryReserve(), undefined);
    assert.deepEqual(tx.sent, ["Ping", "Pong"]);
  });

  test("failing drops what waits and turns everybody away with the cause", async () => {
    const { tx, outbox } = outboxOf();
    const waiting = watch(outbox.reserve());
    outbox.post(ping);
    await settled();
    outbox.fail(new RoamError("io", "cable cut"));
    tx.give(5);
    await settled();
    assert.deepEqual(waiting, { outcome: "io", times: 1 });
    await assert.rejects(outbox.reserve(), { code: "io" });
    assert.deepEqual(tx.sent, []);
  });
});
