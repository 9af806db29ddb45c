import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { documentOf } from "roam/schema";
import type { TraceEvent } from "roam/trace";
import { fileTrace } from "../../src/inspect/file-trace.ts";
import { Files } from "../commands/roam-command.ts";
import { connectShop, Shop, serveShop, startBetween } from "../traffic/shop-example.ts";

const files = new Files();
after(() => files[Symbol.dispose]());

async function eventsOf(path: string): Promise<{ head: Record<string, unknown>; events: TraceEvent[] }> {
  const input = await fileTrace(path);
  let text = "";
  for await (const part of input.open(new AbortController().signal)) text += part;
  const [head = "", ...lines] = text.trim().split("\n");
  return { head: JSON.parse(head), events: lines.map((line) => JSON.parse(line) as TraceEvent) };
}

const lines = (...values: object[]) => values.map((one) => `${JSON.stringify(one)}\n`).join("");
const HEADER = {
  roamCapture: 1,
  madeBy: "test",
  at: "2026-01-01T00:00:00.000Z",
  from: "tcp://a",
  to: "tcp://b",
};

suite("a capture as a trace", () => {
  test("has what the side that dialled would tell: its calls, answers, channels", async () => {
    await using shop = await serveShop();
    const path = join(files.directory, "one.jsonl");
    const run = await startBetween([
      "capture",
      "tcp://127.0.0.1:0",
      shop.address,
      "--to",
      path,
      "--sessions",
      "1",
    ]);
    const client = await connectShop(run.url, { conduit: "bare" });
    await client.find({ id: 1 });
    await client.find.result({ id: 0 });
    await client.sum({ numbers: [1, 2, 3] });
    await client.$.session.close();
    await run.done;
    const { head, events } = await eventsOf(path);
    assert.equal(head.roamTrace, 1);
    assert.deepEqual(
      (head.schema as { services: { name: string }[] }).services[0],
      documentOf([Shop]).services[0],
    );
    const [first] = events;
    assert(first?.kind === "session");
    assert.deepEqual([first.role, first.maxConcurrentRequests.there], ["initiator", 64]);
    const ends = events.flatMap((event) =>
      event.kind === "call-end" ? [[event.side, event.method, event.outcome]] : [],
    );
    assert.deepEqual(ends, [
      ["caller", "Shop.find", "ok"],
      ["caller", "Shop.find", "error"],
      ["caller", "Shop.sum", "ok"],
    ]);
    const sum = events.find((event) => event.kind === "call-begin" && event.method === "Shop.sum");
    assert(sum?.kind === "call-begin" && sum.channels?.length === 1);
    const items = events.filter((event) => event.kind === "message" && event.tag === "ChannelItem");
    assert.deepEqual(
      items.map((event) => event.kind === "message" && [event.direction, event.id, event.bytes]),
      [1, 2, 3].map(() => ["out", sum.channels?.[0], 1]),
    );
    assert.equal(events.at(-1)?.kind, "end");
  });

  test("ends calls that were never answered, and hides what was left out", async () => {
    const call = {
      tag: "RequestCall",
      connection: 0,
      id: 1,
      method: "6a09e667f3bcc908",
      metadata: [{ key: "token", redacted: true, flags: "1" }],
    };
    const path = files.write(
      "cut.jsonl",
      lines(
        HEADER,
        { t: 0, session: 1, begin: { peer: "x" } },
        { t: 1, session: 1, from: "acceptor", message: call },
        { t: 4.5, session: 1, end: { from: "initiator", cause: "session-lost" } },
      ),
    );
    const { events } = await eventsOf(path);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ["session", "message", "call-begin", "call-end", "end"],
    );
    const [, message, , ended, end] = events;
    assert(message?.kind === "message" && ended?.kind === "call-end" && end?.kind === "end");
    assert.deepEqual(message.metadata, [{ key: "token", isRedacted: true }]);
    assert.deepEqual(
      [message.direction, ended.side, ended.method, ended.outcome, ended.ms],
      ["in", "handler", "6a09e667f3bcc908", "lost", 3.5],
    );
    assert.equal(end.code, "session-lost");
  });

  test("is for captures and traces alone", async () => {
    const other = join(files.directory, "other.txt");
    writeFileSync(other, '{"something":"else"}\n');
    await assert.rejects(fileTrace(other), {
      name: "UsageFailure",
      message: /neither a trace nor a capture/,
    });
    await assert.rejects(fileTrace(files.write("new.jsonl", '{"roamTrace":2}\n')), { message: /version/ });
    await assert.rejects(fileTrace(join(files.directory, "none")), {
      name: "UsageFailure",
      message: /ENOENT/,
    });
  });
});
