import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import type { Link } from "roam/link";
import { dialTcp, dialTls } from "roam/tcp";
import { dialWebSocket, type WebSocketConstructor } from "roam/websocket";
import { dialWs } from "roam/websocket-server";
import { WebSocket as WsWebSocket } from "ws";
import { silentServer, unusedPort } from "./silent-server.ts";

const HOST = "127.0.0.1";
const platform = WsWebSocket as unknown as WebSocketConstructor;

interface Dialler {
  readonly kind: string;
  dial(port: number, signal?: AbortSignal): Promise<Link>;
}
const withSignal = (signal?: AbortSignal) => (signal === undefined ? {} : { signal });
const TCP: Dialler = {
  kind: "TCP",
  dial: (port, signal) => dialTcp({ host: HOST, port }, withSignal(signal)),
};
// These have a handshake of their own, which a silent server does not answer.
const SHAKING: readonly Dialler[] = [
  { kind: "TLS", dial: (port, signal) => dialTls({ host: HOST, port }, withSignal(signal)) },
  { kind: "ws", dial: (port, signal) => dialWs(`ws://${HOST}:${port}/`, withSignal(signal)) },
  {
    kind: "platform WebSocket",
    dial: (port, signal) =>
      dialWebSocket(`ws://${HOST}:${port}/`, { WebSocket: platform, ...withSignal(signal) }),
  },
];

// r[verify transport.stream.kinds]
suite("dialling", () => {
  for (const { kind, dial } of [TCP, ...SHAKING]) {
    test(`${kind}: an address that nobody listens on is an io error that names it`, async () => {
      const port = await unusedPort();
      await assert.rejects(dial(port), (error: Error) => {
        assert.equal((error as { code?: string }).code, "io");
        assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
        return true;
      });
    });

    test(`${kind}: a signal that was aborted before rejects with its reason`, async () => {
      const reason = new Error("never mind");
      await using server = await silentServer();
      await assert.rejects(dial(server.port, AbortSignal.abort(reason)), reason);
    });
  }

  for (const { kind, dial } of SHAKING) {
    test(`${kind}: aborting a dial rejects with the reason and drops the connection`, async () => {
      await using server = await silentServer();
      const abort = new AbortController();
      const dialling = dial(server.port, abort.signal);
      const socket = await server.connection();
      const closed = once(socket, "close");
      const reason = new Error("too slow");
      abort.abort(reason);
      await assert.rejects(dialling, reason);
      await closed;
    });

    test(`${kind}: a counterpart that hangs up during the handshake is an io error`, async () => {
      await using server = await silentServer();
      const dialling = dial(server.port);
      (await server.connection()).destroy();
      await assert.rejects(dialling, { code: "io" });
    });
  }

  test("TCP: aborting after the link is there does nothing to it", async () => {
    await using server = await silentServer();
    const abort = new AbortController();
    const link = await TCP.dial(server.port, abort.signal);
    abort.abort();
    (await link.tx.reserve()).release();
    link.destroy();
  });

  test("without a WebSocket on the platform, dialling says where to get one", () => {
    const global = globalThis as { WebSocket?: unknown };
    const { WebSocket } = global;
    delete global.WebSocket;
    try {
      assert.throws(() => dialWebSocket("ws://127.0.0.1:1/"), /dialWs/);
    } finally {
      if (WebSocket !== undefined) global.WebSocket = WebSocket;
    }
  });
});
