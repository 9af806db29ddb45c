import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import { suite, test } from "node:test";
import { serve } from "roam";
import type { Peer } from "../src/peer.ts";
import type { RawSocket } from "../src/raw/raw-socket.ts";
import { RawSender, rawReceiver } from "../src/raw/raw-stream.ts";
import { rawNetPeer, serveRawNet } from "../src/raw/raw-transports.ts";
import { roamPeer } from "../src/roam-peer.ts";
import { Bench, benchHandlers, sessionOptions } from "../src/roam-service.ts";

const UNLIMITED = Number.POSITIVE_INFINITY;

/** Passes connections on to a port, and counts the bytes both ways. */
async function countingProxy(port: number) {
  const counted = { up: 0, down: 0 };
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = netConnect(port, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (chunk) => far.write(chunk, () => {}));
    far.on("data", (chunk) => near.write(chunk, () => {}));
    near.on("data", (chunk: Buffer) => (counted.up += chunk.length));
    far.on("data", (chunk: Buffer) => (counted.down += chunk.length));
    for (const socket of [near, far]) socket.on("error", () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    counted,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Bytes on the wire of 100 operations, after as many that make the ids grow. */
async function wireBytes(peer: Peer, counted: { up: number; down: number }, once: (peer: Peer) => unknown) {
  for (let index = 0; index < 200; index++) await once(peer);
  const before = { ...counted };
  for (let index = 0; index < 100; index++) await once(peer);
  return { up: (counted.up - before.up) / 100, down: (counted.down - before.down) / 100 };
}

suite("the raw peer", () => {
  for (const { name, once, more } of [
    { name: "a small call", once: (peer: Peer) => peer.call(1000), more: { up: 0, down: 0 } },
    // The length of a byte array stands in front of it, in two bytes; the method's id is one longer.
    {
      name: "1 KiB there and back",
      once: (peer: Peer) => peer.echo(new Uint8Array(1024)),
      more: { up: 3, down: 2 },
    },
  ]) {
    test(`${name} takes the bytes on the wire that ours takes`, async () => {
      const options = sessionOptions(false);
      const server = await serve("tcp://127.0.0.1:0", Bench, benchHandlers, options);
      const rawServer = await serveRawNet(UNLIMITED);
      const ports = [Number(new URL(server.address).port), Number(rawServer.address)];
      const [ours, raw] = await Promise.all(ports.map(countingProxy));
      assert.ok(ours !== undefined && raw !== undefined);
      const peer = await roamPeer(`tcp://127.0.0.1:${ours.port}`, false);
      const bare = await rawNetPeer(String(raw.port), UNLIMITED);
      const wanted = await wireBytes(peer, ours.counted, once);
      const got = await wireBytes(bare, raw.counted, once);
      await peer.close();
      await bare.close();
      ours.close();
      raw.close();
      await rawServer.close();
      await server.close();
      assert.deepEqual(got, { up: wanted.up - more.up, down: wanted.down - more.down });
    });
  }
});

suite("raw streams", () => {
  for (const window of [UNLIMITED, 16] as const) {
    test(`count the same on both sides with a window of ${window}`, async () => {
      const server = await serveRawNet(window);
      const peer = await rawNetPeer(server.address, window);
      const received = await peer.receive?.(50, 16);
      const sent = await peer.send?.(50, 16);
      await peer.close();
      await server.close();
      // Both throw if the sides disagree. A busy machine may pass no more than one look at the clock.
      assert.ok(received !== undefined && received >= 16, `${received} received`);
      assert.ok(sent !== undefined && sent >= 16, `${sent} sent`);
    });
  }

  test("a sender stops at its window until it is granted more", async () => {
    const frames: number[] = [];
    const socket = { sendNumber: (_kind: number, _id: number, value: number) => frames.push(value) > 0 };
    const sender = new RawSender(socket as unknown as RawSocket, 1, 16);
    for (let item = 0; item < 16; item++) await sender.send(item);
    const waits = sender.send(16);
    assert.equal(frames.length, 16);
    sender.grant(8);
    await waits;
    assert.deepEqual(frames.slice(15), [15, 16]);
  });

  test("a receiver grants half its window for every half that its consumer took", async () => {
    const grants: number[] = [];
    const socket = { sendNumber: (_kind: number, _id: number, value: number) => grants.push(value) > 0 };
    const queue = rawReceiver(socket as unknown as RawSocket, 1, 16);
    for (let item = 0; item < 16; item++) queue.push(item);
    assert.deepEqual(grants, []);
    for (let item = 0; item < 15; item++) assert.deepEqual(await queue.next(), { done: false, value: item });
    assert.deepEqual(grants, [8]);
    await queue.next();
    assert.deepEqual(grants, [8, 8]);
    queue.end();
    assert.deepEqual(await queue.next(), { done: true, value: undefined });
  });
});
