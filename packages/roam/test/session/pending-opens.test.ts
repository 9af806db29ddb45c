import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RoamError } from "roam";
import { Metadata } from "roam/wire";
import type { Route } from "../../src/session/connection-table.ts";
import { PendingOpens } from "../../src/session/pending-opens.ts";
import { watch } from "./harness.ts";

const route: Route = { onMessage() {}, fail() {} };
const options = { parity: "odd", signal: undefined, onUnwanted() {} } as const;

// r[verify session.x.teardown]
suite("PendingOpens after its session has ended", () => {
  const gone = new RoamError("io", "gone");

  test("turns away who waits in line, who waits for an answer, and who comes later", async () => {
    const opens = new PendingOpens(1);
    await opens.enter();
    const outcomes = [opens.enter(), opens.wait(1, () => route, options)].map(watch);
    opens.fail(gone);
    outcomes.push(...[opens.enter(), opens.wait(3, () => route, options)].map(watch));
    await new Promise(setImmediate);
    assert.deepEqual(outcomes, Array(4).fill({ outcome: "io", times: 1 }));
  });

  test("an answer that still comes is for nobody", () => {
    const opens = new PendingOpens(1);
    watch(opens.wait(1, () => route, options));
    opens.fail(gone);
    assert.equal(opens.has(1), false);
    const message = { tag: "ConnectionReject", connectionId: 1, metadata: Metadata.EMPTY } as const;
    assert.throws(() => opens.onReject(message), { name: "ProtocolError" });
  });
});
