import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { connect, RoamError } from "roam";
import { type Link, LinkReceiver } from "roam/link";
import { type SharedBufferEnd, sharedBufferEnds, sharedBufferLink } from "roam/shared-buffer";
import { linkCasesFor, noLeaks, settled } from "roam/testing";
import { PortService } from "./fixtures/port-service.ts";
import { runExchange } from "./fixtures/seeded-exchange.ts";
import type { Task } from "./fixtures/shared-buffer-worker.ts";

const ALL = { isHalfOpen: true, isPausable: true };
const WORKER = new URL("fixtures/shared-buffer-worker.mjs", import.meta.url);
const KIB = 1024;
const MIB = 1024 * KIB;
// Where a buffer has what (bytes / 4); side 0 writes the first ring.
const SLEEPS = [0, 16];
const TAILS = [32, 64];
const HEADS = [48, 80];
const RINGS_AT = 384;

type End = SharedBufferEnd<MessagePort>;

function ends(ringBytes = 64 * KIB): readonly [End, End] {
  return sharedBufferEnds({ ringBytes, channel: new MessageChannel() });
}

function links(ringBytes?: number): readonly [Link, Link] {
  const [here, there] = ends(ringBytes);
  return [sharedBufferLink(here), sharedBufferLink(there)];
}

function write(link: Link, payload: Uint8Array): void {
  assert(
    link.tx.tryWrite(payload, (writer, bytes) => writer.raw(bytes)),
    "the link takes a payload",
  );
}

const pattern = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7) & 255);

for (const ringBytes of [KIB, 4 * KIB, 64 * KIB]) {
  suite(`link over shared memory, by rings of ${ringBytes / KIB} KiB`, () => {
    for (const { name, run } of linkCasesFor(ALL)) {
      test(name, () => noLeaks(() => run(() => links(ringBytes))));
    }
  });
}

/** Runs a module in a process of its own. */
async function runAlone(script: string): Promise<string> {
  const args = ["--conditions=roam-source", "--import", "tsx", "--input-type=module", "--eval", script];
  const cwd = new URL("../..", import.meta.url).pathname;
  return (await promisify(execFile)(process.execPath, args, { cwd, timeout: 30_000 })).stdout;
}

suite("link over shared memory, without what Node has", () => {
  for (const { name, missing } of [
    { name: "no setImmediate: it waits on its word, as in browsers", missing: "" },
    { name: "no Atomics.waitAsync either: it waits for a message", missing: "delete Atomics.waitAsync;" },
  ]) {
    test(name, async () => {
      const said = await runAlone(`
        // Evaluated before the others, and after all are loaded: the loader needs it.
        import "data:text/javascript,delete globalThis.setImmediate;${missing}";
        import { sharedBufferEnds, sharedBufferLink } from "roam/shared-buffer";
        import { linkCasesFor } from "roam/testing";
        const makePair = () => sharedBufferEnds({ ringBytes: 4096 }).map((end) => sharedBufferLink(end));
        let passed = 0;
        for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
          await run(makePair).then(() => passed++, (error) => console.log(name, error));
        }
        console.log(passed > 20);`);
      assert.equal(said, "true\n");
    });
  }
});

/** The other end in a thread of its own. */
function threadOf(end: End, task: { readonly kind: Task["kind"] } & Record<string, unknown>): Worker {
  return new Worker(WORKER, { workerData: { ...task, end }, transferList: [end.port] });
}

