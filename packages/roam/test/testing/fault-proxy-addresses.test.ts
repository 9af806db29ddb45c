import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { connect, method, serve, service, t } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { noLeaks } from "roam/testing";
import { unusedPort } from "../transports/silent-server.ts";
import { proxied } from "./proxied.ts";

suite("addresses of a fault proxy", () => {
  for (const { upstream, scheme, expected } of [
    { upstream: "tcp://127.0.0.1:9", expected: "tcp://HERE" },
    { upstream: { host: "::1", port: 9 }, expected: "tcp://HERE" },
    { upstream: { path: "/nowhere" }, expected: "tcp://HERE" },
    { upstream: "ws://example.test/rpc?room=1", expected: "ws://HERE/rpc?room=1" },
    { upstream: "wss://[::1]/rpc", scheme: "ws", expected: "ws://HERE/rpc" },
    { upstream: "tcp://127.0.0.1:9", scheme: "ws", expected: "ws://HERE" },
  ]) {
    test(`${JSON.stringify(upstream)} is dialled as ${expected}`, () =>
      noLeaks(async () => {
        await using proxy = await faultProxy({ upstream });
        assert.match(proxy.address, /^tcp:\/\/127\.0\.0\.1:\d+$/);
        assert.equal(proxy.url(scheme), expected.replace("HERE", proxy.address.slice("tcp://".length)));
      }));
  }

  for (const upstream of ["tcp://127.0.0.1", "tcp:", "nonsense"]) {
    test(`${upstream} is none`, () => assert.rejects(faultProxy({ upstream }), TypeError));
  }

  test("one in use is an error that names it", () =>
    noLeaks(async () => {
      await using first = await faultProxy({ upstream: "tcp://127.0.0.1:9" });
      const second = faultProxy({ upstream: first.address, listen: first.address });
      await assert.rejects(second, { code: "io", message: new RegExp(first.address) });
    }));

  test("one that is not ours is an error that names it", () =>
    assert.rejects(
      faultProxy({ upstream: "tcp://127.0.0.1:9", listen: { host: "2001:db8::1", port: 9 } }),
      /cannot listen on tcp:\/\/\[2001:db8::1\]:9/,
    ));

  test("an upstream where nobody listens resets the client", () =>
    noLeaks(async () => {
      await using at = await proxied();
      await using proxy = await faultProxy({ upstream: `tcp://127.0.0.1:${await unusedPort()}` });
      await using outer = await faultProxy({ upstream: proxy.address });
      assert.equal(await at.dial(outer.address).ends(), "ECONNRESET");
      assert.equal(outer.totals.cuts + proxy.totals.cuts, 0);
    }));

  test("Unix sockets on both sides pass bytes and are cut", () =>
    noLeaks(async () => {
      const folder = await mkdtemp(join(tmpdir(), "fault-proxy-"));
      try {
        const upstreamPath = join(folder, "server");
        await using at = await proxied({ upstreamPath, listen: `unix:${join(folder, "proxy")}` });
        assert.equal(at.proxy.url(), `unix:${join(folder, "proxy")}`);
        for (const how of ["reset", "close", "vanish"] as const) {
          const { client, server } = await at.open();
          client.socket.write("over");
          await server.receives(4);
          assert.equal(at.proxy.cut(how), 1);
          await at.rest();
          assert.equal(client.end, how === "vanish" ? undefined : "end");
          assert.equal(server.end, how === "vanish" ? undefined : "end");
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    }));
});

suite("a session through a fault proxy", () => {
  const Counter = service("Counter", { next: method({ seen: t.u32 }, t.u32) });

  for (const scheme of ["tcp", "ws"]) {
    test(`over ${scheme} goes on through cuts of every kind, with a call in flight`, () =>
      noLeaks(async () => {
        let count = 0;
        const cuts = ["reset", "close"] as const;
        await using server = await serve(`${scheme}://127.0.0.1:0`, Counter, {
          next: ({ seen }) => {
            assert.equal(seen, count, "no call is lost or comes twice");
            proxy.cut(cuts[count % cuts.length]);
            return ++count;
          },
        });
        await using proxy = await faultProxy({ upstream: server.address });
        await using client = await connect(proxy.url(), Counter);
        for (let seen = 0; seen < 20; seen++) assert.equal(await client.next({ seen }), seen + 1);
        assert.equal(proxy.totals.cuts, 20);
      }));
  }
});
