import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { suite, test } from "node:test";
import { type Link, LinkReceiver } from "roam/link";
import { dialWebSocket, type WebSocketConstructor } from "roam/websocket";
import { dialWs, listenWebSocket, type WebSocketListenOptions } from "roam/websocket-server";
import { WebSocket, WebSocketServer } from "ws";
import { Inbox } from "../../src/internal/inbox.ts";
import { portOf } from "./listening.ts";

const HOST = "127.0.0.1";

/** A link accepted from a bare `ws` client, which is in the test's hands, and its TCP socket. */
async function accepted(
  options: WebSocketListenOptions = {},
): Promise<{ link: Link; receiver: LinkReceiver; ws: WebSocket; tcp: Socket } & AsyncDisposable> {
  const links = new Inbox<Link>();
  const listener = await listenWebSocket({ host: HOST, port: 0, ...options }, (link) => links.push(link));
  const ws = new WebSocket(listener.address);
  ws.on("error", () => {});
  const upgraded = once(ws, "upgrade");
  const [link] = await Promise.all([links.take() as Promise<Link>, once(ws, "open")]);
  const [response] = (await upgraded) as [{ socket: Socket }];
  return {
    link,
    receiver: new LinkReceiver(link.rx),
    ws,
    tcp: response.socket,
    async [Symbol.asyncDispose]() {
      link.destroy();
      ws.terminate();
      await listener.close();
    },
  };
}

// r[verify transport.websocket]
suite("a bare WebSocket against a link", () => {
  // r[verify zerocopy.framing.link.websocket]
  test("each payload is one binary message without a prefix, both ways", async () => {
    await using pair = await accepted();
    const messages = new Inbox<[Buffer, boolean]>();
    pair.ws.on("message", (data: Buffer, isBinary: boolean) => messages.push([data, isBinary]));
    for (const payload of [[0, 0, 7, 0, 0x40, 0], [], [9]]) {
      const slot = (await pair.link.tx.reserve()).alloc(payload.length);
      slot.bytes.set(payload);
      slot.commit();
      const [data, isBinary] = (await messages.take()) ?? [];
      assert.deepEqual([...(data ?? [-1])], payload);
      assert.equal(isBinary, true);
      pair.ws.send(Uint8Array.from(payload));
      assert.deepEqual([...((await pair.receiver.recv()) ?? [-1])], payload);
    }
  });

  test("a message in several frames is one payload", async () => {
    await using pair = await accepted();
    pair.ws.send(Uint8Array.of(1, 2), { binary: true, fin: false });
    pair.ws.send(Uint8Array.of(3), { binary: true, fin: true });
    assert.deepEqual(await pair.receiver.recv(), Uint8Array.of(1, 2, 3));
  });

  // r[verify session.x.limits]
  test("a message above the limit of the moment is refused at its length, not held until it is whole", async () => {
    await using pair = await accepted({ maxPayloadBytes: 2 ** 20 });
    const message = (bytes: number) => new Uint8Array(bytes);
    pair.link.rx.maxPayloadBytes = 100;
    pair.ws.send(message(100));
    assert.equal((await pair.receiver.recv())?.length, 100);
    pair.link.rx.maxPayloadBytes = 2 ** 30;
    pair.ws.send(message(2 ** 20));
    assert.equal((await pair.receiver.recv())?.length, 2 ** 20);
    pair.link.rx.maxPayloadBytes = 100;
    // The head of a masked message of 101 bytes, and none of them.
    pair.tcp.write(Uint8Array.of(0x82, 0x80 | 101, 0, 0, 0, 0));
    await assert.rejects(pair.receiver.recv(), { code: "too-large" });
  });

  // r[verify link.rx.error]
  test("a text message is an error, for good", async () => {
    await using pair = await accepted();
    pair.ws.send(Uint8Array.of(5));
    pair.ws.send("hello");
    pair.ws.send(Uint8Array.of(6));
    assert.deepEqual(await pair.receiver.recv(), Uint8Array.of(5));
    for (let time = 0; time < 3; time++) await assert.rejects(pair.receiver.recv(), { code: "io" });
  });

  // r[verify link.rx.error]
  test("bytes that are no WebSocket frame are an error, for good", async () => {
    await using pair = await accepted();
    pair.tcp.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff)); // reserved bits and opcode
    for (let time = 0; time < 3; time++) await assert.rejects(pair.receiver.recv(), { code: "io" });
  });

  // r[verify link.rx.eof]
  for (const { name, leave } of [
    { name: "a close frame", leave: ({ ws }: { ws: WebSocket }) => ws.close() },
    { name: "TCP closed without a close frame", leave: ({ tcp }: { tcp: Socket }) => void tcp.destroy() },
    { name: "TCP reset", leave: ({ tcp }: { tcp: Socket }) => void tcp.resetAndDestroy() },
  ]) {
    test(`${name} is the end of the stream`, async () => {
      await using pair = await accepted();
      pair.ws.send(Uint8Array.of(5));
      assert.deepEqual(await pair.receiver.recv(), Uint8Array.of(5));
      leave(pair);
      for (let time = 0; time < 3; time++) assert.equal(await pair.receiver.recv(), null);
    });
  }

  // r[verify link.tx.close]
  test("close sends a close frame behind what was committed", async () => {
    await using pair = await accepted();
    const received: number[][] = [];
    pair.ws.on("message", (data: Buffer) => received.push([...data]));
    const closed = once(pair.ws, "close");
    (await pair.link.tx.reserve()).write(7, (writer, value) => writer.u8(value));
    await pair.link.tx.close();
    const [code] = (await closed) as [number];
    assert.deepEqual(received, [[7]]);
    assert.equal(code, 1005, "a close frame without a status");
  });

  // r[verify link.x.length-limit]
  test("a message above the limit ends the link, one at the limit does not", async () => {
    await using pair = await accepted();
    pair.link.rx.maxPayloadBytes = 1_000;
    pair.ws.send(new Uint8Array(1_000));
    pair.ws.send(new Uint8Array(1_001));
    assert.equal((await pair.receiver.recv())?.length, 1_000);
    await assert.rejects(pair.receiver.recv(), { code: "too-large" });
  });
});

