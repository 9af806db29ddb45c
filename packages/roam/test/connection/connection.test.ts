import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DEFAULT_LIMITS, RoamError } from "roam";
import { Connection } from "roam/session";
import { settled, VirtualClock } from "roam/testing";
import { Metadata } from "roam/wire";
import type { SendPermit } from "../../src/channel/message-sink.ts";
import { watch } from "../session/harness.ts";

/** A connection whose session gives out permits when the test says so. */
function connectionOf() {
  const grants: ((permit: SendPermit) => void)[] = [];
  const unused: Connection[] = [];
  const posted: string[] = [];
  const connection = new Connection(
    {
      id: 1,
      parity: "odd",
      counterpart: { parity: "even", maxConcurrentRequests: 4 },
      metadata: Metadata.EMPTY,
      handler: undefined,
    },
    {
      clock: new VirtualClock(),
      limits: DEFAULT_LIMITS,
      peer: "nobody",
      onHandlerError() {},
      post: ({ tag }) => void posted.push(tag),
      tryPost: ({ tag }) => posted.push(tag) > 0,
      trySend: () => false,
      tryReserve: () => undefined,
      reserve: () => new Promise((resolve) => grants.push(resolve)),
      onBuffered() {},
      onLimit() {},
      onRunning() {},
      onViolation() {},
      onUnused: (ended) => void unused.push(ended),
    },
  );
  return { connection, grants, unused, posted };
}

const gone = new RoamError("closed", "gone");

suite("Connection", () => {
  // r[verify session.x.teardown]
  test("a permit that comes after its end is given back, and who waited is told before", async () => {
    const { connection, grants } = connectionOf();
    const waiting = watch(connection.reserve());
    connection.fail(gone);
    await settled();
    assert.deepEqual(waiting, { outcome: "closed", times: 1 });
    let released = 0;
    grants[0]?.({ send() {}, release: () => released++ });
    await settled();
    assert.equal(released, 1);
    assert.equal(waiting.times, 1);
  });

  test("after its end nothing is sent, reserved or retained", async () => {
    const { connection, posted } = connectionOf();
    connection.fail(gone);
    connection.fail(new RoamError("io", "a second end"));
    connection.post({ tag: "RequestCancel", connectionId: 1, id: 1, metadata: Metadata.EMPTY });
    assert.deepEqual(posted, []);
    assert.equal(connection.tryReserve(), undefined);
    await assert.rejects(connection.reserve(), gone);
    assert.throws(() => connection.retain(), { code: "closed" });
    assert.equal(connection.hasEnded, true);
  });

  // r[verify rpc.caller.liveness.refcounted]
  test("is unused when the last of its handles is given up, and never before the first", () => {
    const { connection, unused } = connectionOf();
    assert.equal(connection.isUnused, false);
    connection.retain();
    connection.retain();
    connection.release();
    assert.deepEqual([connection.isUnused, unused.length], [false, 0]);
    connection.release();
    assert.deepEqual([connection.isUnused, unused.length], [true, 1]);
  });
});
