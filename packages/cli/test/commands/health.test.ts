import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ServeOptions, serve } from "roam";
import { healthBoard } from "roam/health";
import { Billing } from "./call-example.ts";
import { roam, start } from "./roam-command.ts";

const handlers = Object.fromEntries(
  [...Billing.descriptors().keys()].map((name) => [name, () => undefined]),
) as never;

async function serving(options: ServeOptions, use: (url: string) => Promise<void>): Promise<void> {
  await using server = await serve("tcp://127.0.0.1:0", Billing, handlers, options);
  await use(server.address);
}

suite("health", () => {
  test("serves: 0; does not, or is not known: 1", async () => {
    const health = healthBoard();
    await serving({ health }, async (url) => {
      const well = await roam(["health", url]);
      assert.deepEqual([well.exit, well.out], [0, `${url} serves\n`]);
      const unknown = await roam(["health", url, "Shop", "--json"]);
      assert.equal(unknown.exit, 1);
      assert.deepEqual(JSON.parse(unknown.out), { url, service: "Shop", status: "Unknown", by: "health" });
      health.set("Billing", "NotServing");
      const down = await roam(["health", url, "Billing"]);
      assert.deepEqual([down.exit, down.out], [1, `Billing at ${url} does not serve\n`]);
      assert.equal((await roam(["health", url])).exit, 0);
    });
  });

  test("a peer without the service is asked for its introspection, and then taken at its handshake", async () => {
    await serving({ health: false }, async (url) => {
      const told = await roam(["health", url, "--json"]);
      assert.deepEqual([told.exit, JSON.parse(told.out).by], [0, "introspection"]);
    });
    await serving({ health: false, introspection: false }, async (url) => {
      const lenient = await roam(["health", url]);
      assert.equal(lenient.exit, 0);
      assert.match(lenient.out, /says nothing of its health/);
      assert.equal((await roam(["health", url, "--strict"])).exit, 1);
      assert.equal((await roam(["health", url, "--watch"])).exit, 2);
    });
  });

  test("nobody there is another matter", async () => {
    const { exit, err } = await roam(["health", "tcp://127.0.0.1:1"]);
    assert.equal(exit, 4);
    assert.match(err, /cannot connect to tcp:\/\/127\.0\.0\.1:1/);
  });

  test("--watch tells each change, and ends when the peer has drained", async () => {
    const health = healthBoard();
    const server = await serve("tcp://127.0.0.1:0", Billing, handlers, { health });
    const run = start(["health", server.address, "Billing", "--watch"], { stdin: null });
    await run.seen("Serving\n");
    health.set("Billing", "NotServing");
    await run.seen("NotServing\n");
    health.set("Billing", "Serving");
    await run.seen("NotServing\nServing\n");
    await server.drain();
    const { exit, out } = await run.done;
    assert.equal(out, "Serving\nNotServing\nServing\nNotServing\n");
    assert.notEqual(exit, 0);
  });

  test("--watch ends with Ctrl-C", async () => {
    await serving({}, async (url) => {
      const run = start(["health", url, "--watch", "--json"], { stdin: null });
      await run.seen('"Serving"');
      run.interrupt();
      assert.equal((await run.done).exit, 130);
    });
  });
});
