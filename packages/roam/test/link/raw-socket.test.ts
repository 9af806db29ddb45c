import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { suite, test } from "node:test";
import { type Link, LinkReceiver } from "roam/link";
import { duplexLink } from "roam/streams";
import { dialTcp } from "roam/tcp";
import { settled } from "roam/testing";
import { WritesDuplex } from "./writes-duplex.ts";

/** A link dialled to a bare socket, which is in the test's hands. */
async function dialled(): Promise<{ link: Link; receiver: LinkReceiver; socket: Socket } & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [link, [socket]] = await Promise.all([
    dialTcp({ host: "127.0.0.1", port }),
    once(server, "connection") as Promise<[Socket]>,
  ]);
  socket.setNoDelay(true);
  return {
    link,
    receiver: new LinkReceiver(link.rx),
    socket,
    async [Symbol.asyncDispose]() {
      link.destroy();
      socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function readExactly(socket: Socket, length: number): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes.push(...(chunk as Buffer));
    if (bytes.length >= length) break;
  }
  return bytes;
}

const HELLO = [0, 0, 7, 0, 0x40, 0];

suite("a bare socket against a stream link", () => {
  // r[verify transport.stream]
  // r[verify zerocopy.framing.link.stream]
  test("payloads go out behind their length, little-endian", async () => {
    await using pair = await dialled();
    for (const payload of [HELLO, [], [1]]) {
      const slot = (await pair.link.tx.reserve()).alloc(payload.length);
      slot.bytes.set(payload);
      slot.commit();
    }
    const expected = [6, 0, 0, 0, ...HELLO, 0, 0, 0, 0, 1, 0, 0, 0, 1];
    assert.deepEqual(await readExactly(pair.socket, expected.length), expected);
  });

  // r[verify link.message]
  test("bytes that come one at a time make whole payloads", async () => {
    await using pair = await dialled();
    for (const byte of [6, 0, 0, 0, ...HELLO, 0, 0, 0, 0, 1, 0, 0, 0, 1]) {
      pair.socket.write(Uint8Array.of(byte));
      await settled();
    }
    for (const payload of [HELLO, [], [1]]) {
      assert.deepEqual([...((await pair.receiver.recv()) ?? [-1])], payload);
    }
  });

  // r[verify link.rx.eof]
  for (const prefix of [[], [5], [5, 0], [5, 0, 0]]) {
    test(`the end after ${prefix.length} bytes of a length is a clean one`, async () => {
      await using pair = await dialled();
      pair.socket.end(Uint8Array.of(1, 0, 0, 0, 9, ...prefix));
      assert.deepEqual([...((await pair.receiver.recv()) ?? [])], [9]);
      for (let time = 0; time < 3; time++) assert.equal(await pair.receiver.recv(), null);
    });
  }

  // r[verify link.rx.error]
  for (const part of [[], [1], [1, 2]]) {
    test(`the end after ${part.length} of 3 bytes of a payload is an error, for good`, async () => {
      await using pair = await dialled();
      pair.socket.end(Uint8Array.of(3, 0, 0, 0, ...part));
      for (let time = 0; time < 3; time++) await assert.rejects(pair.receiver.recv(), { code: "io" });
      await assert.rejects(pair.link.tx.reserve(), { code: "io" });
    });
  }

  // r[verify link.rx.error]
  test("a reset connection is an error, for good", async () => {
    await using pair = await dialled();
    pair.socket.resetAndDestroy();
    for (let time = 0; time < 3; time++) await assert.rejects(pair.receiver.recv(), { code: "io" });
  });

  // r[verify link.x.length-limit]
  test("a length above the limit ends the link before a byte of the payload has come", async () => {
    await using pair = await dialled();
    pair.link.rx.maxPayloadBytes = 1_000;
    const closed = once(pair.socket, "close");
    pair.socket.on("error", () => {}).resume();
    pair.socket.write(Uint8Array.of(1, 0, 0, 0, 9, 0xe9, 3, 0, 0));
    assert.deepEqual([...((await pair.receiver.recv()) ?? [])], [9]);
    await assert.rejects(pair.receiver.recv(), { code: "too-large" });
    pair.socket.end();
    await closed;
  });

  // r[verify link.x.lazy-alloc]
  test("a large payload announced and not sent costs no memory", async () => {
    await using pair = await dialled();
    const before = process.memoryUsage().arrayBuffers;
    pair.socket.write(Uint8Array.of(0, 0, 0, 0x40)); // 1 GiB
    pair.socket.write(new Uint8Array(200_000));
    await settled(() => pair.socket.bytesWritten, 100);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert(grown < 4 * 1024 * 1024, `${grown} bytes`);
  });

  // r[verify link.tx.close]
  test("close half-closes the socket behind what was committed, and the socket can still answer", async () => {
    await using pair = await dialled();
    const slot = (await pair.link.tx.reserve()).alloc(2);
    slot.bytes.fill(7);
    slot.commit();
    const closed = pair.link.tx.close();
    assert.deepEqual(await readExactly(pair.socket, Number.POSITIVE_INFINITY), [2, 0, 0, 0, 7, 7]);
    await closed;
    pair.socket.end(Uint8Array.of(1, 0, 0, 0, 5));
    assert.deepEqual([...((await pair.receiver.recv()) ?? [])], [5]);
    assert.equal(await pair.receiver.recv(), null);
  });
});

