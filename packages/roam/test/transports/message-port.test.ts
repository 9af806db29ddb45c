import assert from "node:assert/strict";
import { once } from "node:events";
import { suite, test } from "node:test";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { accept, type ClientOf, connect, implement, method, RoamError, service, t } from "roam";
import { type Link, LinkReceiver } from "roam/link";
import { messagePortLink, transfer, transferable } from "roam/message-port";
import { linkCasesFor, noLeaks, settled } from "roam/testing";
import { PortService } from "./fixtures/port-service.ts";

const ALL = { isHalfOpen: true, isPausable: true };
const WORKER = new URL("fixtures/port-worker.mjs", import.meta.url);
const MIB = 1024 * 1024;

/** A port by the interface that Node's `Worker` has: `on`, and no `close`. */
function workerLike(port: MessagePort, isMaker: boolean) {
  return {
    postMessage: (message: unknown, transfer: ArrayBuffer[]) => port.postMessage(message, transfer),
    on: (type: string, listener: (value: unknown) => void) => port.on(type, listener),
    off: (type: string, listener: (value: unknown) => void) => port.off(type, listener),
    // The one inside the worker can be closed, as `parentPort` can.
    ...(isMaker ? {} : { close: () => port.close() }),
  };
}

function ports(): readonly [Link, Link] {
  const { port1, port2 } = new MessageChannel();
  return [messagePortLink(port1), messagePortLink(port2)];
}

function workerPorts(): readonly [Link, Link] {
  const { port1, port2 } = new MessageChannel();
  return [messagePortLink(workerLike(port1, true)), messagePortLink(workerLike(port2, false))];
}

function write(link: Link, payload: Uint8Array): void {
  assert(
    link.tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes)),
    "the link takes a payload",
  );
}

suite("link over message ports", () => {
  for (const { name, run } of linkCasesFor(ALL)) test(name, () => noLeaks(() => run(ports)));
});

suite("link between a worker and its maker, by Node's interface", () => {
  for (const { name, run } of linkCasesFor(ALL)) {
    test(`${name}, from the maker`, () => noLeaks(() => run(workerPorts)));
    test(`${name}, from the worker`, () =>
      noLeaks(() => run(() => workerPorts().toReversed() as [Link, Link])));
  }
});

/** A link whose port keeps what was posted; the other end is a bare port. */
function recorded() {
  const { port1, port2 } = new MessageChannel();
  const posted: { readonly message: unknown; readonly moved: number }[] = [];
  const link = messagePortLink({
    ...workerLike(port1, false),
    postMessage: (message, transfer) => {
      posted.push({ message, moved: transfer.length });
      port1.postMessage(message, transfer);
    },
  });
  return { link, posted, far: port2 };
}

suite("what a link posts", () => {
  test("the payloads of one turn are one buffer, of their bytes and their lengths and no more", async () => {
    const { link, posted } = recorded();
    for (let count = 0; count < 64; count++) write(link, new Uint8Array(10));
    await settled();
    link.destroy();
    assert.deepEqual(
      posted.map(({ message }) => (message instanceof ArrayBuffer ? message.byteLength : message)),
      [64 * 14, false],
    );
  });

  test("a large batch is moved; the arrays it was written from stay their owner's", async () => {
    const { link, posted, far } = recorded();
    const arrived = once(far, "message");
    const large = new Uint8Array(2 * MIB).subarray(7, MIB).fill(5);
    write(link, large);
    write(link, Uint8Array.of(1));
    const [batch] = (await arrived) as [ArrayBuffer];
    link.destroy();
    const [first] = posted;
    assert(first?.message instanceof ArrayBuffer);
    assert.equal(first.moved, 1);
    assert.equal(first.message.byteLength, 0, "gone from here");
    assert.equal(batch.byteLength, 4 + large.length + 4 + 1);
    assert.equal(large.length, MIB - 7);
    assert.equal(large[0], 5);
  });

  test("nothing but payloads goes out when the two sides take turns", async () => {
    const { link, posted, far } = recorded();
    link.rx.start(
      () => write(link, new Uint8Array(20)),
      () => {},
    );
    far.on("message", (message) => {
      if (posted.length < 100) far.postMessage(message);
    });
    write(link, new Uint8Array(20));
    await settled(() => posted.length);
    far.close();
    assert.equal(posted.length, 100);
    assert(posted.every(({ message }) => message instanceof ArrayBuffer));
  });

  test("nothing goes out behind the end of a link that was destroyed amid a batch", async () => {
    const { link, posted, far } = recorded();
    const source = recorded();
    for (let count = 0; count < 10; count++) write(source.link, new Uint8Array(100_000));
    const [batch] = (await once(source.far, "message")) as [ArrayBuffer];
    source.link.destroy();
    link.rx.start(
      () => link.destroy(),
      () => {},
    );
    far.postMessage(batch);
    await settled(() => 0, 20);
    assert.deepEqual(
      posted.map(({ message }) => message),
      [false],
    );
  });
});

