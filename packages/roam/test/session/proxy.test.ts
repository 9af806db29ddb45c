import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { accept, connect, implement, RoamError } from "roam";
import { memoryLinkPair } from "roam/link";
import { forwardTo, type SessionOptions } from "roam/session";
import { type ScriptedPeer, settled } from "roam/testing";
import { type Message, Metadata, MetadataEntry, NO_PROPAGATE, SENSITIVE } from "roam/wire";
import {
  acceptOf,
  closeOf,
  openOf,
  rejectOf,
  responseOf,
  type Scripted,
  scripted,
  Testbed,
  testbedHandlers,
} from "./harness.ts";

interface Proxied extends AsyncDisposable {
  /** The session with the one who opens, an initiator; its ids are odd. */
  readonly near: Scripted;
  /** The session with the one who serves, an acceptor; ours are odd there. */
  readonly far: Scripted;
}

async function proxied(nearOptions: SessionOptions = {}, farOptions: SessionOptions = {}): Promise<Proxied> {
  const far = await scripted("initiator", farOptions);
  const near = await scripted("acceptor", {
    ...nearOptions,
    acceptConnection: () => forwardTo(far.session),
  });
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
    },
  };
}

/** Connection 13 at the near peer, 1 at the far one. */
async function joined(nearOptions: SessionOptions = {}, farOptions: SessionOptions = {}): Promise<Proxied> {
  const both = await proxied(nearOptions, farOptions);
  await both.near.peer.send(openOf(13));
  await both.far.peer.expect("ConnectionOpen");
  await both.far.peer.send(acceptOf(1));
  await both.near.peer.expect("ConnectionAccept");
  return both;
}

const marked = new Metadata([
  new MetadataEntry("a", "stays"),
  new MetadataEntry("b", "goes", NO_PROPAGATE),
  new MetadataEntry("c", "stays", SENSITIVE | (1n << 40n)),
  new MetadataEntry("a", Uint8Array.of(1)),
]);
const forwarded = ["a", "c", "a"];
const keys = (metadata: Metadata) => [...metadata].map(({ key }) => key);

// r[verify session.x.proxy]
suite("a proxied open", () => {
  for (const { parity, other, byte } of [
    { parity: "odd", other: "even", byte: 0 },
    { parity: "even", other: "odd", byte: 1 },
  ] as const) {
    test(`goes on with the near peer's parity, ${parity}, its limit and what may propagate`, async () => {
      await using both = await proxied();
      const { near, far } = both;
      const settings = { parity, maxConcurrentRequests: 7 };
      await near.peer.send({ tag: "ConnectionOpen", connectionId: 13, settings, metadata: marked });
      const payload = await far.peer.script.expect("ConnectionOpen");
      assert.deepEqual([...payload.subarray(0, 5)], [1, 3, byte, 7, 3]);
      await near.peer.expectNothing();
      const answer = { parity: other, maxConcurrentRequests: 9 };
      await far.peer.send({ tag: "ConnectionAccept", connectionId: 1, settings: answer, metadata: marked });
      const accepted = await near.peer.expect("ConnectionAccept");
      assert.equal(accepted.connectionId, 13);
      assert.deepEqual(accepted.settings, answer);
      assert.deepEqual(keys(accepted.metadata), forwarded);
    });
  }

  test("is rejected as the far peer rejects it", async () => {
    await using both = await proxied();
    const { near, far } = both;
    await near.peer.send(openOf(13));
    await far.peer.expect("ConnectionOpen");
    await far.peer.send({ tag: "ConnectionReject", connectionId: 1, metadata: marked });
    const rejected = await near.peer.expect("ConnectionReject");
    assert.equal(rejected.connectionId, 13);
    assert.deepEqual(keys(rejected.metadata), forwarded);
  });

  test("is rejected when the far session has ended, or ends meanwhile", async () => {
    await using both = await proxied();
    const { near, far } = both;
    await near.peer.send(openOf(13));
    await far.peer.expect("ConnectionOpen");
    far.peer.die();
    assert.equal((await near.peer.expect("ConnectionReject")).connectionId, 13);
    await near.peer.send(openOf(15));
    assert.equal((await near.peer.expect("ConnectionReject")).connectionId, 15);
    assert.equal(near.session.hasEnded, false);
  });

  for (const { name, leave } of [
    { name: "closed the connection", leave: (peer: ScriptedPeer) => peer.send(closeOf(13)) },
    { name: "left", leave: (peer: ScriptedPeer) => peer.die() },
  ]) {
    test(`an accept for a near peer that has ${name} is closed again`, async () => {
      await using both = await proxied();
      const { near, far } = both;
      await near.peer.send(openOf(13));
      await far.peer.expect("ConnectionOpen");
      await leave(near.peer);
      await settled();
      await far.peer.send(acceptOf(1));
      await far.peer.script.expectBytes([1, 6, 0], "ConnectionClose");
      await far.peer.expectNothing();
      if (!near.session.hasEnded) await near.peer.expectNothing();
      assert.equal(far.session.virtualConnections, 0);
    });

    test(`a rejection for a near peer that has ${name} is not passed on`, async () => {
      await using both = await proxied();
      const { near, far } = both;
      await near.peer.send(openOf(13));
      await far.peer.expect("ConnectionOpen");
      await leave(near.peer);
      await settled();
      await far.peer.send(rejectOf(1));
      await far.peer.expectNothing();
      if (!near.session.hasEnded) await near.peer.expectNothing();
    });
  }
});

