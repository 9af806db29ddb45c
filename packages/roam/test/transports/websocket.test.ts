import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { type Link, LinkReceiver } from "roam/link";
import { linkCasesFor, noLeaks, settled } from "roam/testing";
import { dialWebSocket, type WebSocketConstructor, webSocketLink } from "roam/websocket";
import { dialWs, listenWebSocket } from "roam/websocket-server";
import { WebSocket as WsWebSocket } from "ws";
import { listening, swapped } from "./listening.ts";

const HOST = "127.0.0.1";
// Bun's own sockets cannot stop reading, as a browser's cannot.
const isPausable = !("Bun" in globalThis);
// The `ws` class has the browser's interface too.
const platform = WsWebSocket as unknown as WebSocketConstructor;

// r[verify transport.websocket]
// r[verify transport.websocket.platforms]
suite("WebSocket link of the ws package", () => {
  const makePair = listening(
    (onLink) => listenWebSocket({ host: HOST, port: 0 }, onLink),
    (address) => dialWs(address),
  );
  for (const { name, run } of linkCasesFor({ isHalfOpen: false, isPausable })) {
    test(`${name}, from the client`, () => noLeaks(() => run(makePair)));
    test(`${name}, from the server`, () => noLeaks(() => run(swapped(makePair))));
  }
});

// r[verify transport.websocket.platforms]
suite("WebSocket link of the platform's class", () => {
  const makePair = listening(
    (onLink) => listenWebSocket({ host: HOST, port: 0 }, onLink),
    (address) => dialWebSocket(address, { WebSocket: platform }),
  );
  for (const { name, run } of linkCasesFor({ isHalfOpen: false, isPausable })) {
    test(`${name}, from the client`, () => noLeaks(() => run(makePair)));
  }
  for (const { name, run } of linkCasesFor({ isHalfOpen: false, isPausable: false })) {
    test(`${name}, from the server`, () => noLeaks(() => run(swapped(makePair))));
  }
});

// r[verify transport.websocket.platforms]
suite("a link over a WebSocket that something else made", () => {
  const cases: Record<string, (socket: WsWebSocket) => Promise<unknown>> = {
    "that is about to be open": async () => {},
    "that is open": (socket) => once(socket, "open"),
  };
  for (const [name, before] of Object.entries(cases)) {
    test(name, async () => {
      const accepted: Link[] = [];
      const listener = await listenWebSocket({ host: HOST, port: 0 }, (link) => accepted.push(link));
      const socket = new WsWebSocket(listener.address);
      await before(socket);
      const facts = { address: "192.0.2.1" };
      const link = await webSocketLink(socket as unknown as WebSocket, { peer: "somebody", facts });
      assert.deepEqual([link.peer, link.facts], ["somebody", facts]);
      (await link.tx.reserve()).write(7, (writer, value) => writer.u8(value));
      assert.deepEqual(await new LinkReceiver((accepted[0] as Link).rx).recv(), Uint8Array.of(7));
      link.destroy();
      await listener.close();
    });
  }

  test("that never opens", async () => {
    const listener = await listenWebSocket({ host: HOST, port: 0 }, () => {});
    await listener.close();
    const socket = new WsWebSocket(listener.address);
    socket.on("error", () => {});
    await assert.rejects(webSocketLink(socket as unknown as WebSocket), { code: "io" });
  });
});

/** A platform's socket that is open until the test says that it closes. */
class ClosingSocket extends EventTarget {
  binaryType = "";
  readyState = 1;
  readonly bufferedAmount = 0;
  readonly url = "ws://nowhere/";
  readonly sent: number[] = [];

  send({ length }: Uint8Array): void {
    this.sent.push(length);
  }

  close(): void {}
}

test("nothing is given to a socket that closes, before it says that it has", async () => {
  const socket = new ClosingSocket();
  const link = await webSocketLink(socket as unknown as WebSocket);
  const ended = new Promise<void>((resolve) =>
    link.rx.start(
      () => {},
      () => resolve(),
    ),
  );
  const write = () => link.tx.tryWrite(Uint8Array.of(1, 2, 3), (writer, bytes) => writer.raw(bytes));
  assert(write());
  await settled();
  assert.equal(socket.sent.length, 1);
  socket.readyState = 2;
  assert(write());
  await settled();
  assert.equal(socket.sent.length, 1, "a page away from its links is told of them late");
  socket.dispatchEvent(new Event("close"));
  await ended;
});