suite("how much a link lets out", () => {
  // r[verify link.tx.reserve]
  for (const bytes of [0, 100, 300_000]) {
    test(`payloads of ${bytes} bytes to a far side that reads nothing are bounded`, async () => {
      const { link, posted } = recorded();
      let sent = 0;
      while (link.tx.tryWrite(new Uint8Array(bytes), (writer, payload) => writer.raw(payload))) {
        sent++;
        // A message for each, as somebody would send who waits for answers.
        await new Promise(setImmediate);
      }
      link.destroy();
      assert(sent * bytes < 2 * MIB, `${sent} payloads of ${bytes} bytes`);
      assert(posted.length < 5_000, `${posted.length} messages`);
    });
  }

  test("as much as can be had of it passes when the far side reads", async () => {
    const [here, there] = ports();
    let received = 0;
    there.rx.start(
      (payload) => (received += payload.remaining),
      () => {},
    );
    for (let sent = 0; sent < 64; sent++) {
      (await here.tx.reserve()).write(new Uint8Array(MIB), (writer, bytes) => writer.raw(bytes));
    }
    await here.tx.close();
    await settled(() => received, 50);
    assert.equal(received, 64 * MIB);
    here.destroy();
    there.destroy();
  });
});

suite("messages that are not a link's", () => {
  const buffer = (...bytes: number[]) => Uint8Array.from(bytes).buffer;
  for (const { name, messages, code = "io" } of [
    { name: "a text", messages: ["hello"] },
    { name: "an object", messages: [{ kind: "payload" }] },
    { name: "a view of other numbers", messages: [new Uint16Array(8)] },
    { name: "a view with a length that is cut", messages: [Uint8Array.of(1, 0, 0, 0, 7, 1, 0).subarray(1)] },
    { name: "nothing", messages: [undefined] },
    { name: "null", messages: [null] },
    { name: "an ack of what was never sent", messages: [128 * 1024] },
    { name: "half an ack", messages: [17] },
    { name: "no number", messages: [Number.NaN] },
    { name: "a length that is cut", messages: [buffer(1, 0, 0, 0, 7, 1, 0)] },
    { name: "a length past the end", messages: [buffer(2, 0, 0, 0, 7)] },
    { name: "a length of 4 GiB", messages: [buffer(255, 255, 255, 255, 7)] },
    { name: "a payload behind the end", messages: [true, buffer(1, 0, 0, 0, 7)], code: "none" },
    { name: "two ends", messages: [true, true], code: "none" },
  ] as { name: string; messages: unknown[]; code?: string }[]) {
    test(`${name}: the link ends`, () =>
      noLeaks(async () => {
        const { port1, port2 } = new MessageChannel();
        const link = messagePortLink(port1);
        const ended = new Promise<RoamError | undefined>((resolve) => link.rx.start(() => {}, resolve));
        for (const message of messages) port2.postMessage(message);
        // What came in order before it ends in order; sending is over in any case.
        assert.equal((await ended)?.code ?? "none", code);
        await settled(() => 0, 20);
        await assert.rejects(link.tx.reserve(), { code: "io", message: /foreign message/ });
        port2.close();
      }));
  }
});

