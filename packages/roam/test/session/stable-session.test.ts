import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Client,
  type ConduitState,
  type ConnectOptions,
  connect,
  implement,
  method,
  type ServeOptions,
  type Session,
  serveHandler,
  service,
  t,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { noLeaks, ScriptedPeer, settled, VirtualClock } from "roam/testing";

const Desk = service("Desk", {
  echo: method({ value: t.u32 }, t.u32),
  wait: method({}, t.u32),
  count: method({ upTo: t.u32, out: t.tx(t.u32) }, t.unit),
  sum: method({ numbers: t.rx(t.u32) }, t.u32),
});

const QUIET = { warn() {}, error() {} };

/** A server and a client whose links the test cuts, on a clock that stands still. */
class Desks {
  readonly clock = new VirtualClock();
  readonly states: ConduitState[] = [];
  readonly warnings: string[] = [];
  readonly served = new Set<Session>();
  isUp = true;
  dials = 0;
  /** What `wait` is waiting for. */
  answer: (value: number) => void = () => {};
  #onLink: (link: Link) => void = () => {};
  #links: Link[] = [];

  readonly source = {
    next: async (): Promise<Link> => {
      this.dials++;
      if (!this.isUp) throw new Error("no route");
      const [near, far] = memoryLinkPair();
      this.#links.push(near);
      this.#onLink(far);
      return near;
    },
  };

  serve(options: ServeOptions = {}) {
    const handler = implement(Desk, {
      echo: ({ value }) => value,
      wait: () => new Promise<number>((resolve) => (this.answer = resolve)),
      count: async ({ upTo, out }) => {
        for (let value = 0; value < upTo; value++) await out.send(value);
      },
      sum: async ({ numbers }) => {
        let total = 0;
        for await (const value of numbers) total += value;
        return total;
      },
    });
    const listen = async (onLink: (link: Link) => void) => {
      this.#onLink = onLink;
      return { address: "memory:", close: async () => {} };
    };
    const onSession = (session: Session) => {
      this.served.add(session);
      options.onSession?.(session);
    };
    return serveHandler(listen, handler, { clock: this.clock, logger: QUIET, ...options, onSession });
  }

  connect(options: ConnectOptions = {}): Promise<Client<(typeof Desk)["methods"]>> {
    return connect(this.source, Desk, {
      clock: this.clock,
      random: () => 0.5,
      onState: (state) => this.states.push(state),
      logger: { ...QUIET, warn: (_: object, text: string) => this.warnings.push(text) },
      ...options,
    });
  }

