import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { implement, method, RoamError, serve, serveHandler, service, t } from "roam";
import { type Link, LinkReceiver } from "roam/link";
import { connectLocal, createHost, type HostOptions, joinHost, type ShmHost } from "roam/shm";
import { linkCasesFor, noLeaks } from "roam/testing";
import { attachGuest } from "../../src/shm/guest.ts";

const TRAITS = { isHalfOpen: false, isPausable: true };
const KIB = 1024;
const MIB = KIB * KIB;
const GUEST = fileURLToPath(new URL("fixtures/spawned-guest.ts", import.meta.url));

const directory = mkdtempSync(join(tmpdir(), "roam-shm-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));
let sockets = 0;
const freePath = () => join(directory, `${sockets++}.sock`);

/** A host and a guest of it, by files and sockets of the system. */
async function pair(host: ShmHost): Promise<readonly [Link, Link]> {
  const { ticket, link } = host.prepare();
  return [link, await attachGuest(ticket)];
}

async function withHost(
  run: (host: ShmHost) => Promise<void>,
  options: HostOptions = { ringCapacity: 16 * KIB },
): Promise<void> {
  await noLeaks(async () => {
    await using host = await createHost(options);
    await run(host);
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const filled = (length: number, by: number) => new Uint8Array(length).fill(by);

async function send(link: Link, payload: Uint8Array): Promise<void> {
  (await link.tx.reserve()).write(payload, (writer, bytes) => writer.raw(bytes));
}

// r[verify shm.file]
// r[verify shm.file.create]
// r[verify shm.file.attach]
suite("link over a mapped segment", () => {
  for (const { name, run } of linkCasesFor(TRAITS)) {
    test(name, () => withHost((host) => run(() => pair(host))));
  }
});

suite("host", () => {
  // r[verify shm.topology]
  // r[verify shm.topology.communication]
  test("each guest has a link with the host of its own, and no other", () =>
    withHost(async (host) => {
      const pairs = [await pair(host), await pair(host), await pair(host)];
      const atGuests = pairs.map(([, guest]) => new LinkReceiver(guest.rx));
      const atHost = pairs.map(([link]) => new LinkReceiver(link.rx));
      for (const [index, [link, guest]] of pairs.entries()) {
        await send(link, filled(50_000, index));
        await send(guest, filled(60_000, index + 100));
      }
      for (const index of pairs.keys()) {
        assert.deepEqual(await atGuests[index]?.recv(), filled(50_000, index));
        assert.deepEqual(await atHost[index]?.recv(), filled(60_000, index + 100));
      }
      assert.equal(host.guests, 3);
    }));

  test("all places taken: an error, and one that is given back can be had again", () =>
    withHost(
      async (host) => {
        const [, guest] = await pair(host);
        assert.throws(() => host.prepare(), { code: "io" });
        guest.destroy();
        await until(() => host.guests === 0);
        const [link, next] = await pair(host);
        const receiver = new LinkReceiver(next.rx);
        await send(link, filled(3, 1));
        assert.deepEqual(await receiver.recv(), filled(3, 1));
      },
      { maxGuests: 1 },
    ));

  // r[verify shm.crash.recovery]
  // r[verify shm.guest.detach]
  test("what a guest that is gone had not taken is free again", () =>
    withHost(
      async (host) => {
        for (let round = 0; round < 5; round++) {
          const [link, guest] = await pair(host);
          for (let by = 0; by < 2; by++) await send(link, filled(20_000, by));
          for (let by = 0; by < 2; by++) await send(guest, filled(20_000, by));
          await until(() => link.tx.tryReserve()?.release() === undefined);
          await new Promise(setImmediate);
          guest.destroy();
          link.destroy();
          await until(() => host.guests === 0);
        }
        const [link, guest] = await pair(host);
        const receiver = new LinkReceiver(guest.rx);
        await send(link, filled(20_000, 9));
        assert.deepEqual(await receiver.recv(), filled(20_000, 9));
      },
      { maxGuests: 1, classes: [{ slotBytes: 32 * KIB, slots: 4 }] },
    ));

  // r[verify shm.file.permissions]
  // r[verify shm.file.cleanup]
  test("its file is for this user, in a directory of its own, and gone in the end", async () => {
    const host = await createHost();
    assert.equal(statSync(host.path).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(host.path)).mode & 0o777, 0o700);
    await host.close();
    await host.close();
    assert.equal(existsSync(dirname(host.path)), false);
  });

  // r[verify shm.file.cleanup]
  test("a file that another one left behind is replaced", async () => {
    const path = join(directory, "left");
    writeFileSync(path, "of some other time");
    await withHost(
      async (host) => {
        const [link, guest] = await pair(host);
        const receiver = new LinkReceiver(guest.rx);
        await send(link, filled(10, 1));
        assert.deepEqual(await receiver.recv(), filled(10, 1));
      },
      { path },
    );
    assert.equal(existsSync(path), false);
  });

  // r[verify shm.host.goodbye]
  test("closing it lets guests take what was sent, and then ends their links", () =>
    noLeaks(async () => {
      const host = await createHost();
      const [link, guest] = await pair(host);
      const receiver = new LinkReceiver(guest.rx);
      for (let by = 0; by < 20; by++) await send(link, filled(70_000, by));
      const closed = host.close();
      for (let by = 0; by < 20; by++) assert.deepEqual(await receiver.recv(), filled(70_000, by));
      assert.equal(await receiver.recv(), null);
      await closed;
      assert.throws(() => host.prepare(), { code: "closed" });
    }));

  // r[verify shm.crash.heartbeat-clock]
  test("a guest shows that it is alive, where the host asks for it", () =>
    withHost(
      async (host) => {
        const { ticket, link } = host.prepare();
        const header = openSync(host.path, "r");
        const beat = Buffer.alloc(8);
        const lastBeat = () => {
          readSync(header, beat, 0, 8, 128 + 8);
          return beat.readBigUInt64LE();
        };
        assert.equal(lastBeat(), 0n);
        const before = process.hrtime.bigint();
        const guest = await attachGuest(ticket);
        const first = lastBeat();
        assert(first >= before && first <= process.hrtime.bigint(), "by the monotonic clock");
        await until(() => lastBeat() > first);
        closeSync(header);
        guest.destroy();
        link.destroy();
      },
      { heartbeatMs: 5 },
    ));

  test("options that make no segment: an error, and nothing is left", async () => {
    await assert.rejects(createHost({ ringCapacity: 64 }), RangeError);
    await assert.rejects(createHost({ maxGuests: 256 }), RangeError);
  });

  // r[verify shm.spawn]
  // r[verify shm.spawn.fd-inheritance]
  test("a guest that it starts inherits what it needs; killed, it gives its place back", () =>
    noLeaks(async () => {
      await using host = await createHost();
      const { child, link } = host.spawn(process.execPath, [...process.execArgv, GUEST]);
      const receiver = new LinkReceiver(link.rx);
      for (const length of [0, 100, 50_000, 2 * MIB]) {
        await send(link, filled(length, 7));
        assert.deepEqual(await receiver.recv(), filled(length, 7));
      }
      child.kill("SIGKILL");
      await once(child, "exit");
      assert.equal(await receiver.recv(), null);
      await until(() => host.guests === 0);
    }));

  test("a program that cannot be started gives its place back", () =>
    noLeaks(async () => {
      await using host = await createHost();
      const { child } = host.spawn("/nowhere/to/be/found");
      await once(child, "error");
      await until(() => host.guests === 0);
    }));
});

test("a place that cannot be prepared, for there are no files, is there for the next, and nothing stays open", () => {
  const program = fileURLToPath(new URL("fixtures/host-out-of-files.ts", import.meta.url));
  const flags = ["--conditions=roam-source", "--import", "tsx"];
  const command = ["-c", 'ulimit -n 80; exec "$0" "$@"', process.execPath, ...flags, program];
  const { stdout, stderr } = spawnSync("/bin/sh", command, { encoding: "utf8", timeout: 30_000 });
  assert.match(stdout, /^\{/, stderr);
  const { codes, leftOpen } = JSON.parse(stdout) as { codes: string[]; leftOpen: number };
  assert.equal(codes.pop(), "prepared");
  assert(codes.length >= 5, `prepared with ${codes.length} files`);
  assert.deepEqual(new Set(codes), new Set(["io"]));
  assert.equal(leftOpen, 0);
});

suite("bootstrap", () => {
  // r[verify shm.bootstrap.unix]
  // r[verify shm.bootstrap.success]
  // r[verify shm.bootstrap.sid]
  test("a guest asks by a local socket and shows its session id", () =>
    withHost(async (host) => {
      const path = freePath();
      const asking: unknown[] = [];
      const links: Link[] = [];
      await host.listen(path, (link) => links.push(link), {
        check: ({ sid, uid }) => {
          asking.push([new TextDecoder().decode(sid), uid]);
          return true;
        },
      });
      const guest = await joinHost(path, { sid: "who" });
      assert.deepEqual(asking, [["who", process.getuid?.()]]);
      const receiver = new LinkReceiver(guest.rx);
      await until(() => links.length === 1);
      await send(links[0] as Link, filled(2 * MIB, 3));
      assert.deepEqual(await receiver.recv(), filled(2 * MIB, 3));
      guest.destroy();
    }));

  // r[verify shm.bootstrap.error]
  test("one that does not pass the check is refused, and no place is spent", () =>
    withHost(async (host) => {
      const path = freePath();
      await host.listen(path, () => assert.fail("nobody passes"), { check: () => false });
      await assert.rejects(joinHost(path), { code: "rejected", message: /not for you/ });
      assert.equal(host.guests, 0);
    }));

  test("no place left: refused with the reason", () =>
    withHost(
      async (host) => {
        const path = freePath();
        await host.listen(path, () => {});
        const first = await joinHost(path);
        await assert.rejects(joinHost(path), { code: "rejected", message: /all 1 places/ });
        first.destroy();
        await until(() => host.guests === 0);
      },
      { maxGuests: 1 },
    ));

  test("something else than a request is refused, and the host goes on", () =>
    withHost(async (host) => {
      const path = freePath();
      await host.listen(path, () => {});
      const socket = connectSocket({ path });
      socket.write("GET / HTTP/1.1\r\n\r\n");
      const [answer] = await once(socket, "data");
      assert.equal((answer as Buffer).subarray(0, 5).toString("latin1"), "RSP0\u0001");
      await once(socket, "close");
      (await joinHost(path)).destroy();
      await until(() => host.guests === 0);
    }));

  test("nobody there, or an aborted wait: told at once", async () => {
    await assert.rejects(joinHost(freePath()), { code: "io" });
    await noLeaks(async () => {
      await using host = await createHost();
      const path = freePath();
      await host.listen(path, () => {}, { check: () => new Promise(() => {}) });
      const reason = new Error("enough");
      const controller = new AbortController();
      const joining = joinHost(path, { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 20);
      await assert.rejects(joining, reason);
    });
  });
});

const Greeter = service("Greeter", { greet: method({ name: t.string }, t.string) });
const greeter = implement(Greeter, { greet: ({ name }) => `hello ${name}` });

suite("connectLocal", () => {
  test("by shared memory where a host hands out places", () =>
    noLeaks(async () => {
      const path = freePath();
      await using host = await createHost();
      await using server = await serveHandler((onLink) => host.listen(`${path}.shm`, onLink), greeter);
      await using client = await connectLocal(path, Greeter);
      assert.equal(await client.greet({ name: "you" }), "hello you");
      assert.match(client.$.session.peer, /^shm/);
      assert.equal(server.sessions.size, 1);
    }));

  test("else by the local socket", () =>
    noLeaks(async () => {
      const path = freePath();
      await using _server = await serve(`unix:${path}`, Greeter, { greet: ({ name }) => `hello ${name}` });
      await using client = await connectLocal(path, Greeter);
      assert.equal(await client.greet({ name: "you" }), "hello you");
      assert.match(client.$.session.peer, /^unix/);
    }));

  test("nobody at either: the socket's error", async () => {
    await assert.rejects(
      connectLocal(freePath(), Greeter),
      (error) => error instanceof RoamError && error.code === "io",
    );
  });
});
