import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ConduitChoice,
  type ConnectOptions,
  callBack,
  connect,
  fail,
  implement,
  method,
  type ServeOptions,
  type Server,
  serve,
  service,
  t,
} from "roam";
import { introspect } from "roam/introspection";
import { openConduit, type ProxyOptions, type ProxyServer, proxy, type Tap } from "roam/traffic";
import { type Message, Metadata, MetadataEntry, NO_PROPAGATE } from "roam/wire";

const Testbed = service("Testbed", {
  echo: method({ text: t.string }, t.string, t.enum("EchoError", { Empty: t.unit })),
  sum: method({ numbers: t.rx(t.u32, 4) }, t.u64),
  count: method({ to: t.u32, out: t.tx(t.u32, 4) }),
  askBack: method({ text: t.string }, t.string),
  keys: method({}, t.string),
  slow: method({}),
});
const Pinger = service("Pinger", { ping: method({ text: t.string }, t.string) });
const Audit = service("Audit", { size: method({ bytes: t.bytes }, t.u32) });
const QUIET = { warn() {}, error() {} };

interface Scene extends AsyncDisposable {
  readonly server: Server;
  readonly through: ProxyServer;
  /** Names of the messages, `>` from the client. */
  readonly seen: string[];
  readonly aborted: Promise<unknown>;
  connect(options?: ConnectOptions): ReturnType<typeof connect<(typeof Testbed)["methods"]>>;
}

async function scene(
  conduit: ConduitChoice = "auto",
  options: { server?: ServeOptions; proxy?: ProxyOptions; tap?: (seen: string[]) => Tap } = {},
): Promise<Scene> {
  let onAborted: (reason: unknown) => void = () => {};
  const aborted = new Promise<unknown>((resolve) => {
    onAborted = resolve;
  });
  const server = await serve(
    "tcp://127.0.0.1:0",
    Testbed,
    {
      echo: ({ text }) => (text === "" ? fail("Empty") : text),
      async sum({ numbers }) {
        let total = 0n;
        for await (const number of numbers) total += BigInt(number);
        return total;
      },
      async count({ to, out }) {
        for (let number = 0; number < to; number++) await out.send(number);
      },
      askBack: ({ text }, call) => callBack(call, Pinger).ping({ text }),
      keys: (_args, { metadata }) => [...metadata].map(({ key }) => key).join(),
      slow: (_args, { signal }) =>
        new Promise<undefined>((resolve) =>
          signal.addEventListener("abort", () => {
            onAborted(signal.reason);
            resolve(undefined);
          }),
        ),
    },
    {
      services: [implement(Audit, { size: ({ bytes }) => bytes.length })],
      logger: QUIET,
      ...options.server,
    },
  );
  const seen: string[] = [];
  const plain: Tap = {
    onMessage: ({ tag }, from) => {
      seen.push(`${from === "initiator" ? ">" : "<"}${tag}`);
    },
    onEnd: (from, cause) => seen.push(`${from} ended${cause === undefined ? "" : ` ${cause.code}`}`),
  };
  const through = await proxy(
    "tcp://127.0.0.1:0",
    (signal) => openConduit(server.address, { signal, conduit, logger: QUIET }),
    { onSession: () => options.tap?.(seen) ?? plain, logger: QUIET, ...options.proxy },
  );
  return {
    server,
    through,
    seen,
    aborted,
    connect: (more = {}) => connect(through.address, Testbed, { logger: QUIET, conduit, ...more }),
    async [Symbol.asyncDispose]() {
      await through.close();
      await server.close();
      assert.equal(through.sessions.size, 0);
    },
  };
}

const names = (seen: readonly string[]) => seen.filter((name) => !/P[io]ng$/.test(name));