// r[verify session.x.proxy]
suite("messages through a proxy", () => {
  // Arguments, results and items are no values of any type: nobody may look at them.
  const opaque = [0xff, 0xff, 0xff, 0, 1, 2];
  for (const { name, body } of [
    { name: "Call", body: [7, 1, 0, 0x85, 0x80, 0x01, 2, 1, 0xad, 2, 0, ...opaque] },
    {
      name: "Call with an id above 2^53",
      body: [7, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0, 5, 0, 0],
    },
    { name: "Response", body: [7, 1, 1, 1, 9, 1, 1, 0x6b, 2, 0xac, 2, 1, ...opaque] },
    { name: "Cancel", body: [7, 1, 2, 0] },
    { name: "Item", body: [8, 3, 0, ...opaque] },
    { name: "Item without bytes", body: [8, 3, 0] },
    { name: "Close", body: [8, 3, 1, 1, 1, 0x6b, 0, 1, 0x76, 0x80, 0x80, 0x04] },
    { name: "Reset", body: [8, 3, 2, 0] },
    { name: "GrantCredit", body: [8, 3, 3, 0xff, 0xff, 0xff, 0xff, 0x0f] },
  ]) {
    test(`${name}: the same bytes both ways, with the connection's other id`, async () => {
      await using both = await joined();
      const { near, far } = both;
      await near.peer.sendBytes([13, ...body]);
      await far.peer.script.expectBytes([1, ...body], "to the far peer");
      await far.peer.sendBytes([1, ...body]);
      await near.peer.script.expectBytes([13, ...body], "to the near peer");
    });
  }

  for (const message of [
    { tag: "RequestCancel", connectionId: 13, id: 1, metadata: marked },
    { tag: "ChannelClose", connectionId: 13, id: 1, metadata: marked },
    {
      tag: "RequestResponse",
      connectionId: 13,
      id: 1,
      channels: [],
      metadata: marked,
      ret: Uint8Array.of(1),
    },
  ] as const) {
    test(`NO_PROPAGATE entries of a ${message.tag} stay behind, both ways, and nothing else`, async () => {
      await using both = await joined();
      const { near, far } = both;
      await near.peer.send(message);
      const there = await far.peer.expect(message.tag);
      await far.peer.send({ ...message, connectionId: 1 });
      const back = await near.peer.expect(message.tag);
      for (const { metadata } of [there, back]) {
        assert.deepEqual(
          [...metadata].map(({ key, value, flags }) => [key, value, flags]),
          [
            ["a", "stays", 0n],
            ["c", "stays", SENSITIVE | (1n << 40n)],
            ["a", Uint8Array.of(1), 0n],
          ],
        );
      }
    });
  }
});

// r[verify session.x.proxy]
suite("the end of a proxied connection", () => {
  test("a close by the near peer closes the far side, once", async () => {
    await using both = await joined();
    const { near, far } = both;
    await near.peer.send(closeOf(13));
    await far.peer.script.expectBytes([1, 6, 0], "ConnectionClose");
    await expectQuiet(both);
  });

  test("a close by the far peer closes the near side, once", async () => {
    await using both = await joined();
    const { near, far } = both;
    await far.peer.send(closeOf(1));
    await near.peer.script.expectBytes([13, 6, 0], "ConnectionClose");
    await expectQuiet(both);
  });

  for (const side of ["near", "far"] as const) {
    test(`a close by the proxy itself, at its ${side} side, is told to both, once`, async () => {
      await using both = await joined();
      const { near, far } = both;
      both[side].session.closeConnection(side === "near" ? 13 : 1);
      await near.peer.script.expectBytes([13, 6, 0], "to the near peer");
      await far.peer.script.expectBytes([1, 6, 0], "to the far peer");
      await expectQuiet(both);
    });

    for (const how of ["dies", "closes"] as const) {
      test(`a ${side} session that ${how} closes the other side`, async () => {
        await using both = await joined();
        const other = side === "near" ? both.far : both.near;
        if (how === "dies") both[side].peer.die(new RoamError("io", "cable cut"));
        else void both[side].session.close();
        await other.peer.script.expectBytes([side === "near" ? 1 : 13, 6, 0], "ConnectionClose");
        await other.peer.expectNothing();
        assert.equal(other.session.virtualConnections, 0);
      });
    }
  }

  test("what the far link does not take closes both sides, and the sessions live", async () => {
    await using both = await joined({}, { limits: { maxPayloadBytes: 100 } });
    const { near, far } = both;
    await near.peer.sendBytes([13, 7, 1, 0, 5, 0, 0, ...new Uint8Array(200)]);
    await far.peer.script.expectBytes([1, 6, 0], "ConnectionClose");
    await near.peer.script.expectBytes([13, 6, 0], "ConnectionClose");
    await expectQuiet(both);
  });
});

