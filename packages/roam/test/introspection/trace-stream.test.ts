import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ConnectOptions, ServeOptions } from "roam";
import { openIntrospection } from "roam/introspection";
import { settled } from "roam/testing";
import type { TraceEvent, TraceHead } from "roam/trace";
import { House } from "./house.ts";

const ALL = { sample: 1, sample_ms: 0, payload_bytes: 64 };

/** A house with a client that reads the trace of its server. */
async function watched(serve: ServeOptions, connect: ConnectOptions = {}) {
  const house = new House();
  const server = await house.serve(serve);
  const client = await house.connect(connect);
  const about = (await openIntrospection(client.$.session)) ?? assert.fail();
  const stream = about.trace(ALL);
  const lines: unknown[] = [];
  const reading = (async () => {
    for await (const text of stream.out) lines.push(...text.split("\n").map((line) => JSON.parse(line)));
  })().catch(() => {});
  const rest = async () => {
    await settled();
    await house.clock.pass(100);
    await settled();
  };
  await rest();
  const events = () => lines.slice(1) as TraceEvent[];
  const end = async () => {
    await house.end(about, client.$, server);
    await reading;
    await stream.catch(() => {});
  };
  return { house, server, client, about, lines, events, rest, end };
}

suite("a trace that is read from afar", () => {
  test("begins with its head, joins the sessions there and meets the new ones; of itself it says nothing", async () => {
    const { house, client, lines, events, rest, end } = await watched({});
    const head = lines[0] as TraceHead;
    assert.equal(head.roamTrace, 1);
    assert.deepEqual(
      (head.schema as { services: { name: string }[] }).services.map(({ name }) => name),
      ["Billing", "Audit"],
    );
    const other = await house.connect();
    await other.lookup({ id: 5n });
    await client.lookup({ id: 6n });
    await rest();
    const told = events().filter(({ kind }) => kind === "session" || kind === "call-end");
    assert.deepEqual(
      told.map((event) => [event.session, event.kind, "isJoined" in event && event.isJoined]),
      [
        [1, "session", true],
        [2, "session", false],
        [2, "call-end", false],
        [1, "call-end", false],
      ],
    );
    const methods = events().flatMap((event) => ("method" in event ? [event.method] : []));
    assert.deepEqual(new Set(methods), new Set(["Billing.lookup"]));
    await other.$.close();
    await end();
  });

  test("payloads are told and acts are done only where one develops", async () => {
    for (const development of [false, true]) {
      const { client, about, events, rest, end } = await watched({ introspection: { development } });
      await client.lookup({ id: 6n });
      await rest();
      const payloads = events().flatMap((event) => ("payload" in event ? [event.payload] : []));
      assert.equal(payloads.length > 0, development);
      assert.equal(await about.act({ session: 9, act: "cut" }), false, "no such session");
      assert.equal(await about.act({ session: 1, act: "cut" }), false, "a bare conduit has no other link");
      assert.equal(await about.act({ session: 1, act: "pause" }), false, "nobody could take that back");
      await end();
    }
  });

  test("a reader is stopped and let go on, and a link is cut and comes back", async () => {
    const { house, about, events, rest, end } = await watched({ introspection: { development: true } });
    const other = await house.connect({ conduit: "stable" });
    await rest();
    assert.equal(await about.act({ session: 2, act: "resume" }), false, "it reads");
    assert.equal(await about.act({ session: 2, act: "pause" }), true);
    assert.equal(await about.act({ session: 2, act: "pause" }), false, "it is stopped already");
    let isAnswered = false;
    const answer = other.lookup({ id: 1n }).then(() => {
      isAnswered = true;
    });
    await rest();
    assert.equal(isAnswered, false);
    assert.equal(await about.act({ session: 2, act: "resume" }), true);
    await answer;
    assert.equal(await about.act({ session: 2, act: "cut" }), true);
    await house.clock.pass(1_000);
    await rest();
    const states = events().flatMap((event) =>
      event.kind === "link" && event.session === 2 ? [event.state] : [],
    );
    assert.deepEqual(states, ["connected", "detached", "resumed"]);
    await other.$.close();
    await end();
  });

  test("whoever may see only its own session sees no other one", async () => {
    const { house, client, events, rest, end } = await watched({ introspection: { statistics: "own" } });
    const other = await house.connect();
    await other.lookup({ id: 5n });
    await client.lookup({ id: 6n });
    await rest();
    assert.deepEqual(new Set(events().map(({ session }) => session)), new Set([1]));
    await other.$.close();
    await end();
  });

  test("a reader that is slow misses some, and is told how many", async () => {
    const house = new House();
    const server = await house.serve();
    const client = await house.connect();
    const about = (await openIntrospection(client.$.session)) ?? assert.fail();
    const stream = about.trace({ ...ALL, sample_ms: 60_000 });
    await settled();
    for (let round = 0; round < 300; round++) {
      await Promise.all(Array.from({ length: 60 }, (_, id) => client.lookup({ id: BigInt(id + 1) })));
    }
    const kinds = new Map<string, number>();
    let dropped = 0;
    let items = 0;
    for await (const text of stream.out) {
      for (const line of text.split("\n").map((one) => JSON.parse(one) as TraceEvent)) {
        kinds.set(line.kind, (kinds.get(line.kind) ?? 0) + 1);
        if (line.kind === "dropped") dropped += line.count;
      }
      if (dropped > 0) break;
      // One more call, so that what was left out is told; not for ever.
      assert.ok(++items < 1_000, "nothing was left out");
      await client.lookup({ id: 1n });
    }
    const seen = kinds.get("call-end") ?? 0;
    assert.ok(seen > 0 && dropped > 0, `${seen} calls seen, ${dropped} events left out`);
    await stream.catch(() => {});
    await house.end(about, client.$, server);
  });
});
