import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Client, connect, implement, type Limits, method, serveHandler, service, t } from "roam";
import { openIntrospection } from "roam/introspection";
import { type Link, memoryLinkPair } from "roam/link";
import { settled } from "roam/testing";

const Slow = service("Slow", {
  wait: method({ name: t.string }, t.string),
  feed: method({ name: t.string, items: t.rx(t.u32) }, t.string),
});
type SlowClient = Client<(typeof Slow)["methods"]>;

/** A server in memory whose handlers settle when the test says so. */
async function serving(limits: Partial<Limits>) {
  let onLink = (_: Link) => {};
  /** Of the handlers that run, by the names in their calls, in the order in which they began. */
  const running = new Map<string, (error?: Error) => void>();
  const began: string[] = [];
  let atMost = 0;
  const run = async (name: string) => {
    began.push(name);
    const done = new Promise<string>((resolve, reject) => {
      running.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
    });
    atMost = Math.max(atMost, running.size);
    try {
      return await done;
    } finally {
      running.delete(name);
    }
  };
  const handler = implement(Slow, { wait: ({ name }) => run(name), feed: ({ name }) => run(name) });
  const server = await serveHandler(
    async (take) => {
      onLink = take;
      return { address: "memory", close: async () => {} };
    },
    handler,
    { limits, introspection: true, logger: { warn() {}, error() {} } },
  );
  const dial = () => {
    const [near, far] = memoryLinkPair();
    onLink(far);
    return connect(near, Slow);
  };
  const settle = async (name: string) => {
    running.get(name)?.();
    await settled();
  };
  return { server, dial, running, began, settle, atMost: () => atMost };
}

/** Makes calls by these names, and notes how each comes out. */
function call(client: SlowClient, outcomes: Map<string, string>, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    client.wait({ name }).then(
      (answer) => outcomes.set(answer, "answered"),
      (error: { code: string }) => outcomes.set(name, error.code),
    );
  }
  return settled();
}

suite("handlers running over all sessions of a server", () => {
  // r[verify session.x.limits]
  test("are so many at a time; the rest wait, connections in turns", async () => {
    const { server, dial, began, settle, atMost } = await serving({ maxRunningCalls: 2 });
    const outcomes = new Map<string, string>();
    const [a, b] = [await dial(), await dial()];
    await call(a, outcomes, "a1", "a2", "a3", "a4", "a5");
    await call(b, outcomes, "b1", "b2");
    assert.deepEqual(began, ["a1", "a2"]);
    for (const name of ["a1", "a2", "a3", "b1", "a4", "b2", "a5"]) await settle(name);
    assert.deepEqual(began, ["a1", "a2", "a3", "b1", "a4", "b2", "a5"]);
    assert.equal(atMost(), 2);
    assert.deepEqual(
      [...outcomes.values()],
      Array.from({ length: 7 }, () => "answered"),
    );
    await server.close();
  });

  test("beyond those that may wait a call is answered Cancelled at once, its channels with it", async () => {
    const { server, dial, began, settle } = await serving({ maxRunningCalls: 1, maxWaitingCalls: 2 });
    const outcomes = new Map<string, string>();
    const [a, b] = [await dial(), await dial()];
    await call(a, outcomes, "a1", "a2", "a3", "a4");
    assert.deepEqual([...outcomes], [["a4", "cancelled"]]);
    const feed = b.feed({ name: "b1" });
    await assert.rejects(feed, { code: "cancelled" });
    await settled();
    await assert.rejects(feed.items.send(1), { name: "RoamError" });
    await settle("a1");
    await call(b, outcomes, "b2");
    for (const name of ["a2", "a3", "b2"]) await settle(name);
    assert.deepEqual(began, ["a1", "a2", "a3", "b2"]);
    assert.equal(outcomes.get("b2"), "answered");
    await server.close();
  });

  test("a place is free again when its handler settled, whatever became of its call", async () => {
    const { server, dial, began, running } = await serving({ maxRunningCalls: 1 });
    const outcomes = new Map<string, string>();
    const [a, b] = [await dial(), await dial()];
    await call(a, outcomes, "a1");
    await call(b, outcomes, "b1", "b2");
    // Its session is over, but the handler has not heard of it.
    await a.$.session.close();
    await settled();
    assert.deepEqual(began, ["a1"]);
    running.get("a1")?.(new Error("too late"));
    await settled();
    assert.deepEqual(began, ["a1", "b1"]);
    running.get("b1")?.(new Error("failed"));
    await settled();
    assert.deepEqual(began, ["a1", "b1", "b2"]);
    await server.close();
  });

  test("who leaves the line frees its place there: by a cancel, or with its session", async () => {
    const { server, dial, began, settle } = await serving({ maxRunningCalls: 1, maxWaitingCalls: 2 });
    const outcomes = new Map<string, string>();
    const [a, b, c] = [await dial(), await dial(), await dial()];
    await call(a, outcomes, "a1");
    const leaving = new AbortController();
    const left = assert.rejects(b.wait({ name: "b1" }, { signal: leaving.signal }));
    await call(c, outcomes, "c1");
    leaving.abort(new Error("enough"));
    await left;
    await c.$.session.close();
    await settled();
    await call(a, outcomes, "a2", "a3", "a4");
    assert.equal(outcomes.get("a4"), "cancelled");
    for (const name of ["a1", "a2", "a3"]) await settle(name);
    assert.deepEqual(began, ["a1", "a2", "a3"]);
    await server.close();
  });

  test("a connection whose own limit holds its calls back does not hold others back", async () => {
    const limits = { maxRunningCalls: 3, maxConcurrentRequests: 1 };
    const { server, dial, began, settle } = await serving(limits);
    const outcomes = new Map<string, string>();
    const [a, b, c] = [await dial(), await dial(), await dial()];
    await call(a, outcomes, "a1", "a2");
    await call(b, outcomes, "b1", "b2");
    await call(c, outcomes, "c1");
    assert.deepEqual(began, ["a1", "b1", "c1"]);
    await settle("b1");
    assert.deepEqual(began, ["a1", "b1", "c1", "b2"]);
    for (const name of ["a1", "c1", "b2", "a2"]) await settle(name);
    assert.equal(outcomes.size, 5);
    await server.close();
  });

  test("who asks how it goes is answered meanwhile", async () => {
    const { server, dial } = await serving({ maxRunningCalls: 1, maxWaitingCalls: 0 });
    const client = await dial();
    await call(client, new Map(), "a1");
    await using introspection = await openIntrospection(client.$.session);
    assert.equal(await introspection?.health({ service: "" }), "Serving");
    await server.close();
  });

  test("calls that wait when the server drains are answered Cancelled at once", async () => {
    const { server, dial, began, settle } = await serving({ maxRunningCalls: 1 });
    const outcomes = new Map<string, string>();
    const [a, b] = [await dial(), await dial()];
    await call(a, outcomes, "a1", "a2");
    await call(b, outcomes, "b1");
    const drained = server.drain({ timeoutMs: 5_000 });
    await settled();
    assert.deepEqual(
      [...outcomes],
      [
        ["a2", "cancelled"],
        ["b1", "cancelled"],
      ],
    );
    await settle("a1");
    await drained;
    assert.deepEqual(began, ["a1"]);
    assert.equal(outcomes.get("a1"), "answered");
  });
});
