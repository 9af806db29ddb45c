import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { CutHow } from "roam/fault-proxy";
import { SeededRandom } from "roam/testing";
import { byRole, counting, MIB, SIDES, withProxy } from "./proxied.ts";

suite("a fault proxy without faults", () => {
  test(
    "passes bytes both ways, and counts them",
    withProxy(async (at) => {
      const { client, server } = await at.open();
      client.socket.write("question");
      assert.equal(String(await server.receives(8)), "question");
      server.socket.write("answer");
      assert.equal(String(await client.receives(6)), "answer");
      assert.equal(at.proxy.connections, 1);
      const bytes = { client: 8, server: 6 };
      assert.deepEqual(at.proxy.totals, { connections: 1, refused: 0, cuts: 0, bytes });
    }),
  );

  for (const from of SIDES) {
    test(
      `passes the end of the ${from} and leaves the other direction open`,
      withProxy(async (at) => {
        const { sender, receiver } = byRole(await at.open(), from);
        sender.socket.end("last words");
        assert.equal(await receiver.ends(), "end");
        assert.equal(String(receiver.received), "last words");
        receiver.socket.end("still here");
        assert.equal(await sender.ends(), "end");
        assert.equal(String(sender.received), "still here");
        await at.rest();
        assert.equal(at.proxy.connections, 0);
      }),
    );

    test(
      `passes a reset by the ${from}`,
      withProxy(async (at) => {
        const { sender, receiver } = byRole(await at.open(), from);
        sender.socket.resetAndDestroy();
        assert.equal(await receiver.ends(), "ECONNRESET");
        await at.rest();
        assert.equal(at.proxy.connections, 0);
        assert.equal(at.proxy.totals.cuts, 0, "nobody cut it here");
      }),
    );
  }

  test(
    "holds up a writer whose reader does not read, and loses nothing",
    withProxy(async (at) => {
      const { client, server } = await at.open();
      const sent = counting(64 * MIB);
      server.socket.pause();
      client.socket.write(sent);
      await at.rest();
      const passed = at.proxy.totals.bytes.client;
      assert.ok(passed < sent.length / 2, `${passed} bytes went on to a server that does not read`);
      const held = at.proxy.heldBytes;
      assert.ok(held >= 262_144 && held < 327_680, `${held} bytes held`);
      let received = 0;
      server.socket.removeAllListeners("data").resume();
      for await (const chunk of server.socket.iterator({ destroyOnReturn: false })) {
        assert.ok(sent.subarray(received, received + chunk.length).equals(chunk), `changed near ${received}`);
        received += chunk.length;
        if (received === sent.length) break;
      }
      assert.equal(at.proxy.heldBytes, 0);
    }),
  );
});

suite("cut", () => {
  for (const { how, seen } of [
    { how: "reset", seen: "ECONNRESET" },
    { how: "close", seen: "end" },
    { how: "vanish", seen: undefined },
  ] as const) {
    test(
      `${how}: both ends see ${seen ?? "nothing"}, and no byte passes any more`,
      withProxy(async (at) => {
        const pair = await at.open();
        const other = await at.open();
        pair.client.socket.write("before");
        await pair.server.receives(6);
        assert.equal(at.proxy.cut(how), 2);
        assert.equal(at.proxy.connections, 0);
        pair.client.socket.write("after");
        pair.server.socket.write("after");
        await at.rest();
        for (const { client, server } of [pair, other]) {
          assert.equal(client.end, seen);
          assert.equal(server.end, seen);
        }
        assert.equal(String(pair.server.received), "before");
        assert.equal(pair.client.length, 0);
        assert.equal(at.proxy.cut(how), 0, "there is nothing left to cut");
        assert.equal(at.proxy.totals.cuts, 2);
        await (await at.open()).client.socket.end("the next one passes");
      }),
    );
  }

  test(
    "vanish: swallows what a writer still has for a reader that did not read",
    withProxy(async (at) => {
      const { client, server } = await at.open();
      server.socket.pause();
      const written = new Promise((resolve) => client.socket.write(counting(64 * MIB), resolve));
      await at.rest();
      at.proxy.cut("vanish");
      await written;
      assert.equal(at.proxy.heldBytes, 0);
    }),
  );

  test(
    "vanish: a side that ends is let go, and the other one is not told",
    withProxy(async (at) => {
      const { client, server } = await at.open();
      at.proxy.cut("vanish");
      client.socket.end();
      assert.equal(await client.ends(), "end");
      await at.rest();
      assert.equal(server.end, undefined);
    }),
  );

  test(
    "reset: also when an end has just been passed on",
    withProxy(async (at, clock) => {
      at.proxy.delay({ ms: 10 });
      const { client, server } = await at.open();
      client.socket.end();
      await at.rest();
      clock.advance(10);
      at.proxy.cut();
      assert.equal(await client.ends(), "ECONNRESET");
      await server.ends();
    }),
  );

  test(
    "drops what was held back",
    withProxy(async (at, clock) => {
      const { client, server } = await at.open();
      at.proxy.delay({ ms: 10 });
      client.socket.write("held");
      await at.rest();
      assert.equal(at.proxy.heldBytes, 4);
      at.proxy.cut("close");
      assert.equal(await server.ends(), "end");
      assert.equal(server.length, 0);
      assert.equal(clock.pending, 0);
    }),
  );
});

