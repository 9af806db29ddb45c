import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { compile, t } from "roam-postcard";
import type { ConduitRx, MessageFamily } from "../../../src/conduit/conduit.ts";
import type { ConduitState } from "../../../src/conduit/conduit-state.ts";
import { Attachment } from "../../../src/conduit/stable/attachment.ts";
import { StableAcceptor } from "../../../src/conduit/stable/stable-acceptor.ts";
import type { StableConduit } from "../../../src/conduit/stable/stable-conduit.ts";
import { connectStable } from "../../../src/conduit/stable/stable-initiator.ts";
import type { Link } from "../../../src/link/link.ts";
import { memoryLinkPair } from "../../../src/link/memory-link.ts";
import { settled, VirtualClock } from "../../../src/testing/index.ts";

const { schema, encode, decode } = compile(t.u32);
/** Plain numbers; two of them never sent as items are the fillers. */
const family: MessageFamily<number> = {
  schema,
  encode,
  decode,
  fillers: { ack: 0xffff_fffe, close: 0xffff_ffff, solicit: 0xffff_fffd },
};

/** Two stable ends whose link can be cut at will. */
async function pair(limits = {}, reconnect = {}) {
  const clock = new VirtualClock();
  const states: ConduitState[] = [];
  let link: Link | undefined;
  let isUp = true;
  const accepted: StableConduit<number>[] = [];
  const acceptor = new StableAcceptor<number>({ family, clock, limits });
  const source = {
    next: async (): Promise<Link> => {
      if (!isUp) throw new Error("no route");
      const [here, there] = memoryLinkPair();
      const attachment = new Attachment(there);
      attachment.receive(
        (payload) => {
          attachment.hold();
          // A client that comes back once all is over is refused.
          acceptor.accept(attachment, payload.whole()).then(
            (conduit) => conduit && accepted.push(conduit),
            () => {},
          );
        },
        () => {},
      );
      link = here;
      return here;
    },
  };
  const client = await connectStable<number>(source, {
    family,
    clock,
    limits,
    reconnect,
    random: () => 0.5,
    onState: (state) => states.push(state),
  });
  await settled();
  const [server] = accepted;
  assert.ok(server !== undefined);
  return {
    clock,
    states,
    client: { core: client.core, ...client.split(), destroy: () => client.destroy() },
    server: { core: server.core, ...server.split(), destroy: () => server.destroy() },
    acceptor,
    cut: () => link?.destroy(),
    setUp: (up: boolean) => {
      isUp = up;
    },
  };
}

function collect({ rx }: { rx: ConduitRx<number> }) {
  const got: number[] = [];
  let end: { cause?: unknown } | undefined;
  rx.start(
    (item) => got.push(item),
    (cause) => {
      end = { cause };
    },
  );
  return { got, ended: () => end };
}

suite("a stable conduit against a list", () => {
  // r[verify stable]
  // r[verify stable.replay-buffer]
  // r[verify stable.replay-buffer.order]
  // r[verify stable.reconnect]
  // r[verify stable.reconnect.client-replay]
  // r[verify stable.reconnect.server-replay]
  test("delivers each item exactly once and in order, whatever happens to the links", async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("send"),
        side: fc.constantFrom("client", "server"),
        count: fc.integer({ min: 1, max: 20 }),
      }),
      fc.record({ kind: fc.constant("cut") }),
      fc.record({ kind: fc.constant("settle") }),
      fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 5000 }) }),
      fc.record({ kind: fc.constant("outage"), ms: fc.integer({ min: 1, max: 20_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { client, server, clock, cut, setUp } = await pair({}, { totalMs: 1e9 });
        const atServer = collect(server);
        const atClient = collect(client);
        // One item each way to begin with: a side that never sent has nothing to repeat, and so no ack.
        client.tx.tryReserve()?.send(0);
        server.tx.tryReserve()?.send(0);
        const sent = { client: [0], server: [0] };
        // A new session must show itself in time; from then on anything may happen.
        await settled();
        // A new session whose first frame does not come is dropped.
        await settled();
        for (const s of steps) {
          if (s.kind === "send" && "side" in s) {
            const conduit = s.side === "client" ? client : server;
            for (let index = 0; index < s.count; index++) {
              const permit = conduit.tx.tryReserve();
              if (permit === undefined) break;
              const list = sent[s.side as "client" | "server"];
              permit.send(list.length);
              list.push(list.length);
            }
          } else if (s.kind === "cut") cut();
          else if (s.kind === "settle") await settled();
          else if (s.kind === "pass" && "ms" in s) await clock.pass(s.ms);
          else if ("ms" in s) {
            setUp(false);
            cut();
            await clock.pass(s.ms);
            setUp(true);
          }
        }
        await clock.pass(60_000);
        assert.deepEqual(atServer.got, sent.client);
        assert.deepEqual(atClient.got, sent.server);
        await Promise.all([client.tx.close(), server.tx.close(), clock.pass(1000)]);
        await settled();
        assert.deepEqual([atServer.ended(), atClient.ended()], [{ cause: undefined }, { cause: undefined }]);
        assert.equal(clock.pending, 0, "no timer is left");
      }),
      { numRuns: 200 },
    );
  });

  // r[verify stable.x.bounded]
  test("keeps at most what it may, and reserve waits for the ack", async () => {
    const { client, server, clock } = await pair({ maxReplayFrames: 4 });
    collect(server);
    for (let item = 0; item < 4; item++) client.tx.tryReserve()?.send(item);
    assert.equal(client.tx.tryReserve(), undefined);
    const permit = client.tx.reserve();
    // The server has nothing to say: it can only ack once it has sent a frame of its own.
    server.tx.tryReserve()?.send(0);
    await clock.pass(200);
    (await permit).send(4);
    assert.equal(client.core.replayFrames, 1);
    client.destroy();
    server.destroy();
  });

  test("gives the session up after the total time without a link", async () => {
    const { client, clock, cut, setUp, states } = await pair();
    const { ended } = collect(client);
    client.tx.tryReserve()?.send(0);
    await settled();
    setUp(false);
    cut();
    await clock.pass(61_000);
    assert.deepEqual(states.at(-1), { kind: "lost", reason: "timeout" });
    assert.match(String(ended()?.cause), /session-lost/);
    assert.equal(clock.pending, 1, "only the server's retention");
    await clock.pass(120_000);
    assert.equal(clock.pending, 0);
  });
});
