import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, implement, method, serveHandler, service, t } from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { settled, VirtualClock } from "roam/testing";
import { Recorded } from "./recorded.ts";

const Desk = service("Desk", {
  wait: method({ text: t.string }),
  count: method({ out: t.tx(t.u32) }),
});

/** Both sides on memory links that can be cut, on a clock that stands still. */
async function desks(conduit: "stable" | "bare") {
  const clock = new VirtualClock();
  const [client, server] = [new Recorded(), new Recorded()];
  const links: Link[] = [];
  const far: Link[] = [];
  let onLink: (link: Link) => void = () => {};
  let answer = () => {};
  const handler = implement(
    Desk,
    { wait: () => new Promise<void>((resolve) => (answer = resolve)), count: ({ out }) => void out.keep() },
    { middleware: [server.telemetry.middleware] },
  );
  const listen = async (take: (link: Link) => void) => {
    onLink = take;
    return { address: "memory:", close: async () => {} };
  };
  const listening = await serveHandler(listen, handler, { clock, onSession: server.telemetry.observe });
  const next = async () => {
    const [near, other] = memoryLinkPair();
    links.push(near);
    far.push(other);
    onLink(other);
    return near;
  };
  const desk = await connect({ next }, Desk, {
    clock,
    conduit,
    random: () => 0.5,
    limits: { stallNoticeMs: 1_000 },
    onStalled() {},
    middleware: [client.telemetry.middleware],
  });
  client.telemetry.observe(desk.$.session);
  // Twice is once.
  client.telemetry.observe(desk.$.session);
  const end = () => Promise.all([desk.$.session.close(), listening.close(), clock.pass(10_000)]);
  return { clock, client, server, links, far, desk, end, answer: () => answer() };
}

suite("what happens to a session", () => {
  test("is told on the spans that are open there: a lost link and the next one", async () => {
    const { clock, client, server, links, desk, end, answer } = await desks("stable");
    const waiting = desk.wait({ text: "" });
    const counting = desk.count();
    await counting;
    links[0]?.destroy();
    await settled();
    await clock.pass(1_000);
    answer();
    await waiting;
    await end();
    const names = ["roam.detached", "roam.resumed"];
    for (const [recorded, name] of [
      [client, "Desk/wait"],
      [client, "Desk/count out"],
      [server, "Desk/wait"],
      [server, "Desk/count out"],
    ] as const) {
      const events = recorded.spans.one(name).events;
      assert.deepEqual(
        events.map((event) => event.name),
        names,
      );
      assert.equal(typeof events[0]?.attributes?.["roam.detached.reason"], "string");
      assert.deepEqual(events[1]?.attributes, { "roam.resumed.replayed": 0 });
    }
    // It was over by then.
    assert.deepEqual(client.spans.one("Desk/count").events, []);
    assert.equal(client.spans.open + server.spans.open, 0);
  });

  test("is counted", async () => {
    const { clock, client, server, links, desk, end } = await desks("stable");
    const of = async (recorded: Recorded, name: string) => {
      const { points = [], unit } = (await recorded.metrics())[name] ?? {};
      return [unit, ...points.map(({ attributes, value }) => [attributes["roam.session.role"], value])];
    };
    links[0]?.destroy();
    await settled();
    await clock.pass(1_000);
    await desk.count();
    assert.deepEqual(await of(client, "roam.session.count"), ["{session}", ["initiator", 1]]);
    assert.deepEqual(await of(server, "roam.session.count"), ["{session}", ["acceptor", 1]]);
    assert.deepEqual(await of(client, "roam.session.resumes"), ["{resume}", ["initiator", 1]]);
    await end();
    assert.deepEqual(await of(client, "roam.session.count"), ["{session}", ["initiator", 0]]);
    assert.deepEqual(await of(server, "roam.session.count"), ["{session}", ["acceptor", 0]]);
  });

  test("is told when the counterpart does not read, with who waits", async () => {
    const { clock, client, far, desk, end } = await desks("bare");
    far[0]?.rx.pause();
    const calls = Array.from({ length: 40 }, () => desk.wait({ text: "x".repeat(20_000) }));
    const failed = calls.map((call) => assert.rejects(call, { code: "closed" }));
    await settled();
    await clock.pass(1_000);
    const { points = [] } = (await client.metrics())["roam.session.stalls"] ?? {};
    assert.deepEqual(
      points.map(({ value }) => value),
      [1],
    );
    far[0]?.rx.resume();
    await Promise.all([...failed, end()]);
    assert.equal(client.spans.ended.length, 40);
    for (const { events } of client.spans.ended) {
      const [event] = events;
      assert.equal(event?.name, "roam.stalled");
      assert.equal(event.attributes?.["roam.stalled.duration"], 1);
      assert((event.attributes?.["roam.stalled.senders"] as number) > 10);
    }
  });
});
