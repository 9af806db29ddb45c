import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ProxyFault } from "roam/fault-proxy";
import { counting, MIB, withProxy } from "./proxied.ts";

suite("a plan", () => {
  test(
    "is followed by the clock and by the byte",
    withProxy(async (at, clock) => {
      const { client, server } = await at.open();
      client.socket.write("before the plan");
      await server.receives(15);
      at.proxy.run([
        { atBytes: 5, from: "client", fault: { kind: "stall" } },
        { atMs: 200, fault: { kind: "stall", forMs: 0 } },
        { atBytes: 8, fault: { kind: "cut", how: "close" } },
      ]);
      client.socket.write("1234567890");
      await at.rest();
      assert.equal(String(server.received), "before the plan12345");
      await clock.pass(199);
      await at.rest();
      assert.equal(server.length, 20);
      await clock.pass(1);
      assert.equal(await server.ends(), "end");
      assert.equal(String(server.received), "before the plan12345678");
    }),
  );

  test(
    "counts bytes of all connections together, and a step at 0 is taken at once",
    withProxy(async (at) => {
      const pairs = [await at.open(), await at.open()];
      at.proxy.run([
        { atBytes: 0, fault: { kind: "stall", from: "server" } },
        { atBytes: 6, from: "client", fault: { kind: "cut" } },
      ]);
      for (const { client, server } of pairs) {
        server.socket.write("stalled");
        client.socket.write("1234");
        await at.rest();
      }
      const received = pairs.map(({ server }) => String(server.received));
      assert.deepEqual(received, ["1234", "12"]);
      assert.equal(at.proxy.totals.bytes.server, 0);
      assert.equal(at.proxy.totals.cuts, 2);
    }),
  );

  test(
    "gives way to the next one, and ends with the proxy",
    withProxy(async (at, clock) => {
      const { client, server } = await at.open();
      at.proxy.run([
        { atMs: 10, fault: { kind: "cut" } },
        { atBytes: 2, fault: { kind: "cut" } },
      ]);
      at.proxy.run([{ atMs: 1_000, fault: { kind: "cut" } }]);
      assert.equal(clock.pending, 1);
      client.socket.write("1234");
      await server.receives(4);
      await clock.pass(10);
      assert.equal(at.proxy.totals.cuts, 0);
    }),
  );
});

suite("misuse and the end", () => {
  for (const fault of [
    { kind: "delay", ms: -1 },
    { kind: "delay", ms: 1, jitterMs: Number.NaN },
    { kind: "limit", bytesPerSecond: 0 },
    { kind: "stall", forMs: Number.POSITIVE_INFINITY },
    { kind: "cut-after", bytes: [0, -1] },
  ] satisfies ProxyFault[]) {
    test(
      `${Object.values(fault).join(" ")} is a RangeError`,
      withProxy(async ({ proxy }) => {
        assert.throws(() => proxy.apply(fault), RangeError);
        assert.throws(() => proxy.run([{ atMs: 0, fault }]), RangeError);
        assert.throws(() => proxy.run([{ atBytes: -1, fault: { kind: "cut" } }]), RangeError);
      }),
    );
  }

  test(
    "closing leaves nothing open, whatever goes on",
    withProxy(async (at) => {
      const { proxy } = at;
      await at.open();
      proxy.cut("vanish");
      proxy.delay({ ms: 50, jitterMs: 50 });
      proxy.limit(10);
      proxy.run([{ atMs: 60_000, fault: { kind: "cut" } }]);
      const { client, server } = await at.open();
      client.socket.write(counting(MIB));
      server.socket.end(counting(MIB));
      await at.rest();
      proxy.stall();
      await at.open();
      await Promise.all([proxy.close(), proxy.close()]);
      assert.equal(proxy.connections, 0);
      assert.equal(proxy.cut(), 0);
      proxy.run([{ atMs: 60_000, fault: { kind: "cut" } }]);
    }),
  );
});