// r[verify transport.websocket]
suite("a bare WebSocket server against the platform's class", () => {
  for (const { name, act, outcome } of [
    { name: "a text message is an error", act: (ws: WebSocket) => ws.send("hello"), outcome: "io" },
    { name: "a close frame is the end", act: (ws: WebSocket) => ws.close(), outcome: null },
    { name: "a dropped connection is the end", act: (ws: WebSocket) => ws.terminate(), outcome: null },
  ]) {
    test(`${name}, for good`, async () => {
      const server = new WebSocketServer({ host: HOST, port: 0 });
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const [link, [ws]] = await Promise.all([
        dialWebSocket(`ws://${HOST}:${port}/`, { WebSocket: WebSocket as unknown as WebSocketConstructor }),
        once(server, "connection") as Promise<[WebSocket]>,
      ]);
      const receiver = new LinkReceiver(link.rx);
      ws.send(Uint8Array.of(5));
      assert.deepEqual(await receiver.recv(), Uint8Array.of(5));
      act(ws);
      for (let time = 0; time < 3; time++) {
        if (outcome === null) assert.equal(await receiver.recv(), null);
        else await assert.rejects(receiver.recv(), { code: outcome });
      }
      link.destroy();
      ws.terminate();
      server.close();
      await once(server, "close");
    });
  }
});

