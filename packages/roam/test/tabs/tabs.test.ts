import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { connect, method, type ServeOptions, serve, service, t } from "roam";
import { memoryLinkPair } from "roam/link";
import { messagePortLink } from "roam/message-port";
import { holdTabs, tabsSource } from "roam/tabs";
import { linkCasesFor, noLeaks } from "roam/testing";
import { joinLinks } from "../../src/tabs/join-links.ts";
import { TabPort } from "../../src/tabs/tab-port.ts";
import { FakeLocks } from "./fake-locks.ts";

const Ticker = service("Ticker", {
  who: method({}, t.string),
  ticks: method({ to: t.u32, out: t.tx(t.u32) }),
  sum: method({ numbers: t.rx(t.u32) }, t.u32),
});

const quiet = { warn: () => {}, error: () => {} };
let groups = 0;

async function serveTicker(options: ServeOptions = {}) {
  const server = await serve(
    "tcp://127.0.0.1:0",
    Ticker,
    {
      who: (_, { principal }) => `${principal}`,
      async ticks({ to, out }) {
        for (let tick = 0; tick < to; tick++) await out.send(tick);
      },
      async sum({ numbers }) {
        let sum = 0;
        for await (const number of numbers) sum += number;
        return sum;
      },
    },
    {
      tunnels: true,
      authenticate: ({ kind, metadata, principal }) =>
        kind === "session" ? (metadata.get("name") ?? "") : principal,
      logger: quiet,
      ...options,
    },
  );
  return { server, name: `group ${groups++}` };
}

suite("links of tabs", () => {
  const locks = new FakeLocks();
  let links = 0;
  const pair = async () => {
    const name = `pair ${links++}`;
    const [tab, holder] = [locks.page(), locks.page()];
    const ports = [await TabPort.open(name, "tab", tab), await TabPort.open(name, "holder", holder)] as const;
    ports[0].watch(name, "holder", tab);
    ports[1].watch(name, "tab", holder);
    return [messagePortLink(ports[0]), messagePortLink(ports[1])] as const;
  };
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true }))
    test(name, () => noLeaks(() => run(pair)));

  const joined = () => {
    const [near, nearInside] = memoryLinkPair();
    const [farInside, far] = memoryLinkPair();
    joinLinks(nearInside, farInside, () => {});
    return [near, far] as const;
  };
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true }))
    test(`joined: ${name}`, () => noLeaks(() => run(joined)));

  test("one whose page is gone without a word is over, after what it had posted", async () => {
    await noLeaks(async () => {
      const [tab, holder] = [locks.page(), locks.page()];
      const port = await TabPort.open("gone", "tab", tab);
      const far = await TabPort.open("gone", "holder", holder);
      const seen: unknown[] = [];
      const closed = new Promise<void>((resolve) => port.on("close", () => resolve()));
      port.on("message", (message) => seen.push(message));
      port.watch("gone", "holder", tab);
      far.postMessage("the last");
      holder.die();
      await closed;
      assert.deepEqual(seen, ["the last"]);
      port.close();
      far.close();
    });
  });
});

suite("tabs that share a connection", () => {
  test("each has a session of its own, one of them has the connection", async () => {
    await noLeaks(async () => {
      const { server, name } = await serveTicker();
      const locks = new FakeLocks();
      const leaving = new AbortController();
      const tabs = await Promise.all(
        ["ada", "bob", "eve"].map((who) => {
          const source = tabsSource(server.address, {
            name,
            locks: locks.page(),
            signal: leaving.signal,
            logger: quiet,
          });
          return connect(source, Ticker, { metadata: { name: who }, logger: quiet });
        }),
      );
      assert.deepEqual(await Promise.all(tabs.map((tab) => tab.who())), ["ada", "bob", "eve"]);
      // The three, and the one that carries them.
      assert.equal(server.sessions.size, 4);
      for (const tab of tabs) await tab.$.session.close();
      // Nobody is left who needs it.
      while (server.sessions.size > 0) await new Promise(setImmediate);
      leaving.abort();
      await server.close();
    });
  });

  test("when the holder goes another takes over, and nothing is lost or doubled", async () => {
    await noLeaks(async () => {
      const { server, name } = await serveTicker();
      const locks = new FakeLocks();
      const holders = [new AbortController(), new AbortController(), new AbortController()];
      for (const { signal } of holders)
        holdTabs(server.address, { name, locks: locks.page(), signal, logger: quiet });
      const never = new AbortController();
      const source = tabsSource(server.address, { name, locks: locks.page(), signal: never.signal });
      const states: string[] = [];
      const tab = await connect(source, Ticker, {
        logger: quiet,
        onState: ({ kind }) => states.push(kind),
        reconnect: { baseMs: 1, capMs: 5 },
      });
      const numbers = (async function* () {
        for (let number = 0; number < 20_000; number++) yield number;
      })();
      const sum = tab.sum({ numbers });
      let next = 0;
      for await (const tick of tab.ticks({ to: 20_000 }).out) {
        assert.equal(tick, next++);
        if (tick === 5_000 || tick === 10_000) holders.shift()?.abort();
      }
      assert.equal(next, 20_000);
      assert.equal(await sum, 199_990_000);
      assert.deepEqual(states, ["connecting", "connected", "detached", "resumed", "detached", "resumed"]);
      await tab.$.session.close();
      holders[0]?.abort();
      never.abort();
      await server.close();
    });
  });

  test("a server without tunnels refuses, and the tab is told why", async () => {
    await noLeaks(async () => {
      const { server, name } = await serveTicker({ tunnels: false });
      const leaving = new AbortController();
      const { signal } = leaving;
      const source = tabsSource(server.address, {
        name,
        locks: new FakeLocks().page(),
        signal,
        logger: quiet,
      });
      await assert.rejects(
        connect(source, Ticker, { logger: quiet }),
        /holder of the connection: \[rejected\]/,
      );
      leaving.abort();
      await server.close();
    });
  });

  test("who waits for a holder can give up", async () => {
    await noLeaks(async () => {
      const { server, name } = await serveTicker();
      const locks = new FakeLocks();
      const blocking = new AbortController();
      const blocked = locks
        .page()
        .request(
          `roam:${name}:holder`,
          {},
          () => new Promise<void>((resolve) => blocking.signal.addEventListener("abort", () => resolve())),
        );
      const ours = new AbortController();
      const source = tabsSource(server.address, { name, locks: locks.page(), signal: ours.signal });
      const signal = AbortSignal.timeout(30);
      await assert.rejects(connect(source, Ticker, { signal, logger: quiet }), { name: "TimeoutError" });
      ours.abort();
      blocking.abort();
      await blocked;
      await server.close();
    });
  });

  test("without Web Locks there are none", () => {
    const platform = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: {} });
    try {
      assert.throws(() => tabsSource("ws://127.0.0.1:9/"), /Web Locks/);
    } finally {
      if (platform === undefined) Reflect.deleteProperty(globalThis, "navigator");
      else Object.defineProperty(globalThis, "navigator", platform);
    }
  });
});
