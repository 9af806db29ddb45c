import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clientOn, implement, RoamError } from "roam";
import { settled } from "roam/testing";
import { type Message, Metadata } from "roam/wire";
import {
  acceptOf,
  callOf,
  responseOf,
  type Scripted,
  scripted,
  Testbed,
  testbedHandlers,
  watch,
} from "./harness.ts";

/** Tells the fillers of `block` from what a test looks at. */
const FILLER_CHANNEL = 2 ** 40 + 1;
/** More than the two directions of a memory link hold of small messages, and what waits beside. */
const BOUND = 3_000;

/** The counterpart stops reading, and the link fills up. */
function block({ session, peer }: Scripted): number {
  peer.script.link.rx.pause();
  for (let payloads = 0; ; payloads++) {
    const permit = session.tryReserve();
    if (permit === undefined) return payloads;
    permit.send({ tag: "ChannelItem", connectionId: 0, id: FILLER_CHANNEL, item: new Uint8Array(20_000) });
  }
}

/** What comes, without the fillers, until `last`. */
async function receivedUntil({ peer }: Scripted, last: (message: Message) => boolean): Promise<Message[]> {
  peer.script.link.rx.resume();
  const received: Message[] = [];
  for (;;) {
    const message = await peer.expectAny();
    if (message.tag === "ChannelItem" && message.id === FILLER_CHANNEL) continue;
    received.push(message);
    if (last(message)) return received;
  }
}

// r[verify session.x.fair]
suite("control messages and data on a blocked link", () => {
  test("Pong, Cancel, GrantCredit, ChannelClose, Reset and ConnectionClose go ahead of calls and items that wait", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const opening = session.openConnection();
    await peer.expect("ConnectionOpen");
    await peer.send(acceptOf(1));
    await opening;
    const client = clientOn(session, session.root, Testbed);
    // Channels in flight: 1 sends, 3 receives, 5 receives and is reset, 7 is closed.
    const { input } = client.transform();
    const stream = client.generate({ count: 1 });
    const [closing, controller] = [client.sum(), new AbortController()];
    const cancelled = watch(client.echo({ message: "c" }, { signal: controller.signal }));
    for (let call = 0; call < 4; call++) await peer.expect("RequestCall");
    for (let item = 0; item < 8; item++) {
      await peer.send({ tag: "ChannelItem", connectionId: 0, id: 5, item: Uint8Array.of(item) });
    }
    await settled();
    block(running);

    const waiting = [client.echo({ message: "data" }), input.send("data")].map(watch);
    await settled();
    await peer.sendBytes([0, 9, 7]);
    await settled();
    for (let item = 0; item < 8; item++) await stream.output.next();
    stream.output.reset();
    await closing.numbers.close();
    controller.abort(new RoamError("aborted", "enough"));
    session.closeConnection(1);
    await settled();
    assert.deepEqual(
      waiting.map(({ times }) => times),
      [0, 0],
    );
    assert.equal(cancelled.outcome, "aborted");

    const received = await receivedUntil(running, () => peer.script.waiting === 0);
    while (received.length < 8) received.push(await peer.expectAny());
    assert.deepEqual(
      received.slice(0, 6).map(({ tag }) => tag),
      ["Pong", "ChannelGrantCredit", "ChannelReset", "ChannelClose", "RequestCancel", "ConnectionClose"],
    );
    const data = received.slice(6).map(({ tag }) => tag);
    assert.deepEqual(data.sort(), ["ChannelItem", "RequestCall"]);
    await running.clock.pass(30_000);
  });

  test("a control message needs no credit of any channel", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const { numbers } = clientOn(session, session.root, Testbed).sum();
    await peer.expect("RequestCall");
    for (let sent = 0; sent < 16; sent++) {
      await numbers.send(sent);
      await peer.expect("ChannelItem");
    }
    const stuck = watch(numbers.send(16));
    await peer.sendBytes([0, 9, 1]);
    await peer.expect("Pong");
    assert.equal(stuck.times, 0);
  });

  test("data that waits goes out in the order in which it asked", async () => {
    await using running = await scripted("initiator");
    const { peer, session } = running;
    const client = clientOn(session, session.root, Testbed);
    block(running);
    for (const message of ["a", "b", "c", "d"]) client.echo({ message }).catch(() => {});
    const received = await receivedUntil(
      running,
      (message) => message.tag === "RequestCall" && message.id === 7,
    );
    assert.deepEqual(
      received.map((message) => message.tag === "RequestCall" && message.id),
      [1, 3, 5, 7],
    );
    assert.equal(peer.script.waiting, 0);
  });
});

