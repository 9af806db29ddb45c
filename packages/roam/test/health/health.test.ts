import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, implement, knownIds, method, type ServeOptions, serveHandler, service, t } from "roam";
import { checkHealth, HealthService, type HealthStatus, healthBoard, watchHealth } from "roam/health";
import { type Link, memoryLinkPair } from "roam/link";
import { settled, VirtualClock } from "roam/testing";

const Billing = service("Billing", { wait: method({}, t.u32) });
const Audit = service("Audit", { ping: method({}) });
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

/** A server of two services, and a client of it, on a clock that stands still. */
async function house(options: ServeOptions = {}, address = "memory:") {
  const clock = new VirtualClock();
  let take: (link: Link) => void = () => {};
  let answer: (value: number) => void = () => {};
  const listen = async (onLink: (link: Link) => void) => {
    take = onLink;
    return { address, close: async () => {} };
  };
  const wait = () => new Promise<number>((resolve) => (answer = resolve));
  const server = await serveHandler(listen, implement(Billing, { wait }), {
    clock,
    logger: QUIET,
    services: [implement(Audit, { ping() {} })],
    ...options,
  });
  const next = async () => {
    const [near, far] = memoryLinkPair();
    take(far);
    return near;
  };
  const client = await connect({ next }, Billing, { clock, conduit: "bare", logger: QUIET });
  const end = async () => {
    await Promise.all([client.$.close(), server.close(), clock.pass(1_000)]);
    await settled();
    assert.equal(clock.pending, 0, "no timer is left");
  };
  return { clock, server, client, session: client.$.session, answer: (n: number) => answer(n), end };
}

test("the service's ids are those of its signatures", () => {
  const computed = service(HealthService.name, HealthService.methods).descriptors();
  for (const [name, { id }] of HealthService.descriptors()) assert.equal(id, computed.get(name)?.id, name);
});

suite("a peer that tells how it is", () => {
  test("of everything, of each service, and of none that it has not", async () => {
    const { session, server, end } = await house();
    const asked = ["", "Billing", "Audit", "Shop"].map((name) => checkHealth(session, name));
    assert.deepEqual(await Promise.all(asked), ["Serving", "Serving", "Serving", "Unknown"]);
    await settled();
    assert.equal([...server.sessions][0]?.virtualConnections, 0, "nothing is left of it");
    await end();
  });

  test("as its owner says, of one service or of all", async () => {
    const health = healthBoard();
    const { session, end } = await house({ health });
    const all = () => Promise.all(["", "Billing", "Audit"].map((name) => checkHealth(session, name)));
    health.set("Billing", "NotServing");
    assert.deepEqual(await all(), ["Serving", "NotServing", "Serving"]);
    health.set("Billing", "Serving");
    health.set("", "NotServing");
    assert.deepEqual(await all(), ["NotServing", "NotServing", "NotServing"]);
    await end();
  });

  test("readiness follows a drain at once, while the calls under way are finished", async () => {
    const { session, server, client, answer, clock, end } = await house();
    const seen: HealthStatus[] = [];
    const watching = (async () => {
      for await (const status of watchHealth(session)) seen.push(status);
    })().catch(({ code }) => code);
    const call = client.wait();
    await settled();
    assert.deepEqual(seen, ["Serving"]);
    const drained = server.drain({ timeoutMs: 5_000 });
    await settled();
    assert.deepEqual(seen, ["Serving", "NotServing"]);
    answer(7);
    assert.equal(await call, 7);
    await Promise.all([drained, clock.pass(1_000)]);
    assert.equal(await watching, "closed");
    await end();
  });

  test("each change is told once, and only to those who read", async () => {
    const health = healthBoard();
    const { session, server, end } = await house({ health });
    const seen: HealthStatus[] = [];
    const watching = (async () => {
      for await (const status of watchHealth(session, "Audit")) {
        seen.push(status);
        if (seen.length === 3) break;
      }
    })();
    for (const status of ["NotServing", "NotServing", "Serving"] as const) {
      await settled();
      health.set("Audit", status);
      health.set("Billing", status);
    }
    await watching;
    assert.deepEqual(seen, ["Serving", "NotServing", "Serving"]);
    await settled();
    const [served] = server.sessions;
    assert.equal(served?.virtualConnections, 0);
    await end();
  });

  test("it is told under overload, and takes nobody's place", async () => {
    const { session, client, answer, end } = await house({
      limits: { maxRunningCalls: 1, maxWaitingCalls: 0 },
    });
    const call = client.wait();
    await settled();
    await assert.rejects(client.wait(), { code: "cancelled" });
    assert.equal(await checkHealth(session), "Serving");
    answer(1);
    await call;
    await end();
  });

  for (const { name, options, address, status } of [
    { name: "on an address of this machine", options: {}, address: "tcp://127.0.0.1:1", status: "Serving" },
    { name: "elsewhere not, by default", options: {}, address: "tcp://10.0.0.1:1", status: undefined },
    {
      name: "elsewhere if it is wished",
      options: { health: true },
      address: "tcp://10.0.0.1:1",
      status: "Serving",
    },
    { name: "nowhere if that is wished", options: { health: false }, address: "memory:", status: undefined },
    {
      name: "elsewhere to those who were let in",
      options: { authenticate: async () => "somebody" },
      address: "tcp://10.0.0.1:1",
      status: "Serving",
    },
  ] as const) {
    test(`is told ${name}`, async () => {
      const { session, end } = await house(options, address);
      assert.equal(await checkHealth(session), status);
      if (status === undefined) await assert.rejects(watchHealth(session).next(), { code: "rejected" });
      await end();
    });
  }

  test("a user's own service of that name is the user's", async () => {
    const own = knownIds("Health", { mood: method({}, t.string) }, { mood: 5n });
    const { client, end } = await house({ services: [implement(own, { mood: () => "fine" })] });
    const mood = await client.$.open(own);
    assert.equal(await mood.mood(), "fine");
    await mood.$.close();
    await end();
  });

  test("a signal that is aborted ends the question", async () => {
    const { session, end } = await house();
    const signal = AbortSignal.abort(new Error("no time"));
    await assert.rejects(checkHealth(session, "", { signal }), /no time/);
    await end();
  });
});