  cut(): void {
    for (const link of this.#links.splice(0)) link.destroy();
  }

  get kinds(): string {
    return this.states.map(({ kind }) => kind).join(" ");
  }
}

// r[verify conduit.stable]
// r[verify session.x.conduit-detach]
suite("a session over a stable conduit", () => {
  test("keeps calls and channels over lost links, and nobody above notices", () => {
    const desks = new Desks();
    const run = async () => {
      const server = await desks.serve();
      const desk = await desks.connect();
      const waiting = desk.wait();
      await settled();
      desks.cut();
      await settled();
      const items: number[] = [];
      const counting = desk.count({ upTo: 300 });
      for await (const value of counting.out) {
        items.push(value);
        if (value % 50 === 7) desks.cut();
      }
      await counting;
      assert.deepEqual(items, [...Array(300).keys()]);
      const numbers = async function* () {
        for (let value = 0; value < 300; value++) {
          if (value % 60 === 3) desks.cut();
          yield value;
        }
      };
      assert.equal(await desk.sum({ numbers: numbers() }), 44_850);
      desks.answer(42);
      assert.equal(await waiting, 42);
      assert.ok(desks.dials > 8);
      assert.match(desks.kinds, /^connecting connected( detached resumed)+$/);
      await desk.$.close();
      assert.equal(desks.states.at(-1)?.kind, "closed");
      await server.close();
    };
    return noLeaks(run, { clock: desks.clock });
  });

  test("while detached calls wait and their deadlines run on", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    const desk = await desks.connect();
    desks.isUp = false;
    desks.cut();
    await settled();
    assert.equal(desk.$.session.state.kind, "detached");
    const late = assert.rejects(desk.echo({ value: 1 }, { timeoutMs: 300 }), { code: "deadline-exceeded" });
    const inTime = desk.echo({ value: 2 }, { timeoutMs: 20_000 });
    await desks.clock.pass(300);
    await late;
    desks.isUp = true;
    await desks.clock.pass(10_000);
    assert.equal(await inTime, 2);
    assert.equal(desk.$.session.state.kind, "resumed");
    await desk.$.close();
    await server.close();
    assert.equal(desks.clock.pending, 0);
  });

  test("its loss fails whatever waits, with the reason as the cause", async () => {
    const desks = new Desks();
    const server = await desks.serve({ retention: { retentionMs: 5_000 } });
    const desk = await desks.connect({ reconnect: { totalMs: 10_000 } });
    const waiting = assert.rejects(desk.wait(), { code: "session-lost" });
    await settled();
    const [served] = [...desks.served];
    desks.isUp = false;
    desks.cut();
    await desks.clock.pass(5_000);
    assert.deepEqual(served?.state, { kind: "lost", reason: "expired" });
    assert.equal((await served?.ended)?.code, "session-lost");
    await desks.clock.pass(5_000);
    await waiting;
    assert.deepEqual(desk.$.session.state, { kind: "lost", reason: "timeout" });
    assert.deepEqual(desks.states.at(-1), { kind: "lost", reason: "timeout" });
    await server.close();
    assert.equal(desks.clock.pending, 0);
  });

  test("its state, its replay and a stop of watching can be had on both sides", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    const desk = await desks.connect();
    const { session } = desk.$;
    assert.deepEqual(session.state, { kind: "connected", conduit: "stable" });
    const [served] = [...desks.served];
    const seen: string[] = [];
    const stop = served?.watch(({ kind }) => seen.push(kind));
    await desk.echo({ value: 1 });
    assert.equal(session.replay?.sent, 1);
    assert.equal(served?.replay?.received, 1);
    assert.equal(session.dropLink("a better network came up"), true);
    await settled();
    assert.deepEqual(desks.states.at(-2), {
      kind: "detached",
      reason: "a better network came up",
      attempt: 0,
      nextDelayMs: 0,
    });
    stop?.();
    await desk.echo({ value: 1 });
    session.dropLink("again");
    await settled();
    assert.deepEqual(seen, ["detached", "resumed"]);
    await desk.$.close();
    await server.close();
  });

  test("a close while detached is said on the next link", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    const desk = await desks.connect();
    const [served] = [...desks.served];
    desks.isUp = false;
    desks.cut();
    await settled();
    const closed = desk.$.close();
    await desks.clock.pass(5_000);
    desks.isUp = true;
    await desks.clock.pass(5_000);
    await closed;
    await settled();
    assert.deepEqual(served?.state, { kind: "closed" });
    await server.close();
    assert.equal(desks.clock.pending, 0);
  });
});

// r[verify session.keepalive]
suite("keepalive over a stable conduit", () => {
  const keepalive = { intervalMs: 1_000, timeoutMs: 300 };

  test("drops a silent link first, and the session goes on over the next one", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    // The first link swallows everything from a moment on, and stays open.
    let isSwallowed = false;
    const source = {
      next: async () => {
        const link = await desks.source.next();
        if (desks.dials > 1) return link;
        const { rx } = link;
        const start = rx.start.bind(rx);
        rx.start = (onPayload, onEnd) => start((payload) => isSwallowed || onPayload(payload), onEnd);
        return link;
      },
    };
    const desk = await connect(source, Desk, {
      clock: desks.clock,
      keepalive,
      logger: QUIET,
      onState: (state) => desks.states.push(state),
    });
    isSwallowed = true;
    const echoed = desk.echo({ value: 7 });
    await desks.clock.pass(1_299);
    assert.equal(desks.dials, 1);
    await desks.clock.pass(1);
    assert.equal(await echoed, 7);
    assert.equal(desks.kinds, "connecting connected detached resumed");
    await desks.clock.pass(10_000);
    assert.equal(desks.dials, 2, "the next link answers");
    await desk.$.close();
    await server.close();
    assert.equal(desks.clock.pending, 0);
  });

  test("ends the session if the next link is silent too, and waits while there is none", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    const source = {
      next: async () => {
        const link = await desks.source.next();
        const { rx } = link;
        const start = rx.start.bind(rx);
        let payloads = 0;
        // The hello and the session's handshake pass; nothing after them.
        const most = desks.dials === 1 ? 2 : 1;
        rx.start = (onPayload, onEnd) => start((payload) => payloads++ < most && onPayload(payload), onEnd);
        return link;
      },
    };
    const desk = await connect(source, Desk, { clock: desks.clock, keepalive, logger: QUIET });
    desks.isUp = false;
    await desks.clock.pass(1_300);
    assert.equal(desk.$.session.state.kind, "detached");
    await desks.clock.pass(20_000);
    assert.equal(desk.$.session.hasEnded, false, "without a link no Pong is missed");
    desks.isUp = true;
    await desks.clock.pass(11_000);
    assert.equal((await desk.$.session.ended).code, "keepalive");
    // The server's side has nobody to say goodbye to, and waits a decent time.
    await Promise.all([server.close(), desks.clock.pass(1_000)]);
    assert.equal(desks.clock.pending, 0);
  });
});

