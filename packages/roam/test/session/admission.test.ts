import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Applicant,
  type Authenticate,
  type ConduitChoice,
  type ConnectOptions,
  connect,
  implement,
  method,
  type ServeOptions,
  serve,
  serveHandler,
  service,
  t,
} from "roam";
import { type Link, memoryLinkPair } from "roam/link";
import { ScriptedPeer, settled, VirtualClock } from "roam/testing";
import { Metadata } from "roam/wire";
import { callOf } from "./harness.ts";

const Door = service("Door", { who: method({}, t.string), enter: method({}, t.string) });
const Vault = service("Vault", { who: method({}, t.string) });
const QUIET = { warn() {}, error() {} };

/** A guarded server on memory links. */
class House {
  readonly clock = new VirtualClock();
  readonly warnings: string[] = [];
  readonly asked: Applicant[] = [];
  entered = 0;
  #onLink: (link: Link) => void = () => {};
  #links: Link[] = [];

  readonly source = {
    next: async (): Promise<Link> => {
      const [near, far] = memoryLinkPair();
      this.#links.push(near);
      this.#onLink(far);
      return near;
    },
  };

  serve(authenticate: Authenticate, options: ServeOptions = {}) {
    const door = implement(Door, {
      who: (_args, call) => String(call.principal),
      enter: () => `${++this.entered}`,
    });
    const listen = async (onLink: (link: Link) => void) => {
      this.#onLink = onLink;
      return { address: "memory:", close: async () => {} };
    };
    return serveHandler(listen, door, {
      clock: this.clock,
      services: [implement(Vault, { who: (_args, call) => String(call.principal) })],
      logger: { ...QUIET, warn: (_: object, text: string) => this.warnings.push(text) },
      authenticate: (applicant) => {
        this.asked.push(applicant);
        return authenticate(applicant);
      },
      ...options,
    });
  }

  connect(options: ConnectOptions = {}) {
    return connect(this.source, Door, { clock: this.clock, random: () => 0.5, logger: QUIET, ...options });
  }

