import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { suite, test } from "node:test";
import { acceptConduits } from "roam/conduit";
import { type Link, memoryLinkPair } from "roam/link";
import { dialTcp, listenTcp } from "roam/tcp";
import { type Item, itemFamily, ScriptedLink, settled } from "roam/testing";
import { portOf } from "../transports/listening.ts";

/** An acceptor whose listener is in the test's hands. */
async function scripted() {
  let onLink: (link: Link) => void = () => {};
  let isListening = true;
  const acceptor = await acceptConduits<Item>(async (up) => {
    onLink = up;
    return {
      address: "test:",
      close: async () => {
        isListening = false;
      },
    };
  }, itemFamily);
  return {
    acceptor,
    isListening: () => isListening,
    /** @returns the far end of a new inbound link, whose first item is on its way */
    arrive(id = 0): Link {
      const [near, far] = memoryLinkPair();
      onLink(near);
      write(far, id);
      return far;
    },
  };
}

/** One item, as a bare conduit sends it. */
function write(link: Link, id: number): void {
  const item: Item = { id, text: "", blob: new Uint8Array() };
  link.tx.tryReserve()?.write(item, itemFamily.encode);
}

// r[verify conduit.x.acceptor]
suite("acceptConduits", () => {
  test("yields one conduit per connection, in order", async () => {
    const { acceptor, arrive } = await scripted();
    assert.equal(acceptor.address, "test:");
    const waiting = acceptor.accept();
    for (const id of [0, 1, 2]) arrive(id);
    const accepted = [await waiting, await acceptor.accept(), await acceptor.accept()];
    for (const [index, conduit] of accepted.entries()) {
      const { rx } = conduit.split();
      assert.equal((await rx.recv())?.value.id, index);
      conduit.destroy();
    }
    await acceptor.close();
  });

  test("an aborted accept rejects with its reason and takes no connection", async () => {
    const { acceptor, arrive } = await scripted();
    const abort = new AbortController();
    const waiting = acceptor.accept({ signal: abort.signal });
    const reason = new Error("enough for today");
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    arrive();
    (await acceptor.accept()).destroy();
    await acceptor.close();
  });

  test("rejects once the listener is gone, also those who wait", async () => {
    const { acceptor, isListening } = await scripted();
    const waiting = acceptor.accept();
    await Promise.all([assert.rejects(waiting, { code: "closed" }), acceptor.close()]);
    assert.equal(isListening(), false);
    await assert.rejects(acceptor.accept(), { code: "closed" });
  });

  test("connections that nobody accepts are bounded, and the further ones are closed", async () => {
    const { acceptor, arrive } = await scripted();
    const far = Array.from({ length: 130 }, () => new ScriptedLink(arrive()));
    for (const script of far.slice(128)) await script.expectEnd();
    for (const script of far.slice(0, 128)) {
      const conduit = await acceptor.accept();
      await script.expectNothing();
      conduit.destroy();
    }
    await acceptor.close();
  });

  test("a connection that says nothing does not delay the next", async () => {
    const acceptor = await acceptConduits(
      (onLink) => listenTcp({ host: "127.0.0.1", port: 0 }, onLink),
      itemFamily,
    );
    const port = portOf(acceptor.address);
    const silent = connect({ host: "127.0.0.1", port });
    await once(silent, "connect");
    const link = await dialTcp({ host: "127.0.0.1", port });
    write(link, 5);
    const second = await acceptor.accept();
    assert.equal((await second.split().rx.recv())?.value.id, 5);
    const closed = once(silent, "close");
    second.destroy();
    link.destroy();
    silent.resume();
    // With the acceptor go the links that have not said anything yet.
    await acceptor.close();
    await closed;
    await settled();
  });
});