suite("a counterpart that asks and does not read the answers", () => {
  const limits = { maxQueuedControls: 50 };

  test("is not read any more once enough answers wait, and again when it reads", async () => {
    await using running = await scripted("acceptor", { limits });
    const { peer, session } = running;
    block(running);
    const PINGS = 10_000;
    let sent = 0;
    const flooding = (async () => {
      for (; sent < PINGS; sent++) await peer.send({ tag: "Ping", connectionId: 0, nonce: sent });
    })();
    await settled(() => sent);
    // What the link holds, and what waits for it here: nothing grows with the flood.
    assert(sent < BOUND, `${sent} Pings were taken`);
    assert.equal(session.hasEnded, false);
    const received = await receivedUntil(
      running,
      (message) => message.tag === "Pong" && message.nonce === PINGS - 1,
    );
    assert.deepEqual(
      received.map((message) => message.tag === "Pong" && message.nonce),
      Array.from({ length: PINGS }, (_, nonce) => nonce),
    );
    await flooding;
    assert.equal(sent, PINGS);
  });

  for (const { name, flood } of [
    {
      name: "calls of an unknown method",
      flood: (n: number) => ({ ...callOf("echo", 2 * n + 1), methodHi: 0 }),
    },
    {
      name: "opens that are rejected",
      flood: (n: number): Message => ({
        tag: "ConnectionOpen",
        connectionId: 2 * n + 1,
        settings: { parity: "odd", maxConcurrentRequests: 1 },
        metadata: Metadata.EMPTY,
      }),
    },
  ]) {
    test(`is bounded: ${name}`, async () => {
      await using running = await scripted("acceptor", { limits });
      const { peer } = running;
      block(running);
      let sent = 0;
      const flooding = (async () => {
        for (; sent < 10_000; sent++) await peer.send(flood(sent));
      })();
      flooding.catch(() => {});
      await settled(() => sent);
      assert(sent < BOUND, `${sent} were taken`);
    });
  }

  test("answers with large bodies are bounded as well", async () => {
    const large = "x".repeat(100_000);
    let served = 0;
    const handler = implement(Testbed, {
      ...testbedHandlers,
      echo: () => {
        served++;
        return large;
      },
    });
    await using running = await scripted("acceptor", { handler, limits: { maxConcurrentRequests: 4 } });
    const { peer, session } = running;
    peer.script.link.rx.pause();
    for (let call = 0; call < 12; call++) await peer.send(callOf("echo", 2 * call + 1, { args: [0] }));
    await settled();
    // Some are in the link, four wait for it, the rest has not been served.
    assert(served <= 4 + 4, `${served} large answers were made`);
    assert.equal(session.hasEnded, false);
    peer.script.link.rx.resume();
    for (let call = 0; call < 12; call++) await peer.expect("RequestResponse");
    assert.equal(served, 12);
  });
});

test("an answer does not wait for calls of ours", async () => {
  await using running = await scripted("initiator", { handler: implement(Testbed, testbedHandlers) });
  const { peer, session } = running;
  const client = clientOn(session, session.root, Testbed);
  block(running);
  client.echo({ message: "ours" }).catch(() => {});
  await settled();
  await peer.send(callOf("echo", 2, { args: [0] }));
  await settled();
  const received = await receivedUntil(running, ({ tag }) => tag === "RequestCall");
  assert.deepEqual(
    received.map(({ tag }) => tag),
    ["RequestResponse", "RequestCall"],
  );
  await peer.send(responseOf(1, [0, 0]));
});