suite("between two threads", () => {
  for (const { ringBytes, mostAtOnce } of [
    { ringBytes: 4 * KIB, mostAtOnce: 90 },
    { ringBytes: 64 * KIB, mostAtOnce: 700 },
  ]) {
    test(`a million payloads each way are whole and in order, by rings of ${ringBytes / KIB} KiB`, () =>
      noLeaks(async () => {
        const [here, there] = ends(ringBytes);
        const exchange = { payloads: 1_000_000, mostBytes: 50, mostAtOnce };
        const thread = threadOf(there, { kind: "exchange", exchange, seeds: { mine: 2, theirs: 1 } });
        const exited = once(thread, "exit");
        await runExchange(sharedBufferLink(here), exchange, { mine: 1, theirs: 2 });
        assert.deepEqual(await exited, [0]);
      }));
  }

  test("calls, channels and large bytes; when the session closes, the worker is done", () =>
    noLeaks(async () => {
      const { thread, client } = await served();
      const exited = once(thread, "exit");
      const numbers = Array.from({ length: 1_000 }, (_, index) => index);
      assert.equal(await client.sum({ numbers }), 499_500);
      for (const bytes of [0, 1, 1_000, 100_000, 3 * MIB]) {
        const payload = pattern(bytes, 1);
        assert.deepEqual(await client.echo({ payload }), payload);
      }
      const echoes = Array.from({ length: 60 }, (_, index) => new Uint8Array(40_000).fill(index));
      const answers = await Promise.all(echoes.map((payload) => client.echo({ payload })));
      assert.deepEqual(answers, echoes);
      await client.$.close();
      assert.deepEqual(await exited, [0]);
    }));

  test("payloads of all sizes come back in order, while nobody is awake and while all are", () =>
    noLeaks(async () => {
      const [here, there] = ends(4 * KIB);
      const thread = threadOf(there, { kind: "echo" });
      const exited = once(thread, "exit");
      const link = sharedBufferLink(here);
      const receiver = new LinkReceiver(link.rx);
      for (let round = 0; round < 60; round++) {
        // Beyond any patience now and then.
        if (round % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        const payloads = [3, 70_000, 0, 2_000, 1, 20_000, 500].map((bytes) => pattern(bytes, round));
        for (const payload of payloads) write(link, payload);
        for (const payload of payloads) assert.deepEqual(await receiver.recv(), payload);
      }
      await link.tx.close();
      assert.equal(await receiver.recv(), null);
      assert.deepEqual(await exited, [0]);
    }));

  // r[verify link.rx.error]
  test("a worker that exits ends the session", () =>
    noLeaks(async () => {
      const { client } = await served();
      await assert.rejects(client.exit({ code: 3 }), (error: RoamError) => error instanceof RoamError);
      assert.match(String(await client.$.session.ended), /closed without an end/);
    }));

  // r[verify link.rx.error]
  test("a worker that is killed amid payloads ends the link, behind those that came", () =>
    noLeaks(async () => {
      const [here, there] = ends(4 * KIB);
      const thread = threadOf(there, { kind: "echo" });
      const link = sharedBufferLink(here);
      const payload = pattern(700, 3);
      let received = 0;
      const ended = new Promise<RoamError | undefined>((resolve) => {
        link.rx.start(({ bytes, start, end }) => {
          assert.deepEqual(bytes.subarray(start, end), payload);
          if (++received === 5_000) void thread.terminate();
          write(link, payload);
        }, resolve);
      });
      for (let sent = 0; sent < 20; sent++) write(link, payload);
      assert.match(String(await ended), /\[io\].*closed without an end/);
      await assert.rejects(link.tx.reserve(), { code: "io" });
      assert(received >= 5_000);
    }));
});

async function served() {
  const [here, there] = ends();
  const thread = threadOf(there, { kind: "serve" });
  return { thread, client: await connect(sharedBufferLink(here), PortService) };
}

suite("how much a link lets out", () => {
  // r[verify link.tx.reserve]
  for (const bytes of [0, 100, 10_000, 300_000]) {
    test(`payloads of ${bytes} bytes to a far side that reads nothing are bounded`, async () => {
      const [link, far] = links();
      let sent = 0;
      while (link.tx.tryWrite(new Uint8Array(bytes), (writer, payload) => writer.raw(payload))) {
        if (++sent % 10 === 0) await new Promise(setImmediate);
      }
      assert(sent * (bytes + 4) < 2 * MIB, `${sent} payloads of ${bytes} bytes`);
      let received = 0;
      far.rx.start(
        () => received++,
        () => {},
      );
      (await link.tx.reserve()).release();
      await settled(() => received, 20);
      assert.equal(received, sent);
      link.destroy();
    });
  }

  // r[verify link.split]
  test("both directions full at once: both empty again", () =>
    noLeaks(async () => {
      const pair = links(KIB);
      let sent = 0;
      for (const { tx } of pair) {
        while (tx.tryWrite(pattern(300, sent), (writer, bytes) => writer.raw(bytes))) {
          if (++sent % 50 === 0) await new Promise(setImmediate);
        }
      }
      await settled(() => 0, 60);
      let received = 0;
      for (const { rx } of pair) {
        rx.start(
          () => received++,
          () => {},
        );
      }
      await settled(() => received, 20);
      assert.equal(received, sent);
      for (const { tx } of pair) (await tx.reserve()).release();
      pair[0].destroy();
      await settled();
    }));

  test("a batch in place of which only a marker is in the ring waits for its turn", async () => {
    const [here, there] = links(4 * KIB);
    const receiver = new LinkReceiver(there.rx);
    const sizes = [10, 100_000, 20, 30, 200_000, 150_000, 0, 2_047, 2_048, 5];
    for (const [index, bytes] of sizes.entries()) {
      write(here, pattern(bytes, index));
      await new Promise(setImmediate);
    }
    for (const [index, bytes] of sizes.entries()) {
      assert.deepEqual(await receiver.recv(), pattern(bytes, index));
    }
    here.destroy();
  });
});

/** A link and, on the other side, the bare memory and port. */
function halfOpen() {
  const [end, far] = ends(KIB);
  const link = sharedBufferLink(end);
  const words = new Int32Array(end.buffer);
  const bytes = new Uint8Array(end.buffer);
  /** Puts bytes at the start of the ring that the link reads. */
  const put = (...values: number[]) => {
    bytes.set(values, RINGS_AT + KIB);
    Atomics.store(words, TAILS[1] as number, values.length);
  };
  const received: number[] = [];
  const ended = new Promise<RoamError | undefined>((resolve) => {
    link.rx.start((payload) => received.push(payload.remaining), resolve);
  });
  return { link, far: far.port, words, put, ended, received };
}

suite("shared memory that no link wrote", () => {
  const MARKER = [255, 255, 255, 255];
  for (const { name, act } of [
    { name: "a tail behind the head", act: ({ words }) => Atomics.store(words, TAILS[1] as number, -1) },
    {
      name: "a tail more than a ring ahead",
      act: ({ words }) => Atomics.store(words, TAILS[1] as number, KIB + 1),
    },
    {
      name: "a head ahead of the tail",
      act: ({ words, link }) => {
        Atomics.store(words, HEADS[0] as number, 5);
        write(link, new Uint8Array(1));
      },
    },
    { name: "a length that is cut", act: ({ put }) => put(1, 0, 0, 0, 7, 1, 0) },
    { name: "a length past the end", act: ({ put }) => put(2, 0, 0, 0, 7) },
    { name: "a length of 4 GiB", act: ({ put }) => put(...MARKER, 7) },
    {
      name: "a marker of another size than its batch",
      act: ({ put, far }) => {
        far.postMessage(new ArrayBuffer(9));
        put(...MARKER, 10, 0, 0, 0);
      },
    },
    {
      name: "a marker without a batch, at the end",
      act: ({ put, far }) => {
        put(...MARKER, 10, 0, 0, 0);
        far.postMessage(true);
      },
    },
    {
      name: "a marker in a batch of the port",
      act: ({ put, far }) => {
        far.postMessage(Uint8Array.of(...MARKER, 4, 0, 0, 0, 0, 0, 0, 0).buffer);
        put(...MARKER, 12, 0, 0, 0);
      },
    },
    { name: "a text by the port", act: ({ far }) => far.postMessage("hello") },
    { name: "a number by the port", act: ({ far }) => far.postMessage(17) },
    { name: "a view by the port", act: ({ far }) => far.postMessage(new Uint8Array(8)) },
  ] as { name: string; act: (parts: ReturnType<typeof halfOpen>) => void }[]) {
    test(`${name}: the link ends`, () =>
      noLeaks(async () => {
        const parts = halfOpen();
        act(parts);
        // A side that was asleep is told of it by nobody.
        parts.far.postMessage(null);
        assert.equal((await parts.ended)?.code, "io");
        await assert.rejects(parts.link.tx.reserve(), { code: "io" });
        parts.far.close();
      }));
  }

  test("its own counters overwritten, and the wish to be woken: nothing is lost", async () => {
    const [here, there] = ends(KIB);
    const pair = [sharedBufferLink(here), sharedBufferLink(there)] as const;
    const receiver = new LinkReceiver(pair[1].rx);
    const words = new Int32Array(here.buffer);
    for (let round = 0; round < 50; round++) {
      write(pair[0], pattern(100, round));
      assert.deepEqual(await receiver.recv(), pattern(100, round));
      Atomics.store(words, SLEEPS[0] as number, -1);
    }
    pair[0].destroy();
  });
});

suite("how a link over shared memory ends", () => {
  // r[verify link.tx.close]
  // r[verify link.rx.eof]
  for (const { how, count } of [
    // Of 104 bytes each: eight in the ring of a KiB, which has no room for a batch of four more; a
    // larger one goes by the port.
    { how: "closes", count: 12 },
    { how: "destroys", count: 12 },
    { how: "closes", count: 40 },
    { how: "destroys", count: 40 },
  ]) {
    test(`what came before the end is read, ${count} payloads, though the far side ${how} its port meanwhile`, () =>
      noLeaks(async () => {
        const [end, far] = ends(KIB);
        const [here, there] = [sharedBufferLink(end), sharedBufferLink(far)];
        const payloads = Array.from({ length: count }, (_, index) => pattern(100, index));
        for (const [index, payload] of payloads.entries()) {
          write(there, payload);
          if (index < 8) await new Promise(setImmediate);
        }
        await there.tx.close();
        if (how === "destroys") there.destroy();
        else far.port.close();
        await settled(() => 0, 60);
        await assert.rejects(here.tx.reserve(), { code: "io" });
        const receiver = new LinkReceiver(here.rx);
        for (const payload of payloads) assert.deepEqual(await receiver.recv(), payload);
        assert.equal(await receiver.recv(), null);
      }));
  }

  // r[verify link.rx.error]
  test("a far side that destroys it is heard of behind what it had sent, also without a bell", async () => {
    const { far, put, ended, received } = halfOpen();
    await settled(() => 0, 60);
    put(1, 0, 0, 0, 7, 0, 0, 0, 0);
    far.postMessage(false);
    assert.match(String(await ended), /far side destroyed/);
    assert.deepEqual(received, [1, 0]);
    far.close();
  });

  test("a reader that throws is handed the next payload", async (t) => {
    const [here, there] = links();
    const thrown: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    const seen: number[] = [];
    const done = new Promise<unknown>((resolve) => {
      here.rx.start((payload) => {
        seen.push(payload.u8());
        if (seen.length === 1) throw new Error("no more tea");
      }, resolve);
    });
    write(there, Uint8Array.of(1));
    write(there, Uint8Array.of(2));
    await there.tx.close();
    await done;
    assert.match(String(thrown), /no more tea/);
    assert.deepEqual(seen, [1, 2]);
    here.destroy();
  });

  test("nothing keeps the process alive when it has ended, whoever ended it", async () => {
    const stdout = await runAlone(`
      import { sharedBufferEnds, sharedBufferLink } from "roam/shared-buffer";
      for (const end of ["close", "destroy", "port"]) {
        const ends = sharedBufferEnds();
        const [here, there] = ends.map((one) => sharedBufferLink(one));
        for (const { rx } of [here, there]) rx.start(() => {}, () => {});
        here.tx.tryWrite(undefined, (writer) => writer.u8(1));
        if (end === "close") setTimeout(() => { void here.tx.close(); void there.tx.close(); }, 5);
        if (end === "destroy") setTimeout(() => there.destroy(), 5);
        if (end === "port") setTimeout(() => ends[0].port.close(), 5);
      }
      console.log("done");`);
    assert.equal(stdout, "done\n");
  });
});

suite("what is no end", () => {
  for (const [name, end] of Object.entries({
    "no buffer": { buffer: undefined, side: 0 },
    "a buffer that is not shared": { buffer: new ArrayBuffer(384 + 2048), side: 0 },
    "a buffer of another size": { buffer: new SharedArrayBuffer(384 + 2 * 1000), side: 0 },
    "an empty buffer": { buffer: new SharedArrayBuffer(0), side: 0 },
    "a third side": { buffer: new SharedArrayBuffer(384 + 2048), side: 2 },
  })) {
    test(`${name} is refused`, () => {
      const { port1 } = new MessageChannel();
      assert.throws(() => sharedBufferLink({ ...end, port: port1 } as unknown as End), TypeError);
      port1.close();
    });
  }

  for (const ringBytes of [0, 1, 512, 1000, 1025, 2 ** 31, Number.NaN]) {
    test(`rings of ${ringBytes} bytes are refused`, () => {
      assert.throws(() => sharedBufferEnds({ ringBytes }), RangeError);
    });
  }

  test("an end can have one link", () => {
    const [end] = ends();
    const link = sharedBufferLink(end);
    assert.throws(() => sharedBufferLink(end), { name: "TypeError", message: /has a link already/ });
    link.destroy();
  });

  test("where memory cannot be shared, it says what a page needs", (t) => {
    const platform = globalThis as { SharedArrayBuffer: unknown };
    const shared = platform.SharedArrayBuffer;
    t.after(() => {
      platform.SharedArrayBuffer = shared;
    });
    platform.SharedArrayBuffer = undefined;
    assert.throws(() => sharedBufferEnds(), { name: "TypeError", message: /Cross-Origin-Opener-Policy/ });
  });
});
