import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { suite, test } from "node:test";
import { type Link, LinkReceiver, type Listener } from "roam/link";
import { dialTls, listenTls } from "roam/tcp";
import { linkCasesFor, noLeaks } from "roam/testing";
import { Inbox } from "../../src/internal/inbox.ts";
import { listening, portOf, swapped } from "./listening.ts";

const fixture = (name: string) => readFileSync(new URL(`fixtures/test-only-${name}.pem`, import.meta.url));
const ca = fixture("ca");
const server = { cert: fixture("server"), key: fixture("server.key") };
const HOST = "127.0.0.1";

// r[verify transport.stream.kinds]
suite("TLS link", () => {
  const makePair = listening(
    (onLink) => listenTls({ host: HOST, port: 0 }, { tls: server }, onLink),
    (address) => dialTls({ host: HOST, port: portOf(address) }, { tls: { ca } }),
  );
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true })) {
    test(`${name}, from the client`, () => noLeaks(() => run(makePair)));
    test(`${name}, from the server`, () => noLeaks(() => run(swapped(makePair))));
  }
});

const client = { cert: fixture("client"), key: fixture("client.key") };

/** A listener that lets in only those with a certificate of the test authority. */
async function guarded(): Promise<{ port: number; links: Inbox<Link>; listener: Listener }> {
  const links = new Inbox<Link>();
  const tls = { ...server, ca, requestCert: true, rejectUnauthorized: true };
  const listener = await listenTls({ host: HOST, port: 0 }, { tls }, (link) => links.push(link));
  return { port: portOf(listener.address), links, listener };
}

// r[verify session.x.limits]
suite("TLS limits", () => {
  test("who connects and sets no TLS up is hung up on when the time for a handshake is over", async () => {
    const listener = await listenTls(
      { host: HOST, port: 0 },
      { tls: server, handshakeTimeoutMs: 50 },
      (link) => link.destroy(),
    );
    const socket = connectTcp(portOf(listener.address), HOST).resume();
    await once(socket, "close");
    await listener.close();
  });

  test("sockets above the limit of links are closed at once, TLS or not", async () => {
    const listener = await listenTls({ host: HOST, port: 0 }, { tls: server, maxLinks: 1 }, () => {});
    const port = portOf(listener.address);
    const first = connectTcp(port, HOST);
    await once(first, "connect");
    const surplus = connectTcp(port, HOST);
    surplus.on("error", () => {});
    await once(surplus, "close");
    first.destroy();
    await listener.close();
  });
});

suite("TLS certificates", () => {
  test("a server that the client has no reason to trust is refused", async () => {
    const listener = await listenTls({ host: HOST, port: 0 }, { tls: server }, (link) => link.destroy());
    const address = { host: HOST, port: portOf(listener.address) };
    await assert.rejects(dialTls(address), { code: "io" });
    await listener.close();
  });

  test("a server whose certificate names somebody else is refused", async () => {
    const listener = await listenTls({ host: HOST, port: 0 }, { tls: server }, (link) => link.destroy());
    const address = { host: HOST, port: portOf(listener.address) };
    await assert.rejects(dialTls(address, { tls: { ca, servername: "example.org" } }), { code: "io" });
    await listener.close();
  });

  test("a client with the certificate asked for gets a link", async () => {
    const { port, links, listener } = await guarded();
    const [dialled, accepted] = await Promise.all([
      dialTls({ host: HOST, port }, { tls: { ca, ...client } }),
      links.take(),
    ]);
    const receiver = new LinkReceiver((accepted as Link).rx);
    (await dialled.tx.reserve()).write(9, (writer, value) => writer.u8(value));
    assert.deepEqual(await receiver.recv(), Uint8Array.of(9));
    dialled.destroy();
    accepted?.destroy();
    await listener.close();
  });

  test("a client without it gets none", async () => {
    const { port, links, listener } = await guarded();
    // In TLS 1.3 the client is done before the server has looked: the refusal may come either way.
    const refused = async () => {
      const link = await dialTls({ host: HOST, port }, { tls: { ca } });
      const receiver = new LinkReceiver(link.rx);
      const payload = await receiver.recv().finally(() => link.destroy());
      assert.equal(payload, "no payload");
    };
    await assert.rejects(refused, { code: "io" });
    assert.equal(links.size, 0);
    await listener.close();
  });

  test("are among the facts of the link, if the client showed one", async () => {
    const links = new Inbox<Link>();
    const tls = { ...server, ca, requestCert: true, rejectUnauthorized: false };
    const listener = await listenTls({ host: HOST, port: 0 }, { tls }, (link) => links.push(link));
    const address = { host: HOST, port: portOf(listener.address) };
    for (const shown of [client, undefined]) {
      const dialled = await dialTls(address, { tls: { ca, ...shown } });
      const accepted = (await links.take()) as Link;
      assert.equal(accepted.facts?.address, HOST);
      const { certificate } = accepted.facts ?? {};
      if (shown !== undefined) {
        const known = new X509Certificate(shown.cert);
        assert.equal(certificate?.fingerprint256, known.fingerprint256);
        assert.equal(certificate?.subject.CN, "roam test fixture client, not for use");
        assert.deepEqual(certificate?.validTo, new Date(known.validTo));
        assert.equal(certificate?.isTrusted, true);
      } else assert.equal(certificate, undefined);
      dialled.destroy();
      accepted.destroy();
    }
    await listener.close();
  });
});
