import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BareConduit } from "roam/conduit";
import { type Link, memoryLinkPair } from "roam/link";
import { duplexLink } from "roam/streams";
import { type Item, itemFamily, settled } from "roam/testing";
import type { Writer } from "roam-postcard";
import {
  type MessageSocket,
  type MessageSocketEvents,
  WebSocketLink,
} from "../../src/transports/websocket-link.ts";
import { WritesDuplex } from "../link/writes-duplex.ts";

/** Notes the buffers that values are encoded into, and how often. */
function watched(link: Link) {
  const buffers: ArrayBufferLike[] = [];
  const writers = new Set<Writer>();
  const { tx } = new BareConduit<Item>(link, {
    ...itemFamily,
    encode: (writer, value) => {
      itemFamily.encode(writer, value);
      writers.add(writer);
      buffers.push(writer.bytes.buffer);
    },
  }).split();
  return { tx, buffers, writers };
}

const SMALL: Item = { id: 1, text: "small", blob: new Uint8Array(100).fill(7) };
const LARGE: Item = { id: 2, text: "large", blob: new Uint8Array(50_000).fill(8) };

/** A WebSocket in the hands of a test. */
class FakeSocket implements MessageSocket {
  readonly sent: Uint8Array[] = [];
  events: MessageSocketEvents | undefined;

  start(events: MessageSocketEvents): void {
    this.events = events;
  }
  send(payload: Uint8Array, onTaken: () => void): void {
    this.sent.push(payload);
    onTaken();
  }
  close(onClosed: () => void): void {
    onClosed();
  }
  cork(): void {}
  uncork(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}

// r[verify zerocopy]
// r[verify zerocopy.copies]
suite("copies on the way out", () => {
  // r[verify zerocopy.send.stream]
  // r[verify zerocopy.framing.single-pass]
  // r[verify zerocopy.framing.no-double-serialize]
  test("stream: a value is encoded once, into the very buffer that goes to the socket", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    const { tx, buffers, writers } = watched(link);
    for (let time = 0; time < 3; time++) (await tx.reserve()).send(SMALL);
    await settled();
    assert.equal(buffers.length, 3, "one encoding for each send");
    assert.equal(writers.size, 1, "one writer for the link");
    assert.deepEqual(
      duplex.pieces.map(({ buffer }) => buffer),
      [buffers[0]],
      "one write for all, of the buffer they were encoded into",
    );
    link.destroy();
  });

  // r[verify zerocopy.scatter]
  // r[verify zerocopy.scatter.plan]
  // r[verify zerocopy.scatter.plan.size]
  // r[verify zerocopy.scatter.write]
  // r[verify zerocopy.send]
  test("stream: a large byte array is not copied; its pieces go out in order, their sum ahead", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    const { tx } = watched(link);
    (await tx.reserve()).send(LARGE);
    (await tx.reserve()).send(SMALL);
    await settled();
    assert.equal(duplex.writes.length, 1);
    const large = duplex.pieces.filter(({ buffer }) => buffer === LARGE.blob.buffer);
    assert.deepEqual(
      large.map(({ length }) => length),
      [50_000],
      "the caller's own memory, once",
    );
    const head = [2, 5, ...Buffer.from("large"), 0xd0, 0x86, 3]; // id, text, varint 50,000
    const first = [...head, ...LARGE.blob];
    const second = [1, 5, ...Buffer.from("small"), 100, ...SMALL.blob];
    const size = first.length;
    const expected = [size & 0xff, size >> 8, 0, 0, ...first, second.length, 0, 0, 0, ...second];
    assert.deepEqual(duplex.writes[0], expected);
    link.destroy();
  });

  // r[verify zerocopy.send]
  test("a value may refer to the caller's memory until `send` has returned", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    const { tx } = watched(link);
    const blob = new Uint8Array(1_000).fill(1);
    const permit = await tx.reserve();
    blob.fill(2); // read when the permit is used, not before
    permit.send({ id: 0, text: "", blob });
    blob.fill(3);
    await settled();
    assert.deepEqual(duplex.writes[0]?.slice(-1_000), new Array(1_000).fill(2));
    link.destroy();
  });

  // r[verify zerocopy.send.websocket]
  // r[verify zerocopy.framing.no-double-serialize]
  test("WebSocket: a value is encoded once, into the message buffer itself", async () => {
    const socket = new FakeSocket();
    const link = new WebSocketLink(socket, { peer: "fake" });
    const { tx, buffers } = watched(link);
    (await tx.reserve()).send(SMALL);
    (await tx.reserve()).send(LARGE);
    await settled();
    assert.deepEqual(
      socket.sent.map(({ buffer }) => buffer),
      buffers,
    );
    link.destroy();
  });

  // r[verify zerocopy.framing.link.memory]
  test("memory: the array that was encoded into is the one that arrives", async () => {
    const [here, there] = memoryLinkPair();
    const { tx, buffers } = watched(here);
    const received: Uint8Array[] = [];
    there.rx.start(
      (payload) => received.push(payload.whole()),
      () => {},
    );
    (await tx.reserve()).send(SMALL);
    (await tx.reserve()).send(LARGE);
    await settled();
    assert.deepEqual(
      received.map(({ buffer }) => buffer),
      buffers,
    );
    here.destroy();
  });
});

// r[verify zerocopy.copies]
suite("copies on the way in", () => {
  // r[verify zerocopy.recv.stream]
  test("stream: a payload inside one chunk is handed up as a view, one across chunks is copied once", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    const received: Uint8Array[] = [];
    link.rx.start(
      (payload) => received.push(payload.whole()),
      () => {},
    );
    const chunk = Uint8Array.of(2, 0, 0, 0, 1, 2, 4, 0, 0, 0, 5, 6);
    duplex.push(chunk);
    duplex.push(Uint8Array.of(7, 8));
    await settled();
    assert.deepEqual(received, [Uint8Array.of(1, 2), Uint8Array.of(5, 6, 7, 8)]);
    assert.equal(received[0]?.buffer, chunk.buffer);
    assert.equal(received[1]?.buffer.byteLength, 4);
    link.destroy();
  });

  // r[verify zerocopy.recv.websocket]
  test("WebSocket: a message is handed up as it came", () => {
    const socket = new FakeSocket();
    const link = new WebSocketLink(socket, { peer: "fake" });
    const received: Uint8Array[] = [];
    link.rx.start(
      (payload) => received.push(payload.whole()),
      () => {},
    );
    const message = Uint8Array.of(1, 2, 3);
    socket.events?.onMessage(message);
    assert.equal(received[0]?.buffer, message.buffer);
    link.destroy();
  });
});
