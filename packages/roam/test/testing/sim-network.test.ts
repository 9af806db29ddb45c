import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RoamError } from "roam";
import type { Link } from "roam/link";
import { CALM, type Fault, type FaultPlan, SimNetwork, settled, VirtualClock } from "roam/testing";

/** One end of a link: what came, and how it ended. */
class End {
  readonly link: Link;
  readonly payloads: Uint8Array[] = [];
  ended: { readonly cause: RoamError | undefined; readonly atMs: number } | undefined;

  constructor(link: Link, clock: VirtualClock) {
    this.link = link;
    link.rx.start(
      (payload) => this.payloads.push(payload.whole()),
      (cause) => {
        this.ended = { cause, atMs: clock.nowMs() };
      },
    );
  }

  get bytes(): number {
    return this.payloads.reduce((sum, { length }) => sum + length, 0);
  }

  send(payload: Uint8Array): boolean {
    const permit = this.link.tx.tryReserve();
    permit?.write(payload, (writer, bytes) => writer.raw(bytes));
    return permit !== undefined;
  }
}

/** A network with one listener. */
async function networkOf(changes: Partial<FaultPlan>) {
  const plan = { ...CALM, ...changes };
  const clock = new VirtualClock();
  const network = new SimNetwork({ clock, seed: 1, plan });
  const accepted: End[] = [];
  await network.listen("here", (link) => void accepted.push(new End(link, clock)));
  const source = network.source("here");
  const dial = async () => {
    const { client, server } = plan.latencyMs;
    const dialling = source.next({ signal: new AbortController().signal });
    const [link] = await Promise.all([dialling, clock.pass(client + server)]);
    return new End(link, clock);
  };
  return { clock, network, accepted, source, dial };
}

/** The same, dialled. */
async function linked(plan: Partial<FaultPlan> = {}) {
  const all = await networkOf(plan);
  const client = await all.dial();
  return { ...all, client, server: all.accepted[0] as End };
}

const faults = (...list: readonly Fault[]): Partial<FaultPlan> => ({ faults: list });
/** With its length prefix 14 bytes. */
const TEN = new Uint8Array(10).fill(7);

suite("a simulated network", () => {
  test("delivers what is sent, both ways, in the time it takes", async () => {
    const { clock, client, server, network } = await linked({ latencyMs: { client: 5, server: 7 } });
    assert.ok(client.send(TEN) && server.send(TEN));
    await clock.pass(4.9);
    assert.deepEqual([client.bytes, server.bytes], [0, 0]);
    await clock.pass(0.1);
    assert.deepEqual([client.bytes, server.bytes], [0, 10]);
    await clock.pass(2);
    assert.deepEqual(client.payloads, [TEN]);
    assert.deepEqual(network.counts, { links: 1, refused: 0, cuts: 0, bytes: 28 });
  });

  for (const chunkBytes of [
    [1, 1],
    [1, 7],
    [3, 100_000],
  ] as const) {
    test(`puts payloads together whatever the chunks (${chunkBytes.join(" to ")} bytes)`, async () => {
      const { clock, client, server } = await linked({ chunkBytes, jitterMs: 3 });
      const sent = Array.from({ length: 20 }, (_, length) => new Uint8Array(length * 17).fill(length));
      for (const payload of sent) {
        client.send(payload);
        await clock.pass(1);
      }
      await clock.pass(20);
      assert.deepEqual(server.payloads, sent);
    });
  }

  test("keeps its own copy of what a writer hands over", async () => {
    const { clock, client, server } = await linked();
    const mine = new Uint8Array(50_000).fill(1);
    client.send(mine);
    await settled();
    mine.fill(2);
    await clock.pass(10);
    assert.ok(
      server.payloads[0]?.every((byte) => byte === 2),
      "as it was when it left",
    );
    mine.fill(3);
    assert.ok(
      server.payloads[0]?.every((byte) => byte === 2),
      "and no later",
    );
  });

  test("ends a link in order, or by a reset for one who hangs up with bytes unread", async () => {
    const orderly = await linked();
    orderly.client.send(TEN);
    await Promise.all([orderly.client.link.tx.close(), orderly.clock.pass(10)]);
    assert.deepEqual(orderly.server.payloads, [TEN]);
    assert.equal(orderly.server.ended?.cause, undefined);
    assert.equal(orderly.client.ended, undefined, "the other direction lives");
    await Promise.all([orderly.server.link.tx.close(), orderly.clock.pass(10)]);
    assert.equal(orderly.network.open.size, 0);

    const rude = await linked();
    rude.client.link.rx.pause();
    rude.server.send(TEN);
    await rude.clock.pass(10);
    rude.client.link.destroy();
    await rude.clock.pass(10);
    assert.equal(rude.server.ended?.cause?.code, "io");
    assert.equal(rude.network.open.size, 0);
  });

  test("holds a writer up whose reader does not read", async () => {
    const { clock, client, server } = await linked({ windowBytes: 1_000 });
    server.link.rx.pause();
    let sent = 0;
    for (let round = 0; round < 20; round++) {
      while (client.send(new Uint8Array(100_000))) sent++;
      await clock.pass(5);
    }
    // What the link itself takes, and one more.
    assert.ok(sent < 12, `${sent} payloads`);
    assert.equal(server.bytes, 0);
    server.link.rx.resume();
    await clock.pass(5);
    assert.equal(server.bytes, sent * 100_000);
    assert.ok(client.send(TEN));
  });
});