  cut(): void {
    for (const link of this.#links.splice(0)) link.destroy();
  }

  get kinds(): string {
    return this.asked.map(({ kind }) => kind).join(" ");
  }
}

const byToken: Authenticate = ({ metadata, kind, principal }) => {
  const token = metadata.get("token");
  if (kind !== "session" && token === undefined) return principal;
  if (token !== "sesame" && token !== "root") throw new Error(`no token is called ${token}`);
  return token === "root" ? "admin" : "alice";
};

for (const conduit of ["bare", "stable"] satisfies ConduitChoice[]) {
  suite(`who is let in on a ${conduit} conduit`, () => {
    const options = { conduit };

    test("is told by the metadata of its Hello, and handlers learn who it is", async () => {
      const house = new House();
      const server = await house.serve(byToken);
      const door = await house.connect({ ...options, metadata: { token: "sesame" } });
      assert.equal(await door.who(), "alice");
      assert.deepEqual(
        [...server.sessions].map(({ principal }) => principal),
        ["alice"],
      );
      assert.equal(house.asked[0]?.peer, "memory");
      await Promise.all([door.$.close(), server.close(), house.clock.pass(1_000)]);
      assert.equal(house.clock.pending, 0);
    });

    test("is refused without a reason, which the log has, and nothing was served", async () => {
      const house = new House();
      const server = await house.serve(byToken);
      for (const metadata of [Metadata.EMPTY, Metadata.from({ token: "guess" })]) {
        await assert.rejects(house.connect({ ...options, metadata }), {
          code: "handshake",
          message: /refused: the session was refused$/,
        });
      }
      assert.deepEqual(house.warnings, [
        "memory (session) was refused: no token is called undefined",
        "memory (session) was refused: no token is called guess",
      ]);
      await house.clock.pass(1_000);
      assert.equal(server.sessions.size, 0);
      assert.equal(house.entered, 0);
      await Promise.all([server.close(), house.clock.pass(1_000)]);
      assert.equal(house.clock.pending, 0);
    });

    test("may be another one on a further connection, or be refused there", async () => {
      const house = new House();
      const server = await house.serve(byToken);
      const door = await house.connect({ ...options, metadata: { token: "sesame" } });
      const same = await door.$.open(Vault);
      assert.equal(await same.who(), "alice");
      const other = await door.$.open(Vault, { metadata: { token: "root" } });
      assert.equal(await other.who(), "admin");
      assert.equal(await door.who(), "alice");
      await assert.rejects(door.$.open(Vault, { metadata: { token: "guess" } }), { code: "rejected" });
      assert.equal(house.kinds, "session connection connection connection");
      assert.equal(house.asked[1]?.principal, "alice");
      assert.match(house.warnings.join(), /\(connection\) was refused: no token is called guess/);
      await Promise.all([door.$.close(), server.close(), house.clock.pass(1_000)]);
      assert.equal(house.clock.pending, 0);
    });

    test("is waited for no longer than a handshake may take", async () => {
      const house = new House();
      let signal: AbortSignal | undefined;
      const server = await house.serve((applicant) => {
        signal = applicant.signal;
        return new Promise(() => {});
      });
      const connecting = assert.rejects(
        house.connect({ ...options, limits: { handshakeTimeoutMs: 60_000 } }),
      );
      await settled();
      assert.equal(house.kinds, "session");
      await house.clock.pass(10_000);
      await connecting;
      assert.equal(signal?.aborted, true);
      assert.equal(server.sessions.size, 0);
      await Promise.all([server.close(), house.clock.pass(1_000)]);
      assert.equal(house.clock.pending, 0);
    });
  });
}

suite("authenticate", () => {
  test("is asked again for each resume, and has to find the same principal", async () => {
    const house = new House();
    let found = "alice";
    const server = await house.serve(() => found);
    const door = await house.connect();
    house.cut();
    await settled();
    assert.equal(await door.who(), "alice");
    assert.equal(house.kinds, "session resume");
    assert.equal(house.asked[1]?.principal, "alice");
    found = "mallory";
    house.cut();
    await house.clock.pass(100);
    assert.deepEqual(door.$.session.state, { kind: "lost", reason: "rejected" });
    assert.match(house.warnings.join(), /another principal/);
    await Promise.all([server.close(), house.clock.pass(1_000)]);
    assert.equal(house.clock.pending, 0);
  });

  test("may still think about the Hello when the link is lost: the resume waits for that", async () => {
    const house = new House();
    const answers: ((principal: unknown) => void)[] = [];
    const server = await house.serve(({ kind }) =>
      kind === "session" ? new Promise((resolve) => answers.push(resolve)) : "alice",
    );
    const connecting = house.connect();
    await settled();
    house.cut();
    await settled();
    assert.equal(house.kinds, "session");
    answers[0]?.("alice");
    const door = await connecting;
    assert.equal(await door.who(), "alice");
    assert.equal(house.kinds, "session resume");
    await Promise.all([door.$.close(), server.close(), house.clock.pass(1_000)]);
    assert.equal(house.clock.pending, 0);
  });

  test("holds back what a hasty peer sends behind its Hello, until it has decided", async () => {
    for (const isLetIn of [true, false]) {
      const house = new House();
      let decide: (isLetIn: boolean) => void = () => {};
      const server = await house.serve(async () => {
        if (!(await new Promise<boolean>((resolve) => (decide = resolve)))) throw new Error("no");
      });
      const peer = new ScriptedPeer(await house.source.next());
      await peer.send({
        tag: "Hello",
        connectionId: 0,
        version: 7,
        settings: { parity: "odd", maxConcurrentRequests: 64 },
        metadata: Metadata.EMPTY,
      });
      const enter = Door.descriptors().get("enter") ?? assert.fail();
      const call = { ...callOf("echo", 1), methodLo: enter.idLo, methodHi: enter.idHi };
      await peer.send({ ...call, args: new Uint8Array() });
      await settled();
      assert.equal(house.entered, 0);
      decide(isLetIn);
      if (isLetIn) {
        await peer.expect("HelloYourself");
        await peer.expect("RequestResponse");
      } else {
        const error = await peer.expect("ProtocolError");
        assert.equal(error.description, "the session was refused");
      }
      assert.equal(house.entered, isLetIn ? 1 : 0);
      await Promise.all([server.close(), house.clock.pass(2_000)]);
      assert.equal(house.clock.pending, 0);
    }
  });

  test("that takes its time over a connection is given up: the open is rejected, no timer stays", async () => {
    const house = new House();
    let signal: AbortSignal | undefined;
    const server = await house.serve(({ kind, ...applicant }) => {
      if (kind !== "connection") return "alice";
      signal = applicant.signal;
      return new Promise(() => {});
    });
    const door = await house.connect();
    const opening = assert.rejects(door.$.open(Vault), { code: "rejected" });
    await settled();
    await house.clock.pass(10_000);
    await opening;
    assert.equal(signal?.aborted, true);
    const never = assert.rejects(door.$.open(Vault));
    await settled();
    await Promise.all([door.$.close(), server.close(), never, house.clock.pass(2_000)]);
    assert.equal(signal?.aborted, true);
    assert.equal(house.clock.pending, 0);
  });

  test("comes before the user's own say about connections, which learns who asks", async () => {
    const house = new House();
    const server = await house.serve(byToken, {
      acceptConnection: ({ principal }) => (principal === "admin" ? { accept: true } : { accept: false }),
    });
    const door = await house.connect({ metadata: { token: "sesame" } });
    await assert.rejects(door.$.session.openConnection(), { code: "rejected" });
    const opened = await door.$.session.openConnection({ metadata: { token: "root" } });
    assert.equal(opened.hasEnded, false);
    await Promise.all([door.$.close(), server.close(), house.clock.pass(2_000)]);
  });

  test("refuses in words over a real socket too, before the link is cut", async () => {
    const server = await serve(
      "tcp://127.0.0.1:0",
      Door,
      { who: () => "", enter: () => "" },
      { authenticate: () => Promise.reject(new Error("no")), logger: QUIET },
    );
    for (const conduit of ["stable", "bare", "auto"] as const) {
      await assert.rejects(connect(server.address, Door, { conduit, logger: QUIET }), {
        message: "[handshake] the counterpart refused: the session was refused",
      });
    }
    await server.close();
  });
});
