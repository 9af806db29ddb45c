import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { countMethods } from "roam/trace";
import { TracedDesks } from "./traced-desks.ts";

suite("countMethods", () => {
  test("counts calls, failures, bytes and times by method, on both sides", async () => {
    const desks = await TracedDesks.start(
      {},
      { connect: { trace: countMethods() }, serve: { trace: countMethods() } },
    );
    const { client, clock, server } = desks;
    for (let b = 0; b < 3; b++) await client.add({ a: 1, b });
    await assert.rejects(client.lookup({ id: 0 }));
    const count = client.count({ upTo: 3 });
    for await (const _ of count.out);
    await count;
    const waiting = client.wait();
    await clock.pass(40);
    const of = (session: typeof client.$.session) => session.stats().connections[0]?.methods ?? [];
    const none = undefined;
    const told = (session: typeof client.$.session) =>
      of(session).map(({ method, side, calls, inFlight, failed, bytesIn, bytesOut, latency }) => [
        `${side} ${method} ${calls} ${inFlight} ${failed} ${bytesIn}/${bytesOut}`,
        latency?.count,
      ]);
    assert.deepEqual(told(client.$.session), [
      ["caller Desk.add 3 0 0 6/6", 3],
      ["caller Desk.lookup 1 0 1 3/1", 1],
      ["caller Desk.count 1 0 0 4/1", 1],
      ["caller Desk.wait 1 1 0 0/0", none],
    ]);
    const [served] = server.sessions;
    assert.deepEqual(told(served ?? assert.fail()), [
      ["handler Desk.add 3 0 0 6/6", 3],
      ["handler Desk.lookup 1 0 1 1/3", 1],
      ["handler Desk.count 1 0 0 1/4", 1],
      ["handler Desk.wait 1 1 0 0/0", none],
    ]);
    desks.answer(1);
    await waiting;
    const { latency } = of(client.$.session).at(-1) ?? assert.fail();
    assert.ok(Math.abs((latency?.p50 ?? 0) / 40 - 1) < 0.13, `${latency?.p50} ms`);
    await desks.end();
  });

  test("a session nobody counts on has counts of its connections, and no methods", async () => {
    const desks = await TracedDesks.start();
    await desks.client.add({ a: 1, b: 1 });
    const { connections, detached, waits, replay } = desks.client.$.session.stats();
    assert.deepEqual(
      connections.map(({ made, methods }) => [made, methods]),
      [[1, []]],
    );
    assert.deepEqual([detached, waits, replay], [{ times: 0, ms: 0 }, [], undefined]);
    await desks.end();
  });
});
