import assert from "node:assert/strict";
import { channel } from "roam";
import type { Tally } from "../browser/tally.ts";
import { ITEMS, Site } from "./site.ts";
import { untilNone } from "./until-none.ts";

const CUTS = 20;

/** Spans of both sides under links that are cut, sessions that are lost, calls that are given up. */
export async function checkCuts(tally: Tally): Promise<void> {
  await tally.check("a cut and a resume are events on the spans that are open, on both sides", async () => {
    await using site = await Site.start();
    const { client, proxy, caller, handler } = site;
    const held = client.hold({ id: 1 });
    await untilNone(() => 1 - site.answers.size);
    proxy.cut();
    await untilNone(() => (client.$.session.state.kind === "resumed" ? 0 : 1));
    site.answers.get(1)?.();
    assert.equal(await held, 1);
    await untilNone(() => site.open);
    const names = ({ spans }: typeof caller) => spans.one("Work/hold").events.map(({ name }) => name);
    assert.deepEqual(names(caller), ["roam.detached", "roam.resumed"]);
    // The next link may be there before the end of the last one is noticed.
    assert.equal(names(handler).at(-1), "roam.resumed");
    const resumes = (await caller.metrics())["roam.session.resumes"];
    assert.deepEqual(
      resumes?.points.map(({ value }) => value),
      [1],
    );
    assert.equal(resumes?.unit, "{resume}");
  });

  await tally.check(
    `${CUTS} cuts under calls and streams: all arrives, every span ends, channels are linked`,
    async () => {
      await using site = await Site.start();
      const { client, proxy, caller, handler } = site;
      const copying = client.copy({ numbers: Array.from({ length: ITEMS }, (_, index) => index) });
      const fed = client.feed();
      const received = async (items: AsyncIterable<number>) => {
        let next = 0;
        for await (const number of items) assert.equal(number, next++);
        assert.equal(next, ITEMS);
      };
      let isOver = false;
      const streams = Promise.all([received(copying.out), received(fed.out), copying, fed]).finally(() => {
        isOver = true;
      });
      let calls = 0;
      for (let cut = 0; cut < CUTS || !isOver; cut++) {
        assert.equal(await client.add({ a: cut, b: 1 }), cut + 1);
        calls++;
        if (cut < CUTS) proxy.cut(cut % 2 === 0 ? "reset" : "close");
      }
      await streams;
      await untilNone(() => site.open);
      for (const { spans } of [caller, handler]) {
        assert.equal(spans.ended.filter(({ name }) => name === "Work/add").length, calls);
        for (const [call, names] of [
          ["Work/copy", ["numbers", "out"]],
          ["Work/feed", ["out"]],
        ] as const) {
          const { spanId } = spans.one(call).spanContext();
          for (const name of names) {
            const span = spans.one(`${call} ${name}`);
            assert.equal(span.attributes["roam.channel.items"], ITEMS);
            assert.equal(span.parentSpanContext?.spanId, spanId);
            const linked = caller.spans.one(call).spanContext().spanId;
            assert.deepEqual(
              span.links.map(({ context }) => context.spanId),
              [linked],
            );
          }
        }
      }
      // The stream outlived its call.
      const [endedCall, endedStream] = ["Work/feed", "Work/feed out"].map(
        (name) => handler.spans.one(name).endTime,
      );
      assert(endedCall !== undefined && endedStream !== undefined);
      assert(endedStream[0] > endedCall[0] || endedStream[1] > endedCall[1]);
    },
  );

  await tally.check("a session that is lost: its spans end on both sides, with why", async () => {
    await using site = await Site.start({ reconnect: { totalMs: 200 } });
    const { client, proxy, caller, handler } = site;
    const held = assert.rejects(client.hold({ id: 1 }), { code: "session-lost" });
    const streaming = client.copy();
    await streaming.numbers.send(1);
    await untilNone(() => 4 - handler.spans.started);
    proxy.refuse();
    proxy.cut();
    await Promise.all([held, assert.rejects(streaming, { code: "session-lost" })]);
    await untilNone(() => site.open);
    assert.equal(caller.spans.ended.length, 4);
    for (const { attributes } of caller.spans.ended) assert.equal(attributes["error.type"], "session-lost");
    for (const { attributes } of handler.spans.ended) {
      assert.equal(attributes["rpc.status_code"] ?? attributes["error.type"], "session-lost");
    }
  });

  await tally.check("calls aborted, timed out, refused and left by a close: no span stays open", async () => {
    const site = await Site.start({ limits: { maxQueuedCalls: 1 } });
    const { client, caller } = site;
    const stop = new AbortController();
    const codes = ["aborted", "deadline-exceeded", "queue-full", "closed"];
    const given = assert.rejects(client.hold({ id: 1 }, { signal: stop.signal }));
    const late = assert.rejects(client.hold({ id: 2 }, { timeoutMs: 50 }), { code: "deadline-exceeded" });
    await untilNone(() => 2 - site.answers.size);
    stop.abort();
    await Promise.all([given, late]);
    const many = Array.from({ length: 80 }, (_, index) => client.hold({ id: 100 + index }).catch(() => {}));
    const [tx] = channel<number>();
    const [, numbers] = channel<number>();
    const left = [client.copy({ numbers, out: tx }).catch(() => {}), client.copy().catch(() => {})];
    await untilNone(() => 62 - (site.answers.size - 2));
    await site[Symbol.asyncDispose]();
    await Promise.all([...many, ...left]);
    await untilNone(() => site.open);
    const seen = new Set(caller.spans.ended.map(({ attributes }) => attributes["rpc.status_code"]));
    seen.delete(undefined);
    assert.deepEqual([...seen].sort(), codes.sort());
  });

  await tally.check("a server that drains: what is served ends in time or with the session", async () => {
    await using site = await Site.start();
    const { client, server, handler } = site;
    const held = [1, 2].map((id) => client.hold({ id }));
    const ends = held.map((call) =>
      call.then(
        () => "ok",
        ({ code }) => code as string,
      ),
    );
    await untilNone(() => 2 - site.answers.size);
    const drained = server.drain({ timeoutMs: 100 });
    site.answers.get(1)?.();
    await drained;
    assert.deepEqual(await Promise.all(ends), ["ok", "closed"]);
    await untilNone(() => site.open);
    assert.deepEqual(
      handler.spans.ended.map(({ attributes }) => attributes["rpc.status_code"]),
      ["ok", "closed"],
    );
  });

  await tally.check("nothing is counted any more when all is over", async () => {
    const site = await Site.start();
    await site.client.add({ a: 1, b: 2 });
    await site[Symbol.asyncDispose]();
    for (const recorded of [site.caller, site.handler]) {
      const count = (await recorded.metrics())["roam.session.count"];
      assert.deepEqual(
        count?.points.map(({ value }) => value),
        [0],
      );
      assert.equal(count?.unit, "{session}");
    }
  });
}
