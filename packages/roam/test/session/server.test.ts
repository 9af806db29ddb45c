import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, implement, type ServeOptions, serveHandler } from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { ScriptedPeer, settled } from "roam/testing";
import { Testbed, testbedHandlers } from "./harness.ts";

const handler = implement(Testbed, testbedHandlers);

/** A server in memory, and how to dial it. */
async function serving(options: ServeOptions = {}) {
  let onLink = (_: Link) => {};
  const server = await serveHandler(
    async (take) => {
      onLink = take;
      return { address: "memory", close: async () => {} };
    },
    handler,
    options,
  );
  const dial = () => {
    const [near, far] = memoryLinkPair();
    onLink(far);
    return near;
  };
  return { server, dial };
}

suite("a server", () => {
  test("that closes leaves no session, at whatever point of its handshake that is", async () => {
    for (let microtasks = 0; microtasks < 16; microtasks++) {
      const { server, dial } = await serving();
      const peer = new ScriptedPeer(dial());
      void peer.sendBytes([0, 0, 7, 0, 64, 0]);
      for (let passed = 0; passed < microtasks; passed++) await null;
      await server.close();
      await peer.script.untilEnd();
      await settled();
      assert.equal(server.sessions.size, 0, `after ${microtasks} microtasks`);
    }
  });

  test("goes on when somebody does not speak the protocol, or says nothing", async () => {
    const { server, dial } = await serving();
    const [rude, silent] = [new ScriptedPeer(dial()), new ScriptedPeer(dial())];
    await rude.sendBytes([1, 2, 3]);
    await rude.expect("ProtocolError");
    await rude.expectEnd();
    const client = await connect(dial(), Testbed);
    assert.equal(await client.echo({ message: "hi" }), "hi");
    assert.equal(server.sessions.size, 1);
    await server.close();
    await silent.expectEnd();
    assert.equal((await client.$.session.ended).code, "closed");
  });

  test("reports an onSession that throws, and serves the session", async () => {
    const errors: unknown[] = [];
    const { server, dial } = await serving({
      onSession() {
        throw new Error("broken");
      },
      logger: { warn() {}, error: ({ err }, message) => errors.push([message, err]) },
    });
    const client = await connect(dial(), Testbed);
    assert.equal(await client.echo({ message: "hi" }), "hi");
    assert.match(String(errors), /onSession failed.*broken/);
    await server.close();
  });

  for (const { name, options, error } of [
    { name: "an unknown limit", options: { limits: { maxStuff: 1 } }, error: TypeError },
    { name: "metadata that is none", options: { metadata: { k: 5 } }, error: TypeError },
  ]) {
    test(`does not listen when its options make no sense: ${name}`, async () => {
      let isListening = false;
      const listen = async () => {
        isListening = true;
        return { address: "memory", close: async () => {} };
      };
      await assert.rejects(serveHandler(listen, handler, options as unknown as ServeOptions), error);
      assert.equal(isListening, false);
    });
  }
});
