import { suite, test } from "node:test";
import { linkCasesFor, noLeaks } from "roam/testing";
import { dialWebSocket, type WebSocketConstructor } from "roam/websocket";
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