// r[verify transport.stream]
suite("writes of a stream link", () => {
  for (const { name, sizes } of [
    { name: "a payload and its length are one write", sizes: [10] },
    { name: "an empty payload is one write", sizes: [0] },
    { name: "what a turn commits is one write", sizes: [1, 0, 300, 5, 5] },
    { name: "a large payload, which is not copied, still goes out in one write", sizes: [100_000] },
    { name: "large and small ones of a turn go out in one write", sizes: [5, 100_000, 5, 20_000, 0] },
  ]) {
    test(name, async () => {
      const duplex = new WritesDuplex();
      const link = duplexLink(duplex);
      const expected: number[] = [];
      for (const [index, size] of sizes.entries()) {
        const payload = new Uint8Array(size).fill(index + 1);
        (await link.tx.reserve()).write(payload, (writer, bytes) => writer.raw(bytes));
        expected.push(size & 0xff, (size >> 8) & 0xff, size >> 16, 0, ...payload);
      }
      await settled();
      assert.equal(duplex.writes.length, 1);
      assert.deepEqual(duplex.writes[0], expected);
      link.destroy();
    });
  }

  test("of a long turn begin before it is over, so that the far side does too", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    for (let payload = 0; payload < 1200; payload++) {
      assert(link.tx.tryWrite(payload, (writer, value) => writer.u8(value & 0xff)));
      // Whatever was written is in whole payloads.
      assert.equal(duplex.writes.flat().length, 5 * (payload + 1 - ((payload + 1) % 512)));
    }
    await settled();
    assert.deepEqual(
      duplex.writes.map((bytes) => bytes.length / 5),
      [512, 512, 176],
    );
    link.destroy();
  });

  test("what two turns commit is two writes", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    for (const byte of [1, 2]) {
      (await link.tx.reserve()).write(byte, (writer, value) => writer.u8(value));
      await settled();
    }
    assert.deepEqual(duplex.writes, [
      [1, 0, 0, 0, 1],
      [1, 0, 0, 0, 2],
    ]);
    link.destroy();
  });
});

suite("reading of a stream link", () => {
  test("begins when the receiver starts: until then the stream keeps its bytes", async () => {
    const duplex = new WritesDuplex();
    const link = duplexLink(duplex);
    const stream = Uint8Array.of(1, 0, 0, 0, 7);
    duplex.push(stream);
    await settled();
    assert.equal(duplex.readableLength, stream.length);
    assert.deepEqual(await new LinkReceiver(link.rx).recv(), Uint8Array.of(7));
    assert.equal(duplex.readableLength, 0);
    link.destroy();
  });
});