suite("cutAfter", () => {
  const sent = counting(200_000);
  for (const from of SIDES) {
    for (const { how, bytes } of [
      { how: "reset", bytes: 1 },
      // A reset takes with it what does not fit into the kernel of a reader.
      { how: "reset", bytes: 40_000 },
      { how: "close", bytes: 1 },
      { how: "close", bytes: 99_999 },
      { how: "vanish", bytes: 1 },
      { how: "vanish", bytes: 99_999 },
    ] satisfies { how: CutHow; bytes: number }[]) {
      test(
        `${how} after ${bytes} from the ${from}, and not one more`,
        withProxy(async (at) => {
          at.proxy.cutAfter(bytes, from, how);
          for (const _ of [1, 2]) {
            const { sender, receiver } = byRole(await at.open(), from);
            receiver.socket.write("this does not count");
            await sender.receives(19);
            sender.socket.write(sent);
            await receiver.receives(bytes);
            if (how !== "vanish") await receiver.ends();
            await at.rest();
            assert.ok(receiver.received.equals(sent.subarray(0, bytes)), `${receiver.length}`);
          }
          assert.equal(at.proxy.totals.cuts, 2, "each connection is cut");
        }),
      );
    }
  }

  test(
    "counts bytes when they can go on, not while the server is still being dialled",
    withProxy(async (at) => {
      at.proxy.cutAfter(4);
      const { server } = await at.open("12345678");
      assert.equal(String(await server.receives(4)), "1234");
    }),
  );

  test(
    "counts both directions together without a side",
    withProxy(async (at) => {
      at.proxy.cutAfter(10);
      const { client, server } = await at.open();
      client.socket.write("1234567");
      await server.receives(7);
      server.socket.write("1234567");
      await client.ends();
      assert.equal(String(client.received), "123");
    }),
  );

  test(
    "does not wait for the other direction, where nobody reads",
    withProxy(async (at) => {
      at.proxy.cutAfter(32 * MIB);
      const { client, server } = await at.open();
      server.socket.pause();
      client.socket.write(counting(64 * MIB));
      await at.rest();
      server.socket.write(counting(32 * MIB));
      await client.ends();
      assert.equal(at.proxy.totals.cuts, 1);
    }),
  );

  test(
    "0 cuts before the first byte; without bytes it is lifted",
    withProxy(async (at) => {
      at.proxy.cutAfter(0);
      assert.equal(await at.dial().ends(), "ECONNRESET");
      at.proxy.cutAfter();
      const { client, server } = await at.open();
      client.socket.write(sent);
      await server.receives(sent.length);
    }),
  );

  const seed = 7;
  const random = new SeededRandom(seed);
  test(
    `draws from a range (seed ${seed})`,
    withProxy(
      async (at) => {
        at.proxy.cutAfter([3, 5], "client", "close");
        const lengths = new Set<number>();
        for (let round = 0; round < 30; round++) {
          const { client, server } = await at.open();
          client.socket.write("1234567890");
          await server.ends();
          lengths.add(server.length);
        }
        assert.deepEqual([...lengths].sort(), [3, 4, 5]);
      },
      () => random.next(),
    ),
  );
});