suite("fault: cut", () => {
  test("at every byte: so many arrive, then both ends see it at once", async () => {
    for (let byte = 0; byte <= 28; byte++) {
      const { clock, client, server, network } = await linked(
        faults({ kind: "cut", link: 0, from: "client", byte, seenBy: "both" }),
      );
      client.send(TEN);
      await clock.pass(1);
      client.send(TEN);
      await clock.pass(10);
      assert.equal(server.payloads.length, Math.floor(byte / 14), `byte ${byte}`);
      assert.equal(network.linkBytes[0]?.client, byte);
      assert.equal(client.ended?.cause?.code, "io");
      assert.equal(server.ended?.cause?.code, "io");
      assert.equal(client.ended.atMs, server.ended.atMs);
      assert.deepEqual([network.counts.cuts, network.open.size], [1, 0]);
    }
  });

  test("orderly: an end without an error, unless it falls inside a payload", async () => {
    for (const { byte, code } of [
      { byte: 14, code: undefined },
      { byte: 13, code: "io" },
    ]) {
      const { clock, client, server } = await linked(
        faults({ kind: "cut", link: 0, from: "client", byte, seenBy: "both", isOrderly: true }),
      );
      client.send(TEN);
      await clock.pass(10);
      assert.equal(server.ended?.cause?.code, code);
      assert.notEqual(client.ended, undefined);
      assert.equal(client.ended?.cause, undefined);
    }
  });

  for (const { seenBy, sees } of [
    { seenBy: "client", sees: [true, false] },
    { seenBy: "server", sees: [false, true] },
    { seenBy: "nobody", sees: [false, false] },
  ] as const) {
    test(`seen by ${seenBy}: who does not see it talks to nobody, and is told later or never`, async () => {
      for (const toldAfterMs of [undefined, 100]) {
        const cut = { kind: "cut", link: 0, from: "client", byte: 14, seenBy } as const;
        const { clock, client, server, network } = await linked(
          faults(toldAfterMs === undefined ? cut : { ...cut, toldAfterMs }),
        );
        client.send(TEN);
        await clock.pass(10);
        assert.deepEqual([client.ended !== undefined, server.ended !== undefined], sees);
        client.send(TEN);
        server.send(TEN);
        await clock.pass(50);
        assert.deepEqual([client.bytes, server.bytes], [0, 10], "what was sent afterwards is swallowed");
        assert.deepEqual([client.ended !== undefined, server.ended !== undefined], sees);
        await clock.pass(1e6);
        const isTold = toldAfterMs !== undefined;
        assert.deepEqual(
          [client.ended !== undefined, server.ended !== undefined],
          [isTold || sees[0], isTold || sees[1]],
        );
        client.link.destroy();
        server.link.destroy();
        assert.equal(network.open.size, 0);
      }
    });
  }

  test("of all links, at a time", async () => {
    const { clock, client, server, dial } = await linked(faults({ kind: "cut-all", atMs: 50 }));
    const second = await dial();
    await clock.pass(40);
    assert.deepEqual([client.ended, second.ended], [undefined, undefined]);
    await clock.pass(10);
    for (const end of [client, server, second]) assert.equal(end.ended?.atMs, 50);
    await dial();
  });

  test("of one link leaves the others alone", async () => {
    const cut: Fault = { kind: "cut", link: 1, from: "client", byte: 0, seenBy: "both" };
    const { clock, client, dial } = await linked(faults(cut));
    const second = await dial();
    client.send(TEN);
    second.send(TEN);
    await clock.pass(10);
    assert.equal(client.ended, undefined);
    assert.equal(second.ended?.cause?.code, "io");
  });
});