suite("how a link over ports ends", () => {
  // r[verify link.rx.error]
  test("a port that is closed without an end: both halves die", async () => {
    const { port1, port2 } = new MessageChannel();
    const link = messagePortLink(port1);
    const receiver = new LinkReceiver(link.rx);
    port2.close();
    await assert.rejects(receiver.recv(), { code: "io", message: /closed without an end/ });
    await assert.rejects(link.tx.reserve(), { code: "io" });
  });

  // r[verify link.tx.close]
  // r[verify link.rx.eof]
  for (const how of ["closes", "destroys"] as const) {
    test(`what came before the end is read, though the far side ${how} its port meanwhile`, async () => {
      const { port1, port2 } = new MessageChannel();
      const here = messagePortLink(port1);
      const there = messagePortLink(port2);
      const payloads = Array.from({ length: 40 }, (_, index) => new Uint8Array(100).fill(index));
      for (const payload of payloads) write(there, payload);
      await there.tx.close();
      if (how === "destroys") there.destroy();
      else port2.close();
      await settled(() => 0, 50);
      await assert.rejects(here.tx.reserve(), { code: "io" });
      const receiver = new LinkReceiver(here.rx);
      for (const payload of payloads) assert.deepEqual(await receiver.recv(), payload);
      assert.equal(await receiver.recv(), null);
      assert.equal(await receiver.recv(), null);
    });
  }

  for (const { name, end } of [
    { name: "both sides closed", end: (here: Link, there: Link) => [here.tx.close(), there.tx.close()] },
    { name: "one side destroyed it", end: (here: Link) => [here.destroy()] },
  ]) {
    test(`when ${name}, nobody listens any more and the ports are closed`, async () => {
      const { port1, port2 } = new MessageChannel();
      const closed = Promise.all([once(port1, "close"), once(port2, "close")]);
      const listening = { here: 0, there: 0 };
      const counted = (side: keyof typeof listening, port: MessagePort) => {
        const like = workerLike(port, false);
        const on: typeof like.on = (type, listener) => {
          listening[side]++;
          return like.on(type, listener);
        };
        const off: typeof like.off = (type, listener) => {
          listening[side]--;
          return like.off(type, listener);
        };
        return messagePortLink({ ...like, on, off });
      };
      const here = counted("here", port1);
      const there = counted("there", port2);
      assert(listening.here > 0 && listening.there > 0);
      for (const { rx } of [here, there]) {
        rx.start(
          () => {},
          () => {},
        );
      }
      await Promise.all(end(here, there));
      await closed;
      assert.deepEqual(listening, { here: 0, there: 0 });
    });
  }

  test("what is no port is refused", () => {
    assert.throws(() => messagePortLink({ postMessage() {} }), TypeError);
  });
});

async function worker() {
  const thread = new Worker(WORKER);
  const client = await connect(messagePortLink(thread), PortService);
  return { thread, client };
}

suite("a session with a worker", () => {
  test("calls, channels and large bytes; when it closes, the worker is done", () =>
    noLeaks(async () => {
      const { thread, client } = await worker();
      const exited = once(thread, "exit");
      assert.equal(
        await client.sum({ numbers: Array.from({ length: 1_000 }, (_, index) => index) }),
        499_500,
      );
      for (const bytes of [0, 1, 1_000, 100_000, 3 * MIB]) {
        const payload = new Uint8Array(bytes).map((_, index) => index % 251);
        assert.deepEqual(await client.echo({ payload }), payload);
      }
      const echoes = Array.from({ length: 60 }, (_, index) => new Uint8Array(40_000).fill(index));
      const answers = await Promise.all(echoes.map((payload) => client.echo({ payload })));
      assert.deepEqual(answers, echoes);
      await client.$.close();
      assert.deepEqual(await exited, [0]);
    }));

  // r[verify link.rx.error]
  test("a worker that exits ends it", () =>
    noLeaks(async () => {
      const { client } = await worker();
      await assert.rejects(client.exit({ code: 3 }), (error: RoamError) => error instanceof RoamError);
      const ended = await client.$.session.ended;
      assert.match(String(ended), /exited with code 3|closed without an end/);
    }));

  test("a worker that fails ends it, with what it failed by", () =>
    noLeaks(async () => {
      const { thread, client } = await worker();
      const exited = new Promise((resolve) => thread.once("exit", resolve));
      // It fails in a later turn than it answers; which of the two is heard first is open.
      await client.fail({ reason: "out of tea" }).catch(() => {});
      assert.match(String(await client.$.session.ended), /out of tea/);
      await exited;
    }));
});

