import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import { suite, test } from "node:test";
import { serve } from "roam";
import type { Peer } from "../src/peer.ts";
import { rawNetPeer, serveRawNet } from "../src/raw/raw-transports.ts";
import { memoryPeer, roamPeer } from "../src/roam-peer.ts";
import { Bench, benchHandlers, sessionOptions } from "../src/roam-service.ts";
import { median, runCase } from "../src/rounds.ts";

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
    { name: "a small call", once: (peer: Peer) => peer.call(), more: { up: 0, down: 0 } },
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
      const rawPort = await serveRawNet();
      const ports = [Number(new URL(server.address).port), rawPort.address as number];
      const [ours, raw] = await Promise.all(ports.map(countingProxy));
      assert.ok(ours !== undefined && raw !== undefined);
      const peer = await roamPeer(`tcp://127.0.0.1:${ours.port}`, false);
      const bare = await rawNetPeer(raw.port);
      const wanted = await wireBytes(peer, ours.counted, once);
      const got = await wireBytes(bare, raw.counted, once);
      await peer.close();
      await bare.close();
      ours.close();
      raw.close();
      await rawPort.close();
      await server.close();
      assert.deepEqual(got, { up: wanted.up - more.up, down: wanted.down - more.down });
    });
  }
});

suite("runCase", () => {
  test("measures the lanes in turn and compares each round with its neighbour", async () => {
    const peer = await memoryPeer(false);
    const order: Peer[] = [];
    const other: Peer = { ...peer };
    const measured = await runCase(
      {
        name: "count",
        title: "",
        unit: "calls",
        run: async (one) => {
          order.push(one);
          return one === other ? 10 : 20;
        },
      },
      [
        { name: "raw", raw: undefined, peer },
        { name: "ours", raw: "raw", peer: other },
      ],
      { rounds: 2, roundMs: 1, warmUpMs: 1 },
    );
    await peer.close();
    assert.deepEqual(order, [peer, other, peer, other, peer, other]);
    assert.deepEqual(
      measured.map(({ lane, perSecond, ofRaw }) => [lane, perSecond.length, ofRaw?.length]),
      [
        ["raw", 2, undefined],
        ["ours", 2, 2],
      ],
    );
  });
});

suite("median", () => {
  for (const { values, expected } of [
    { values: [3], expected: 3 },
    { values: [9, 1, 2], expected: 2 },
    { values: [4, 1, 2, 100], expected: 3 },
  ]) {
    test(`of ${values.join(", ")} is ${expected}`, () => assert.equal(median(values), expected));
  }
});
