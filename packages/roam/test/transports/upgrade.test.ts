import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { LinkReceiver } from "roam/link";
import { dialWs, listenWebSocket } from "roam/websocket-server";

/** Sends raw bytes as an HTTP client and drops the connection without a word. */
async function poke(address: string, request: string): Promise<void> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write(request);
  socket.resetAndDestroy();
  await once(socket, "close");
}

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n";

suite("a WebSocket listener and odd upgrades", () => {
  for (const { name, request } of [
    { name: "a path that is no URL", request: `GET // HTTP/1.1\r\nHost: a\r\n${UPGRADE}` },
    { name: "a refused path, hung up on at once", request: `GET /other HTTP/1.1\r\nHost: a\r\n${UPGRADE}` },
    { name: "an upgrade without a key", request: `GET /roam HTTP/1.1\r\nHost: a\r\n${UPGRADE}` },
    { name: "bytes that are no HTTP", request: "\u0000\u0001\u0002\r\n\r\n" },
  ]) {
    test(`goes on serving after ${name}`, async () => {
      const links: LinkReceiver[] = [];
      const listener = await listenWebSocket({ host: "127.0.0.1", port: 0, path: "/roam" }, (link) => {
        links.push(new LinkReceiver(link.rx));
      });
      await poke(listener.address, request);
      const link = await dialWs(listener.address);
      assert.equal(links.length, 1);
      link.destroy();
      assert.equal(await links[0]?.recv(), null);
      await listener.close();
    });
  }

  // r[verify link.x.length-limit]
  test("refuses a message above its limit before it is whole", async () => {
    const received: LinkReceiver[] = [];
    const options = { host: "127.0.0.1", port: 0, maxPayloadBytes: 1000 };
    const listener = await listenWebSocket(options, (link) => received.push(new LinkReceiver(link.rx)));
    const link = await dialWs(listener.address);
    using permit = await link.tx.reserve();
    const slot = permit.alloc(1001);
    slot.commit();
    await assert.rejects(() => (received[0] as LinkReceiver).recv(), /too-large/);
    link.destroy();
    await listener.close();
  });
});
