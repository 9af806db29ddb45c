import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as netConnect } from "node:net";
import { suite, test } from "node:test";
import { connect, type ServeOptions, serve } from "roam";
import { Testbed, testbedHandlers } from "./harness.ts";

const QUIET = { warn() {}, error() {} };

async function serving(limits: ServeOptions["limits"]) {
  const server = await serve("tcp://127.0.0.1:0", Testbed, testbedHandlers, { limits, logger: QUIET });
  const dial = async () => {
    const socket = netConnect(Number(new URL(server.address).port), "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  return { server, dial };
}

suite("links above what a listener takes", () => {
  // r[verify session.x.limits]
  test("are hung up on at once, those of one address apart from the others; sessions go on", async () => {
    const { server, dial } = await serving({ maxLinksPerAddress: 3 });
    const client = await connect(server.address, Testbed);
    const [silent, other] = [await dial(), await dial()];
    const surplus = await dial();
    await once(surplus, "close");
    assert.equal(await client.echo({ message: "still here" }), "still here");
    silent.destroy();
    await once(silent, "close");
    // The server learns of it in a turn of its own.
    for (;;) {
      const next = await dial();
      const outcome = await Promise.race([
        once(next, "close").then(() => "refused"),
        client.echo({ message: "a round trip" }).then(() => client.echo({ message: "and another" })),
      ]);
      next.destroy();
      if (outcome !== "refused") break;
    }
    other.destroy();
    await client.$.close();
    await server.close();
  });

  test("include those that lost their place by ending: thirty links, one after another", async () => {
    const { server } = await serving({ maxLinks: 4, maxHandshakes: 4 });
    for (let link = 0; link < 30; link++) {
      const client = await connect(server.address, Testbed, { conduit: link % 2 === 0 ? "bare" : "stable" });
      assert.equal(await client.echo({ message: "x" }), "x");
      await client.$.close();
      await client.$.session.ended;
    }
    await server.close();
  });
});