/** What an upgrade is answered with. */
async function statusOf(address: string, headers: Record<string, string> = {}): Promise<number> {
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const request = get(address.replace(/^ws/, "http"), { headers: { ...upgrade, ...headers }, agent: false });
  const [response] = await once(request, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

suite("WebSocket upgrades", () => {
  test("only the path asked for is taken", async () => {
    const links = new Inbox<Link>();
    const listener = await listenWebSocket({ host: HOST, port: 0, path: "/rpc" }, (link) => links.push(link));
    assert.match(listener.address, /\/rpc$/);
    const elsewhere = listener.address.replace("/rpc", "/other");
    assert.equal(await statusOf(elsewhere), 404);
    await assert.rejects(dialWs(elsewhere), { code: "io" });
    const [link, accepted] = await Promise.all([dialWs(`${listener.address}?who=me`), links.take()]);
    link.destroy();
    accepted?.destroy();
    await listener.close();
  });

  test("a request that `accept` declines is refused", async () => {
    const listener = await listenWebSocket(
      { host: HOST, port: 0, accept: ({ headers }) => headers.origin === "https://example.org" },
      (link) => link.destroy(),
    );
    await assert.rejects(dialWs(listener.address), { code: "io", message: /403/ });
    const link = await dialWs(listener.address, { ws: { origin: "https://example.org" } });
    link.destroy();
    await listener.close();
  });

  for (const { origins, taken, refused } of [
    {
      origins: undefined,
      taken: ["http://HERE", `http://${HOST}:5173`, undefined],
      refused: ["http://evil.example", `http://${HOST}.evil.example`, "null", "HERE"],
    },
    {
      origins: ["https://app.example"],
      taken: ["https://app.example", undefined],
      refused: ["http://HERE", "http://app.example", "https://app.example.evil.example"],
    },
    { origins: "any", taken: ["https://app.example", "null", undefined], refused: [] },
  ] as const) {
    test(`pages come from the same host, or as listed: ${JSON.stringify(origins)}`, async () => {
      const links = new Inbox<Link>();
      const allowed = origins === undefined ? {} : { origins };
      const listener = await listenWebSocket({ host: HOST, port: 0, ...allowed }, (link) => links.push(link));
      const here = new URL(listener.address).host;
      const from = (origin: string | undefined): Record<string, string> =>
        origin === undefined ? {} : { origin: origin.replace("HERE", here) };
      for (const origin of taken) {
        const link = await dialWs(listener.address, { ws: { headers: from(origin) } });
        const { facts } = (await links.take()) as Link;
        assert.equal(facts?.headers?.origin, origin?.replace("HERE", here));
        assert.equal(facts?.address, HOST);
        link.destroy();
      }
      for (const origin of refused) assert.equal(await statusOf(listener.address, from(origin)), 403);
      await listener.close();
    });
  }

  test("wss: with a client certificate, which is among the facts", async () => {
    const pem = (name: string) => readFileSync(new URL(`fixtures/test-only-${name}.pem`, import.meta.url));
    const [ca, cert, key] = [pem("ca"), pem("client"), pem("client.key")];
    const tls = { cert: pem("server"), key: pem("server.key"), ca, requestCert: true };
    const links = new Inbox<Link>();
    const listener = await listenWebSocket({ host: HOST, port: 0, tls }, (link) => links.push(link));
    assert.match(listener.address, /^wss:/);
    await assert.rejects(dialWs(listener.address, { ws: { ca } }), { code: "io" });
    const link = await dialWs(listener.address, { ws: { ca, cert, key } });
    const { facts } = (await links.take()) as Link;
    assert.equal(facts?.certificate?.isTrusted, true);
    link.destroy();
    await listener.close();
  });

  // r[verify session.x.limits]
  for (const { name, said } of [
    { name: "nothing", said: "" },
    { name: "half a request", said: "GET / HTTP/1.1\r\nHost: a\r\nX: " },
    { name: "a request without its end", said: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n" },
  ]) {
    test(`who connects and sends ${name} is hung up on when the time for a handshake is over`, async () => {
      const options = { host: HOST, port: 0, handshakeTimeoutMs: 50 };
      const listener = await listenWebSocket(options, (link) => link.destroy());
      const socket = connectTcp(portOf(listener.address), HOST);
      socket.write(said);
      socket.resume();
      await once(socket, "close");
      await listener.close();
    });
  }

  // r[verify session.x.limits]
  test("sockets above the limit of links are closed at once, upgraded or not", async () => {
    const listener = await listenWebSocket({ host: HOST, port: 0, maxLinks: 2 }, () => {});
    const port = portOf(listener.address);
    const first = [connectTcp(port, HOST), connectTcp(port, HOST)];
    await Promise.all(first.map((socket) => once(socket, "connect")));
    const surplus = connectTcp(port, HOST);
    surplus.on("error", () => {});
    await once(surplus, "close");
    for (const socket of first) socket.destroy();
    await listener.close();
  });

  test("a plain request is told to upgrade", async () => {
    const listener = await listenWebSocket({ host: HOST, port: 0 }, () => {});
    const [response] = await once(
      get({ host: HOST, port: portOf(listener.address), agent: false }),
      "response",
    );
    assert.equal(response.statusCode, 426);
    response.resume();
    await once(response, "end");
    await listener.close();
  });

  test("a server of the caller's keeps its other paths and stays open", async () => {
    const http = createServer((_request, response) => void response.end("a page")).listen(0, HOST);
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const links = new Inbox<Link>();
    const listener = await listenWebSocket({ server: http, path: "/rpc" }, (link) => links.push(link));
    assert.equal(listener.address, `ws://${HOST}:${port}/rpc`);
    const [link, accepted] = await Promise.all([dialWs(listener.address), links.take()]);
    link.destroy();
    accepted?.destroy();
    await listener.close();
    const [response] = await once(get({ host: HOST, port, agent: false }), "response");
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, "end");
    http.close();
    await once(http, "close");
  });
});