suite("which conduit is spoken", () => {
  // r[verify zerocopy.framing.combinations]
  test("auto falls back to bare where the peer hangs up on the hello, and says so", async () => {
    const desks = new Desks();
    const server = await desks.serve({ conduit: "bare" });
    const desk = await desks.connect();
    assert.equal(await desk.echo({ value: 3 }), 3);
    assert.deepEqual(desks.states, [{ kind: "connecting" }, { kind: "connected", conduit: "bare" }]);
    assert.deepEqual(desks.warnings, ["the peer speaks bare conduits only: lost links end the session"]);
    assert.equal(desk.$.session.replay, undefined);
    assert.equal(desk.$.session.dropLink("no"), false);
    desks.cut();
    await desk.$.session.ended;
    await settled();
    assert.match(desks.states.at(-1)?.kind ?? "", /closed|lost/);
    await server.close();
  });

  test("stable insists, on both sides", async () => {
    const bareOnly = new Desks();
    const first = await bareOnly.serve({ conduit: "bare" });
    await assert.rejects(bareOnly.connect({ conduit: "stable" }), { code: "handshake" });
    assert.equal(bareOnly.dials, 1);
    await first.close();
    const stableOnly = new Desks();
    const second = await stableOnly.serve({ conduit: "stable" });
    await assert.rejects(stableOnly.connect({ conduit: "bare" }), { code: "handshake" });
    const desk = await stableOnly.connect({ conduit: "stable" });
    await desk.$.close();
    await second.close();
  });

  // r[verify stable.x.detect]
  test("one server takes both", async () => {
    const desks = new Desks();
    const server = await desks.serve();
    const [stable, bare] = [await desks.connect(), await desks.connect({ conduit: "bare" })];
    assert.equal(await stable.echo({ value: 1 }), 1);
    assert.equal(await bare.echo({ value: 2 }), 2);
    assert.deepEqual(
      [...desks.served].map(({ state }) => state),
      [
        { kind: "connected", conduit: "stable" },
        { kind: "connected", conduit: "bare" },
      ],
    );
    await stable.$.close();
    await bare.$.close();
    await server.close();
  });

  test("a link, and stdio, are bare; stable on them is a mistake", async () => {
    const [near, far] = memoryLinkPair();
    const peer = new ScriptedPeer(far);
    const connecting = connect(near, Desk, { logger: QUIET });
    await peer.handshake("acceptor");
    const desk = await connecting;
    assert.deepEqual(desk.$.session.state, { kind: "connected", conduit: "bare" });
    peer.die();
    await desk.$.session.ended;
    await assert.rejects(connect(memoryLinkPair()[0], Desk, { conduit: "stable" }), TypeError);
    await assert.rejects(connect("stdio:", Desk, { conduit: "stable" }), TypeError);
  });
});

suite("who is let in", () => {
  // r[verify stable.x.resume-verify]
  test("is asked for new sessions and for each resume; another principal is refused", async () => {
    const desks = new Desks();
    let principal = "alice";
    const asked: unknown[] = [];
    const server = await desks.serve({
      authenticate: ({ kind, principal: known }) => {
        asked.push(`${kind} ${known}`);
        if (principal === "nobody") throw new Error("who are you?");
        return principal;
      },
    });
    const desk = await desks.connect();
    desks.cut();
    await settled();
    assert.equal(desk.$.session.state.kind, "resumed");
    assert.equal(await desk.echo({ value: 1 }), 1);
    principal = "mallory";
    desks.cut();
    // With either of the two keys that a client may have.
    await desks.clock.pass(50);
    assert.deepEqual(desk.$.session.state, { kind: "lost", reason: "rejected" });
    assert.deepEqual(asked, ["session undefined", "resume alice", "resume alice", "resume alice"]);
    principal = "nobody";
    await assert.rejects(desks.connect(), { code: "handshake" });
    await assert.rejects(desks.connect({ conduit: "bare" }));
    await Promise.all([server.close(), desks.clock.pass(1_000)]);
    assert.equal(desks.clock.pending, 0);
  });
});