suite("stall", () => {
  for (const from of SIDES) {
    test(
      `of the ${from}'s bytes leaves the others alone, until resumed`,
      withProxy(async (at) => {
        const { sender, receiver } = byRole(await at.open(), from);
        at.proxy.stall(undefined, from);
        sender.socket.write("held");
        receiver.socket.write("free");
        await sender.receives(4);
        await at.rest();
        assert.equal(receiver.length, 0);
        at.proxy.resume();
        await receiver.receives(4);
      }),
    );
  }

  test(
    "holds new connections too, ends by itself after its time, and bounds what it holds",
    withProxy(async (at, clock) => {
      at.proxy.stall(1_000);
      const { client, server } = await at.open();
      const sent = counting(32 * MIB);
      client.socket.write(sent);
      await at.rest();
      await clock.pass(999);
      await at.rest();
      assert.equal(server.length, 0);
      assert.ok(at.proxy.heldBytes < 327_680, `${at.proxy.heldBytes} bytes held`);
      server.socket.pause();
      await clock.pass(1);
      await at.rest();
      assert.ok(at.proxy.totals.bytes.client > 0);
    }),
  );
});

suite("delay", () => {
  test(
    "what comes takes so much longer, in order, the end too",
    withProxy(async (at, clock) => {
      const { client, server } = await at.open();
      at.proxy.delay({ ms: 100 });
      client.socket.write("one ");
      await at.rest();
      await clock.pass(60);
      client.socket.end("two");
      await at.rest();
      await clock.pass(39);
      await at.rest();
      assert.equal(String(server.received), "");
      await clock.pass(1);
      await at.rest();
      assert.equal(String(server.received), "one ");
      at.proxy.delay({ ms: 0 });
      await clock.pass(59);
      await at.rest();
      assert.equal(String(server.received), "one ", "what is under way keeps its delay");
      await clock.pass(1);
      assert.equal(await server.ends(), "end");
      assert.equal(String(server.received), "one two");
    }),
  );

  const luck = [0.5, 0.9, 0];
  test(
    "jitter comes on top, as luck has it, and nothing overtakes",
    withProxy(
      async (at, clock) => {
        const { client, server } = await at.open();
        at.proxy.delay({ ms: 100, jitterMs: 100, from: "client" });
        for (const piece of ["a", "b", "c"]) {
          client.socket.write(piece);
          await at.rest();
        }
        const arrivals: string[] = [];
        for (const ms of [149, 1, 39, 1]) {
          await clock.pass(ms);
          await at.rest();
          arrivals.push(String(server.received));
        }
        assert.deepEqual(arrivals, ["", "a", "a", "abc"]);
      },
      () => luck.shift() ?? 0,
    ),
  );
});

suite("limit", () => {
  test(
    "no more passes than so many bytes per second, until lifted",
    withProxy(async (at, clock) => {
      const pair = await at.open();
      at.proxy.limit(1_000, "server");
      pair.server.socket.write(counting(10_000));
      pair.client.socket.write(counting(10_000));
      await pair.server.receives(10_000);
      for (let second = 0; second < 3; second++) {
        await at.rest();
        // The first drip, of 50 ms, goes at once.
        assert.equal(pair.client.length, second * 1_000 + 50);
        for (let drip = 0; drip < 20; drip++) {
          await clock.pass(50);
          await at.rest();
        }
      }
      at.proxy.limit();
      await pair.client.receives(10_000);
    }),
  );
});

suite("refuse", () => {
  test(
    "resets new connections and leaves the others alone, until lifted or over",
    withProxy(async (at, clock) => {
      const { client, server } = await at.open();
      at.proxy.refuse();
      assert.equal(await at.dial().ends(), "ECONNRESET");
      client.socket.write("alive");
      await server.receives(5);
      at.proxy.accept();
      await at.open();
      at.proxy.refuse(500);
      clock.advance(499);
      assert.equal(await at.dial().ends(), "ECONNRESET");
      clock.advance(1);
      await at.open();
      const { connections, refused } = at.proxy.totals;
      assert.deepEqual({ connections, refused }, { connections: 3, refused: 2 });
    }),
  );
});