// r[verify session.x.proxy]
suite("backpressure through a proxy", () => {
  const ITEMS = 2_000;
  const item = (connectionId: number, n: number): Message => {
    const body = new Uint8Array(1_000);
    new DataView(body.buffer).setUint32(0, n);
    return { tag: "ChannelItem", connectionId, id: 1, item: body };
  };
  const numberOf = (message: Message) => {
    assert(message.tag === "ChannelItem" && message.item instanceof Uint8Array);
    return new DataView(message.item.buffer, message.item.byteOffset).getUint32(0);
  };

  for (const { from, to, fromId, toId } of [
    { from: "near", to: "far", fromId: 13, toId: 1 },
    { from: "far", to: "near", fromId: 1, toId: 13 },
  ] as const) {
    test(`a ${to} peer that does not read stops the ${from} one, and not the other direction`, async () => {
      await using both = await joined();
      const { [from]: source, [to]: target } = both;
      target.peer.script.link.rx.pause();
      let sent = 0;
      const flooding = (async () => {
        for (; sent < ITEMS; sent++) await source.peer.send(item(fromId, sent));
      })();
      await settled(() => sent);
      assert(sent < ITEMS / 2, `${sent} items were taken`);
      await target.peer.send(responseOf(7, [0, 1], toId));
      const response = await source.peer.expect("RequestResponse");
      assert.deepEqual([response.connectionId, response.id], [fromId, 7]);
      target.peer.script.link.rx.resume();
      for (let n = 0; n < ITEMS; n++) assert.equal(numberOf(await target.peer.expectAny()), n);
      await flooding;
      await source.peer.sendBytes([0, 9, 1]);
      await source.peer.expect("Pong");
    });

    for (const end of ["dies", "closes the connection"] as const) {
      test(`the ${from} session is read again when the blocked ${to} side ${end}`, async () => {
        await using both = await joined();
        const { [from]: source, [to]: target } = both;
        target.peer.script.link.rx.pause();
        let sent = 0;
        const flooding = (async () => {
          for (; sent < ITEMS; sent++) await source.peer.send(item(fromId, sent));
        })();
        await settled(() => sent);
        if (end === "dies") target.peer.die();
        else await target.peer.send(closeOf(toId));
        await flooding;
        await source.peer.script.expectBytes([fromId, 6, 0], "ConnectionClose");
        await source.peer.sendBytes([0, 9, 1]);
        await source.peer.expect("Pong");
      });
    }
  }
});

// r[verify session.x.proxy]
test("a client and a service through two proxies: calls, errors, both channel directions, cancellation", async () => {
  let cancelled = 0;
  const handlers = {
    ...testbedHandlers,
    echo: ({ message }: { message: string }, { signal }: { signal: AbortSignal }) =>
      message !== "wait"
        ? message
        : new Promise<string>((_, reject) => {
            signal.addEventListener("abort", () => {
              cancelled++;
              reject(signal.reason);
            });
          }),
  };
  const handler = implement(Testbed, handlers);
  const Hub = Testbed;
  const [serverEnd, backLink] = memoryLinkPair();
  const [backEnd, middleLink] = memoryLinkPair();
  const [middleEnd, clientLink] = memoryLinkPair();
  const server = accept(serverEnd, handler, { services: [handler] });
  const back = await connect(backLink, Hub);
  const middleSession = accept(backEnd, handler, { acceptConnection: () => forwardTo(back.$.session) });
  const middle = await connect(middleLink, Hub);
  const lastSession = accept(middleEnd, handler, {
    acceptConnection: () => forwardTo(middle.$.session),
  });
  const root = await connect(clientLink, Hub);
  const client = await root.$.open(Testbed);

  assert.equal(await client.echo({ message: "through" }), "through");
  await assert.rejects(client.divide({ dividend: 1n, divisor: 0n }), {
    code: "user",
    detail: "DivisionByZero",
  });
  assert.equal(await client.sum({ numbers: Array.from({ length: 500 }, (_, n) => n) }), 124_750n);
  const numbers: number[] = [];
  for await (const number of client.generate({ count: 500 }).output) numbers.push(number);
  assert.deepEqual(
    numbers,
    Array.from({ length: 500 }, (_, n) => n),
  );
  const controller = new AbortController();
  const waiting = client.echo({ message: "wait" }, { signal: controller.signal });
  waiting.catch(() => {});
  await settled();
  controller.abort();
  await settled();
  await assert.rejects(waiting);
  assert.equal(cancelled, 1);
  await client.$.close();
  await settled();
  assert.equal((await server).virtualConnections, 0);
  for (const { $ } of [root, middle, back]) await $.close();
  await Promise.all([lastSession, middleSession, server].map(async (session) => (await session).close()));
});

async function expectQuiet({ near, far }: Proxied): Promise<void> {
  await near.peer.expectNothing();
  await far.peer.expectNothing();
  assert.equal(near.session.virtualConnections, 0);
  assert.equal(far.session.virtualConnections, 0);
}
