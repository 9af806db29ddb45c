import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CallError, channel, fail, type Middleware, method, service, t } from "roam";
import { callOf, hex, pairOf, responseOf, scriptedClient, scriptedServer } from "./harness.ts";

const Sums = service("Sums", {
  add: method({ a: t.u32, b: t.u32 }, t.u32, t.string),
  count: method({ out: t.tx(t.u32), of: t.rx(t.u32) }, t.u32),
});
const handlers = {
  add: ({ a, b }: { a: number; b: number }) => (a === 0 ? fail("nothing to add") : a + b),
  count: () => 0,
};

/** Writes down when it comes and goes. */
function noting(name: string, notes: string[]): Middleware {
  return async (call, next) => {
    notes.push(`${name} in ${call.side} ${call.service}.${call.method}`);
    try {
      return await next();
    } finally {
      notes.push(`${name} out`);
    }
  };
}

suite("middleware of the caller", () => {
  test("runs in order, outermost first, and sees the value", async () => {
    const notes: string[] = [];
    const doubling: Middleware = async (_, next) => ((await next()) as number) * 2;
    await using served = await scriptedServer(Sums, {
      middleware: [noting("first", notes), noting("second", notes), doubling],
    });
    const added = served.client.add({ a: 1, b: 2 });
    await served.peer.expect("RequestCall");
    await served.peer.send(responseOf(1, [0, 3]));
    assert.equal(await added, 6);
    assert.deepEqual(notes, [
      "first in caller Sums.add",
      "second in caller Sums.add",
      "second out",
      "first out",
    ]);
  });

  test("sees arguments, signal and metadata, and adds to what goes out", async () => {
    const signal = new AbortController().signal;
    await using served = await scriptedServer(Sums, {
      middleware: [
        (call, next) => {
          assert.deepEqual(call.args, { a: 1, b: 2 });
          assert.equal(call.signal, signal);
          assert.equal(call.metadata.get("own"), "1");
          call.addMetadata({ auth: { value: "t", sensitive: true } });
          assert.equal(call.metadata.get("auth"), "t");
          return next();
        },
      ],
    });
    const added = served.client.add.result({ a: 1, b: 2 }, { signal, metadata: { own: "1" } });
    const call = await served.peer.expect("RequestCall");
    assert.deepEqual(
      [...call.metadata].map(({ key, flags }) => [key, flags]),
      [
        ["own", 0n],
        ["auth", 1n],
      ],
    );
    await served.peer.send(responseOf(1, [0, 3], call.metadata));
    const answer = await added;
    assert.equal(answer.metadata.get("own"), "1");
  });

  test("may answer in the call's place: nothing is sent", async () => {
    await using served = await scriptedServer(Sums, { middleware: [async () => 42] });
    assert.equal(await served.client.add({ a: 1, b: 2 }), 42);
    await served.peer.expectNothing();
  });

  test("sees what a call fails with, and may make it good or worse", async () => {
    const seen: unknown[] = [];
    await using served = await scriptedServer(Sums, {
      middleware: [
        async (call, next) => {
          try {
            return await next();
          } catch (error) {
            seen.push(error);
            if (call.args.a === 0) return 0;
            throw new Error("worse", { cause: error });
          }
        },
      ],
    });
    const good = served.client.add({ a: 0, b: 2 });
    const bad = served.client.add({ a: 1, b: 2 });
    for (const id of [1, 3]) {
      await served.peer.expect("RequestCall");
      await served.peer.send(responseOf(id, [1, 0, 1, 0x78]));
    }
    assert.equal(await good, 0);
    await assert.rejects(bad, /worse/);
    assert.equal(seen.length, 2);
    assert(seen.every((error) => error instanceof CallError && error.detail === "x"));
  });

  for (const { name, middleware } of [
    { name: "answers in the call's place", middleware: async () => 0 },
    {
      name: "throws",
      middleware: async () => {
        throw new Error("no");
      },
    },
  ] as const) {
    test(`if one ${name}, the channels of the call fail instead of waiting for ever`, async () => {
      await using served = await scriptedServer(Sums, { middleware: [middleware] });
      const [tx, rx] = channel<number>();
      const [feed, of] = channel<number>();
      const received = rx.next();
      const given = served.client.count({ out: tx, of });
      await given.catch(() => {});
      await assert.rejects(received, { code: "closed" });
      await assert.rejects(feed.send(1), { code: "closed" });
      const call = served.client.count({});
      await call.catch(() => {});
      await assert.rejects(call.out.next());
      await served.peer.expectNothing();
    });
  }
});

suite("middleware of the handler", () => {
  test("runs in order around the handler, with the same shape of call", async () => {
    const notes: string[] = [];
    await using served = await scriptedClient(
      Sums,
      {
        ...handlers,
        add: ({ a, b }) => {
          notes.push("handler");
          return a + b;
        },
      },
      { middleware: [noting("first", notes), noting("second", notes)] },
    );
    await served.peer.send(callOf(Sums, "add", 1, { args: [1, 2] }));
    assert.equal(hex((await served.peer.expect("RequestResponse")).ret), "00 03");
    assert.deepEqual(notes, [
      "first in handler Sums.add",
      "second in handler Sums.add",
      "handler",
      "second out",
      "first out",
    ]);
  });

  for (const { name, middleware, ret, failures } of [
    { name: "may answer in the handler's place", middleware: async () => 7, ret: "00 07", failures: 0 },
    {
      name: "may raise the method's own error",
      middleware: async () => fail("no"),
      ret: "01 00 02 6E 6F",
      failures: 0,
    },
    {
      name: "may turn an own error into a value",
      middleware: async (_call: unknown, next: () => Promise<unknown>) => next().catch(() => 1),
      ret: "00 01",
      failures: 0,
    },
    {
      name: "is answered with Cancelled when it fails, and reported",
      middleware: async () => {
        throw new Error("secret");
      },
      ret: "01 03",
      failures: 1,
    },
    {
      name: "the same when it throws before it awaits",
      middleware: () => {
        throw new Error("secret");
      },
      ret: "01 03",
      failures: 1,
    },
  ] as const) {
    test(name, async () => {
      await using served = await scriptedClient(Sums, handlers, { middleware: [middleware] });
      await served.peer.send(callOf(Sums, "add", 1, { args: [0, 2] }));
      assert.equal(hex((await served.peer.expect("RequestResponse")).ret), ret);
      assert.equal(served.failures.length, failures);
    });
  }

  test("adds metadata to the answer, good or bad", async () => {
    await using pair = await pairOf(Sums, handlers, {
      server: {
        middleware: [
          (call, next) => {
            assert.equal(call.metadata.get("from"), "client");
            call.addMetadata({ node: "7" });
            return next();
          },
        ],
      },
      client: {
        middleware: [
          (call, next) => {
            call.addMetadata({ from: "client" });
            return next();
          },
        ],
      },
    });
    const good = await pair.client.add.result({ a: 1, b: 2 });
    assert.deepEqual([good.ok, good.metadata.get("node")], [true, "7"]);
    const bad = await pair.client.add.result({ a: 0, b: 2 });
    assert.deepEqual([bad.ok, bad.metadata.get("node")], [false, "7"]);
  });
});
