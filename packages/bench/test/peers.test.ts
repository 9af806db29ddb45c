import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, type TestContext, test } from "node:test";
import { lanes } from "../src/lanes.ts";
import type { Credit, Peer } from "../src/peer.ts";
import { peers, systems } from "../src/peers/peers.ts";
import { sendInWindows, WINDOW_ITEMS } from "../src/peers/streams.ts";
import { NotFoundError, type Serving, type System } from "../src/peers/system.ts";

const STREAM_MS = 20;
const CREDITS: readonly Credit[] = [16, 256, 4096];
const CLOSE_MS = 5000;

/** What keeps this process alive, sorted, without what is over in a moment. */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !/^(FSReq|Immediate|TickObject)/.test(name))
    .sort();
}

/** Waits until as much is left as was there before. */
async function checkNothingLeft(before: readonly string[]): Promise<void> {
  const end = performance.now() + CLOSE_MS;
  while (performance.now() < end && resources().length > before.length) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(resources(), before);
}

/** Serves, or tells why it cannot: only what a system needs beside its package may be missing. */
async function servingOf(t: TestContext, system: System, directory: string): Promise<Serving | undefined> {
  try {
    return await system.serve(directory);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    t.diagnostic(error.message);
    return undefined;
  }
}

async function checkCalls(peer: Peer): Promise<void> {
  assert.equal(await peer.call(0), 1);
  const values = Array.from({ length: 200 }, (_, index) => index * 80);
  const answers = await Promise.all(values.map((value) => peer.call(value)));
  assert.deepEqual(
    answers,
    values.map((value) => value + 1),
  );
}

async function checkEchoes(peer: Peer): Promise<void> {
  const lengths = [1, 1024, 64 * 1024, 1024 * 1024];
  const back = await Promise.all(lengths.map((length) => peer.echo(new Uint8Array(length).fill(7))));
  assert.deepEqual(back, lengths);
}

/** The peer itself compares the counts of both sides. */
async function checkStreams(both: readonly Peer[], verb: "receive" | "send"): Promise<void> {
  for (const credit of CREDITS) {
    const counts = await Promise.all(both.map((peer) => peer[verb]?.(STREAM_MS, credit)));
    for (const count of counts) assert.ok(count !== undefined && count > 0, `${verb} ${credit}: ${count}`);
  }
}

/** Passes connections on, and counts them. */
async function countingProxy(port: number) {
  let count = 0;
  const server = createServer((near) => {
    count++;
    const far = connect(port, "127.0.0.1");
    const pass = (from: Socket, to: Socket) => {
      from.pipe(to);
      from.on("close", () => to.destroy());
      from.on("error", () => from.destroy());
    };
    pass(near, far);
    pass(far, near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

const NO_SEND = ["trpc"];

/** All that a peer can do, on two connections. */
async function checkPeers(first: Peer, second: Peer): Promise<void> {
  await checkCalls(second);
  await checkCalls(first);
  await checkEchoes(first);
  await checkStreams([first, second], "receive");
  if (first.send !== undefined) await checkStreams([first, second], "send");
}

suite("peers", () => {
  for (const { name, load } of systems) {
    test(`${name} counts right on two connections and leaves nothing behind`, async (t) => {
      const system = await load();
      const directory = mkdtempSync(join(tmpdir(), "roam-bench-"));
      t.after(() => rmSync(directory, { recursive: true }));
      const before = resources();
      const serving = await servingOf(t, system, directory);
      if (serving === undefined) return;
      const [port] = /\d+(?=\/?$)/.exec(serving.address) ?? assert.fail(serving.address);
      const proxy = await countingProxy(Number(port));
      const address = serving.address.replace(port, String(proxy.port));
      const first = await system.open(address);
      const second = await system.open(address);
      try {
        await checkPeers(first, second);
        assert.equal(first.send === undefined, NO_SEND.includes(name));
        assert.equal(proxy.count(), 2);
      } finally {
        await Promise.all([first.close(), second.close()]);
        await proxy.close();
        await serving.close();
      }
      await checkNothingLeft(before);
    });
  }

  test("one whose program is not installed says so", async (t) => {
    const path = process.env.PATH;
    t.after(() => {
      process.env.PATH = path;
    });
    process.env.PATH = "";
    const nats = peers.find(({ name }) => name === "nats");
    await assert.rejects(async () => nats?.serve("."), { name: "NotFoundError", message: /nats-server/ });
  });

  test("all are compared with a limit that is measured", () => {
    const limits = lanes.filter(({ raw }) => raw === undefined).map(({ name }) => name);
    for (const { name, raw } of peers) assert.ok(raw !== undefined && limits.includes(raw), name);
  });
});

suite("sendInWindows", () => {
  test("is never more than two windows ahead, and done when all is taken", async () => {
    let sent = 0;
    let taken = 0;
    let ahead = 0;
    const send = (item: number) => {
      assert.equal(item, sent++);
      ahead = Math.max(ahead, sent - taken);
    };
    const ask = async (item: number) => {
      send(item);
      await new Promise((resolve) => setTimeout(resolve, 1));
      taken = item + 1;
    };
    assert.equal(await sendInWindows(STREAM_MS, send, ask), sent);
    assert.equal(taken, sent);
    assert.equal(ahead, 2 * WINDOW_ITEMS);
  });
});