suite("bytes that are handed over", () => {
  const Images = service("Images", {
    sum: method({ name: t.string, image: t.bytes, note: t.string }, t.u32),
    make: method({ bytes: t.u32 }, t.bytes),
    flow: method({ images: t.rx(t.bytes) }, t.u32),
  });

  /** What was posted from the client's side, and how many buffers went with it. */
  async function imagesOverPorts(run: (client: ClientOf<typeof Images>, posted: number[]) => Promise<void>) {
    const { port1, port2 } = new MessageChannel();
    const moved: number[] = [];
    const near = messagePortLink({
      ...workerLike(port1, false),
      postMessage: (message, buffers) => {
        for (const buffer of buffers) moved.push(buffer.byteLength);
        port1.postMessage(message, buffers);
      },
    });
    const handler = implement(Images, {
      sum: ({ image }) => image.reduce((sum, byte) => sum + byte, 0),
      make: ({ bytes }) => transfer(transferable(bytes).fill(3)),
      flow: async ({ images }) => {
        let sum = 0;
        for await (const image of images) sum += image.reduce((all, byte) => all + byte, 0);
        return sum;
      },
    });
    const [client, session] = await Promise.all([
      connect(near, Images),
      accept(messagePortLink(port2), handler),
    ]);
    await run(client, moved);
    await client.$.session.close();
    await session.ended;
  }

  for (const length of [20_000, MIB, 3 * MIB + 1]) {
    test(`${length} of them move in their own buffer, the message around them`, () =>
      imagesOverPorts(async (client, moved) => {
        const image = transferable(length).fill(2);
        const { byteLength } = image.buffer;
        const sum = client.sum({ name: "a.png", image: transfer(image), note: "behind it" });
        assert.equal(await sum, 2 * length);
        assert.equal(image.length, 0);
        assert.deepEqual(moved, [byteLength]);
      }));
  }

  test("those that are too few, and those without room, are copied and stay", () =>
    imagesOverPorts(async (client) => {
      for (const image of [
        transferable(100).fill(2),
        new Uint8Array(MIB).fill(2),
        transferable(MIB + 9)
          .fill(2)
          .subarray(9),
        new Uint8Array(MIB + 1024).subarray(512, MIB + 512).fill(2),
      ]) {
        const { length } = image;
        assert.equal(await client.sum({ name: "a", image: transfer(image), note: "" }), 2 * length);
        assert.equal(image.length, length);
      }
      const image = transferable(MIB).fill(2);
      const note = "x".repeat(2_000);
      assert.equal(await client.sum({ name: "a", image: transfer(image), note }), 2 * MIB);
      assert.equal(image.length, MIB);
    }));

  test("without `transfer` nothing is taken away", () =>
    imagesOverPorts(async (client) => {
      const image = transferable(MIB).fill(2);
      assert.equal(await client.sum({ name: "a", image, note: "" }), 2 * MIB);
      assert.equal(image.length, MIB);
    }));

  test("answers are handed over as well, many in one turn; items are not", () =>
    imagesOverPorts(async (client) => {
      const answers = await Promise.all([1, 2, 3].map((times) => client.make({ bytes: times * 50_000 })));
      assert.deepEqual(
        answers.map(({ length }) => length),
        [50_000, 100_000, 150_000],
      );
      assert(answers.every((answer) => answer.every((byte) => byte === 3)));
      // An item may be read again as soon as it is sent: it is copied.
      const images = [1, 2, 3, 4].map((byte) => transfer(transferable(30_000).fill(byte)));
      assert.equal(await client.flow({ images }), 300_000);
      assert(images.every(({ length }) => length === 30_000));
    }));
});
