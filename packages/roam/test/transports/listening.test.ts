import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { type Link, LinkReceiver, type Listener } from "roam/link";
import { dialLocal, listenLocal } from "roam/local";
import { dialTcp, listenTcp } from "roam/tcp";
import { dialWs, listenWebSocket } from "roam/websocket-server";
import { Inbox } from "../../src/internal/inbox.ts";
import { portOf } from "./listening.ts";

const HOST = "127.0.0.1";
const folder = mkdtempSync(join(tmpdir(), "roam-listening-"));
after(() => rmSync(folder, { recursive: true }));
let sockets = 0;
const freshPath = () => join(folder, `${sockets++}.sock`);

interface Kind {
  readonly kind: string;
  readonly address: RegExp;
  listen(onLink: (link: Link) => void, where?: string): Promise<Listener>;
  dial(address: string): Promise<Link>;
}

const KINDS: readonly Kind[] = [
  {
    kind: "TCP",
    address: /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/,
    listen: (onLink, where) =>
      listenTcp({ host: HOST, port: where === undefined ? 0 : portOf(where) }, onLink),
    dial: (address) => dialTcp({ host: HOST, port: portOf(address) }),
  },
  {
    kind: "local socket",
    address: /^unix:\/.*\.sock$/,
    listen: (onLink, where) => listenLocal(where?.slice("unix:".length) ?? freshPath(), onLink),
    dial: (address) => dialLocal(address.slice("unix:".length)),
  },
  {
    kind: "WebSocket",
    address: /^ws:\/\/127\.0\.0\.1:[1-9]\d*\/$/,
    listen: (onLink, where) =>
      listenWebSocket({ host: HOST, port: where === undefined ? 0 : portOf(where) }, onLink),
    dial: (address) => dialWs(address),
  },
];

suite("listening", () => {
  for (const { kind, address, listen, dial } of KINDS) {
    test(`${kind}: the address is told in full, and one that is in use is refused`, async () => {
      const links = new Inbox<Link>();
      const listener = await listen((link) => links.push(link));
      assert.match(listener.address, address);
      await assert.rejects(
        listen(() => {}, listener.address),
        { code: "io", message: /the address is in use/ },
      );
      // The one who was there first goes on.
      const [dialled, accepted] = await Promise.all([dial(listener.address), take(links)]);
      assert.notEqual(accepted.peer, "");
      dialled.destroy();
      accepted.destroy();
      await listener.close();
    });

    test(`${kind}: closing the listener frees the address and leaves its links alone`, async () => {
      const links = new Inbox<Link>();
      const listener = await listen((link) => links.push(link));
      const [dialled, accepted] = await Promise.all([dial(listener.address), take(links)]);
      await listener.close();
      await listener.close();
      await assert.rejects(dial(listener.address), { code: "io" });
      const receiver = new LinkReceiver(accepted.rx);
      (await dialled.tx.reserve()).write(7, (writer, value) => writer.u8(value));
      assert.deepEqual(await receiver.recv(), Uint8Array.of(7));
      const again = await listen((link) => links.push(link), listener.address);
      assert.equal(again.address, listener.address);
      dialled.destroy();
      accepted.destroy();
      await again.close();
    });
  }
});

// r[verify transport.stream.local]
suite("the file of a local socket", () => {
  test("is removed when the listener closes", async () => {
    const path = freshPath();
    const listener = await listenLocal(path, () => {});
    assert(existsSync(path));
    await listener.close();
    assert(!existsSync(path));
  });

  test("is replaced when nobody listens on it any more", async () => {
    const path = freshPath();
    // Renamed while in use: its server removes the old name, and the new one stays behind.
    const server = await bareServer(`${path}.old`);
    renameSync(`${path}.old`, path);
    await new Promise((done) => server.close(done));
    assert(existsSync(path));
    await assert.rejects(dialLocal(path), { code: "io" });
    const links = new Inbox<Link>();
    const listener = await listenLocal(path, (link) => links.push(link));
    const [dialled, accepted] = await Promise.all([dialLocal(path), take(links)]);
    dialled.destroy();
    accepted.destroy();
    await listener.close();
  });

  test("is left alone when it is no socket", async () => {
    const path = freshPath();
    writeFileSync(path, "somebody's notes");
    await assert.rejects(
      listenLocal(path, () => {}),
      { code: "io" },
    );
    assert.equal(readFileSync(path, "utf8"), "somebody's notes");
  });

  test("in a folder that does not exist is an io error, for listening and for dialling", async () => {
    const path = join(folder, "nowhere", "x.sock");
    await assert.rejects(
      listenLocal(path, () => {}),
      { code: "io" },
    );
    await assert.rejects(dialLocal(path), { code: "io" });
  });
});

async function take(links: Inbox<Link>): Promise<Link> {
  return (await links.take()) as Link;
}

async function bareServer(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}