for (const conduit of ["bare", "stable"] as const) {
  // r[verify session.x.proxy]
  suite(`through a proxy, ${conduit} on both sides`, () => {
    test("go calls and errors", async () => {
      await using all = await scene(conduit);
      const client = await all.connect();
      assert.equal(await client.echo({ text: "hi" }), "hi");
      await assert.rejects(client.echo({ text: "" }), { code: "user", detail: "Empty" });
      await client.$.close();
      assert.deepEqual(names(all.seen).slice(0, 6), [
        ">Hello",
        "<HelloYourself",
        ">RequestCall",
        "<RequestResponse",
        ">RequestCall",
        "<RequestResponse",
      ]);
    });

    test("go channels both ways, at the pace of who reads", async () => {
      await using all = await scene(conduit);
      const client = await all.connect();
      const numbers = Array.from({ length: 3_000 }, (_, index) => index);
      assert.equal(await client.sum({ numbers }), 4_498_500n);
      let next = 0;
      for await (const number of client.count({ to: 3_000 }).out) assert.equal(number, next++);
      assert.equal(next, 3_000);
      for await (const number of client.count({ to: 3_000 }).out) if (number === 10) break;
      assert.equal(await client.echo({ text: "still here" }), "still here");
      await client.$.close();
    });

    test("go virtual connections and calls back", async () => {
      await using all = await scene(conduit);
      const handler = implement(Pinger, { ping: ({ text }) => `back ${text}` });
      const client = await all.connect({ handler });
      assert.equal(await client.askBack({ text: "a" }), "back a");
      const audit = await client.$.open(Audit);
      assert.equal(await audit.size({ bytes: new Uint8Array(300_000) }), 300_000);
      await audit.$.close();
      // Introspection is a virtual connection like any other.
      assert.equal((await introspect(client.$.session))?.services[0]?.name, "Testbed");
      await client.$.close();
    });

    test("goes a cancelled call", async () => {
      await using all = await scene(conduit);
      const client = await all.connect();
      const stop = new AbortController();
      const slow = client.slow({}, { signal: stop.signal });
      await client.echo({ text: "a" });
      stop.abort(new Error("enough"));
      await assert.rejects(slow, /enough/);
      assert.equal(((await all.aborted) as { code: string }).code, "cancelled");
      await client.$.close();
    });

    test("the end of one side is the end of the other", async () => {
      await using all = await scene(conduit);
      const client = await all.connect();
      await client.echo({ text: "a" });
      const [session] = all.server.sessions;
      await client.$.close();
      assert.equal((await session?.ended)?.code, "closed");
      const other = await all.connect();
      await other.echo({ text: "b" });
      await all.server.close();
      assert.equal((await other.$.session.ended).code, "closed");
    });

    test("the end of the proxy is the end of both", async () => {
      await using all = await scene(conduit);
      const client = await all.connect();
      await client.echo({ text: "a" });
      const [session] = all.server.sessions;
      const ended = [client.$.session.ended, session?.ended];
      await all.through.close();
      assert.deepEqual(
        (await Promise.all(ended)).map((cause) => cause?.code),
        ["closed", "closed"],
      );
    });
  });
}

suite("a proxy", () => {
  test("keeps sessions over lost links of the client's side", async () => {
    await using all = await scene("stable");
    const client = await all.connect({ reconnect: { baseMs: 1 } });
    const numbers = (async function* () {
      for (let number = 0; number < 500; number++) {
        // Numbers go on while the link of the last time is still being replaced: there is none to drop then.
        while (number % 100 === 50 && !client.$.session.dropLink("the test says so")) await nextTurn();
        yield number;
      }
    })();
    assert.equal(await client.sum({ numbers }), 124_750n);
    assert.equal(all.through.sessions.size, 1);
    await client.$.close();
  });

  // r[verify rpc.metadata.flags.no-propagate]
  test("passes no metadata on that may not propagate", async () => {
    await using all = await scene();
    const client = await all.connect();
    const metadata = new Metadata([new MetadataEntry("a", "x"), new MetadataEntry("b", "x", NO_PROPAGATE)]);
    assert.equal(await client.keys({}, { metadata }), "a");
    await client.$.close();
  });

  test("waits for who listens, in order, and reads no further meanwhile", async () => {
    const order: string[] = [];
    let running = 0;
    const tap = (): Tap => ({
      async onMessage({ tag }: Message, from) {
        assert.equal(++running <= 2, true, "one a direction");
        await nextTurn();
        if (from === "initiator") order.push(tag);
        running--;
      },
    });
    await using all = await scene("bare", { tap });
    const client = await all.connect();
    const items = Array.from({ length: 200 }, (_, index) => index);
    assert.equal(await client.sum({ numbers: items }), 19_900n);
    await client.$.close();
    assert.deepEqual(
      order.filter((tag) => tag !== "Ping" && tag !== "Pong"),
      ["Hello", "RequestCall", ...items.map(() => "ChannelItem"), "ChannelClose"],
    );
  });

  test("ends the session when who listens fails", async () => {
    const tap = (seen: string[]): Tap => ({
      onMessage({ tag }) {
        if (tag === "RequestCall") return Promise.reject(new Error("the disk is full"));
      },
      onEnd: (_from, cause) => seen.push(String(cause?.message)),
    });
    await using all = await scene("bare", { tap });
    const client = await all.connect();
    await assert.rejects(client.echo({ text: "a" }));
    assert.deepEqual(all.seen, ["[io] the disk is full"]);
  });

  test("lets a client go whose far side cannot be reached, and says so", async () => {
    const warnings: string[] = [];
    const logger = { warn: (_: object, text: string) => warnings.push(text), error() {} };
    await using through = await proxy(
      "tcp://127.0.0.1:0",
      (signal) => openConduit("tcp://127.0.0.1:1", { signal, conduit: "bare" }),
      { logger },
    );
    const lost = connect(through.address, Testbed, { conduit: "bare", logger: QUIET });
    await assert.rejects(lost, { code: "handshake" });
    assert.match(warnings.join(), /the far side cannot be reached: .*ECONNREFUSED/);
    assert.equal(through.sessions.size, 0);
  });

  test("passes what breaks the protocol on as what it is: an end", async () => {
    await using all = await scene("bare");
    const client = await all.connect({ limits: { maxPayloadBytes: 1_000 } });
    await assert.rejects(client.echo({ text: "a".repeat(2_000) }), { code: "too-large" });
    assert.equal(await client.echo({ text: "b" }), "b");
    await client.$.close();
  });
});