suite("fault: late bytes", () => {
  test("stall: what is behind the byte comes so much later, and in order", async () => {
    const { clock, client, server } = await linked(
      faults({ kind: "stall", link: 0, from: "client", byte: 20, ms: 500 }),
    );
    client.send(TEN);
    client.send(TEN);
    await clock.pass(5);
    assert.deepEqual([server.payloads.length, server.bytes], [1, 10]);
    server.send(TEN);
    await clock.pass(490);
    assert.deepEqual([server.bytes, client.bytes], [10, 10], "the other direction goes on");
    await clock.pass(10);
    assert.equal(server.bytes, 20);
  });

  test("delay: all of one direction takes longer", async () => {
    const { clock, client, server } = await linked(
      faults({ kind: "delay", link: 0, from: "server", ms: 100 }),
    );
    client.send(TEN);
    server.send(TEN);
    await clock.pass(100);
    assert.deepEqual([server.bytes, client.bytes], [10, 0]);
    await clock.pass(1);
    assert.equal(client.bytes, 10);
  });

  test("slow: bytes come at that rate, and the writer is held up", async () => {
    const { clock, client, server } = await linked({
      ...faults({ kind: "slow", link: 0, from: "client", bytesPerMs: 10 }),
      windowBytes: 1_000,
    });
    let sent = 0;
    while (client.send(new Uint8Array(996))) sent++;
    await clock.pass(1_001);
    assert.ok(server.bytes >= 9_000 && server.bytes <= 11_000, `${server.bytes} in a second`);
    assert.ok(!client.send(TEN) && sent > 200, `${sent} payloads wait`);
    await clock.pass(sent * 100);
    assert.equal(server.payloads.length, sent);
    assert.ok(client.send(TEN));
  });
});

suite("fault: dials", () => {
  test("refused for a while, and by who does not listen", async () => {
    const { clock, network, dial, accepted } = await networkOf(
      faults({ kind: "refuse", atMs: 0, forMs: 50 }),
    );
    await assert.rejects(dial(), { code: "io" });
    assert.deepEqual([network.counts.refused, accepted.length], [1, 0]);
    await clock.pass(50);
    await dial();
    assert.equal(accepted.length, 1);
    const nobody = network.source("there").next({ signal: new AbortController().signal });
    await Promise.all([assert.rejects(nobody, { code: "io" }), clock.pass(10)]);
  });

  test("silent: nothing comes until the one who dials gives up", async () => {
    const { clock, source, accepted } = await networkOf(
      faults({ kind: "refuse", atMs: 0, forMs: 50, isSilent: true }),
    );
    const reason = new Error("enough");
    const attempt = new AbortController();
    const dialling = source.next({ signal: attempt.signal });
    dialling.catch(() => {});
    await clock.pass(1e6);
    attempt.abort(reason);
    await assert.rejects(dialling, reason);
    assert.deepEqual([accepted.length, clock.pending], [0, 0]);
  });

  test("given up half-way: the server sees the end of a link that nobody has", async () => {
    const { clock, source, accepted, network } = await networkOf({});
    const attempt = new AbortController();
    const dialling = source.next({ signal: attempt.signal });
    await clock.pass(1);
    assert.equal(accepted.length, 1);
    attempt.abort(new Error("never mind"));
    await assert.rejects(dialling, /never mind/);
    await clock.pass(10);
    assert.notEqual(accepted[0]?.ended, undefined);
    accepted[0]?.link.destroy();
    assert.deepEqual([network.open.size, clock.pending], [0, 0]);
  });

  for (const { aheadMs, order } of [
    { aheadMs: 10, order: [2, 1] },
    { aheadMs: -10, order: [1, 2] },
  ]) {
    const where = aheadMs > 0 ? "ahead of" : "behind";
    test(`twin: a second link says the same first, ${where} the real one, and hangs up`, async () => {
      const { clock, client, accepted, network } = await linked(
        faults({ kind: "twin", link: 0, aheadMs, openMs: 100 }),
      );
      const hello = new Uint8Array(25).fill(9);
      client.send(hello);
      client.send(TEN);
      await clock.pass(5);
      const came = () => accepted.map(({ payloads }) => payloads.length);
      // The real link is the first one accepted.
      assert.deepEqual(came(), aheadMs > 0 ? [0, 1] : [2]);
      await clock.pass(20);
      assert.deepEqual(came(), [2, 1], order.join());
      assert.deepEqual(accepted[1]?.payloads, [hello]);
      await clock.pass(100);
      assert.notEqual(accepted[1]?.ended, undefined);
      assert.equal(accepted[0]?.ended, undefined);
      assert.equal(network.counts.links, 1, "it is no dial of the client's");
    });
  }

  test("a restart cuts all links and is told to who keeps the server", async () => {
    const clock = new VirtualClock();
    const downs: number[] = [];
    const network = new SimNetwork({
      clock,
      seed: 1,
      plan: { ...CALM, faults: [{ kind: "restart", atMs: 30, downMs: 70 }] },
      onRestart: (downMs) => downs.push(downMs),
    });
    const accepted: End[] = [];
    await network.listen("here", (link) => void accepted.push(new End(link, clock)));
    const dialling = network.source("here").next({ signal: new AbortController().signal });
    await clock.pass(30);
    const client = new End(await dialling, clock);
    await settled();
    assert.deepEqual(downs, [70]);
    assert.notEqual(client.ended ?? accepted[0]?.ended, undefined);
    assert.equal(network.open.size, 0);
  });
});
