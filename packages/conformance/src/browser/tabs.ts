import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { method, type Server, serve, service, t } from "roam";
import { type FaultProxy, faultProxy } from "roam/fault-proxy";
import { eventually } from "../hostile/raw-peer.ts";
import { type WatchedPage, watchPage } from "./chromium.ts";
import { type Site, startSite } from "./site.ts";
import type { Tally } from "./tally.ts";

const TICKER = `service("Ticker", {
  ticks: method({ every_ms: t.u32, out: t.tx(t.u32, 64) }),
  mark: method({ number: t.u32 }),
})`;
const Ticker = service("Ticker", {
  ticks: method({ every_ms: t.u32, out: t.tx(t.u32, 64) }),
  mark: method({ number: t.u32 }),
});

const PAGE = `
import { connect, method, service, t } from "roam";
import { tabsSource } from "roam/tabs";
const Ticker = ${TICKER};
const seen = { count: 0, marks: 0, wrong: undefined, states: [] };
globalThis.seen = seen;
const query = new URLSearchParams(location.search);
const worker = () => new SharedWorker("/holder.js?at=" + encodeURIComponent(query.get("at")), { type: "module" });
const source = tabsSource(query.get("at"), query.has("worker") ? { worker } : {});
const ticker = await connect(source, Ticker, {
  metadata: { tab: query.get("tab") },
  reconnect: { baseMs: 20, capMs: 200 },
  onState: ({ kind }) => seen.states.push(kind),
});
async function mark() {
  for (;; seen.marks++) await ticker.mark({ number: seen.marks });
}
mark().catch((error) => { seen.wrong ??= String(error); });
for await (const tick of ticker.ticks({ every_ms: 2 }).out) {
  if (tick !== seen.count++) seen.wrong ??= tick + " after " + (seen.count - 1) + " ticks";
}
`;

const HOLDER = `
import { holdTabs } from "roam/tabs";
const at = new URLSearchParams(location.search).get("at");
holdTabs(at);
`;

/** What a page tells of itself. */
interface Seen {
  /** Ticks, which count from 0, and marks that the server took. */
  readonly count: number;
  readonly marks: number;
  readonly wrong: string | undefined;
  readonly states: readonly string[];
}

/** Longest wait for what is due at once (ms): a limit for what hangs. */
const PATIENCE_MS = 15_000;

/** What the server has of each tab: the next mark that is due, what came out of turn, and whether it is served. */
class TabsServer {
  readonly next = new Map<string, number>();
  readonly wrong: string[] = [];
  readonly served = new Set<string>();
  /** Sessions that carry others, in all. */
  carriers = 0;
  server!: Server;

  async start(): Promise<void> {
    const handlers: Parameters<typeof serve<(typeof Ticker)["methods"]>>[2] = {
      ticks: async ({ every_ms, out }, { signal, principal }) => {
        this.served.add(`${principal}`);
        signal.addEventListener("abort", () => this.served.delete(`${principal}`), { once: true });
        for (let tick = 0; !signal.aborted; tick++) {
          await out.send(tick, { signal });
          await new Promise((resolve) => setTimeout(resolve, every_ms));
        }
      },
      mark: ({ number }, { principal }) => {
        const due = this.next.get(`${principal}`) ?? 0;
        if (number !== due) this.wrong.push(`mark ${number} of ${principal}, ${due} was due`);
        this.next.set(`${principal}`, number + 1);
      },
    };
    this.server = await serve("ws://127.0.0.1:0/", Ticker, handlers, {
      tunnels: true,
      retention: { retentionMs: 2_000 },
      logger: { warn() {}, error() {} },
      authenticate: ({ kind, facts, metadata, principal }) => {
        if (kind !== "session") return principal;
        if (!facts.isTunnel) this.carriers++;
        return metadata.get("tab");
      },
    });
  }
}

/** Three tabs of one browser, and what becomes of them. */
class Tabs implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #site: Site;
  readonly #query: string;
  readonly pages: WatchedPage[] = [];
  readonly names: string[] = [];

  constructor(context: BrowserContext, site: Site, query: string) {
    this.#context = context;
    this.#site = site;
    this.#query = query;
  }

  async open(name: string): Promise<Page> {
    const page = await this.#context.newPage();
    this.pages.push(await watchPage(page, `${this.#site.address}?tab=${name}&${this.#query}`));
    this.names.push(name);
    return page;
  }

  /** No tab has missed anything, or had it twice, and all go on. */
  async expectGrowing(): Promise<void> {
    for (const { page } of this.pages) {
      if (page.isClosed()) continue;
      const before = await seen(page);
      const hasGrown = async () => {
        const now = await seen(page);
        assert.equal(now.wrong, undefined);
        return now.count > before.count + 20 && now.marks > before.marks + 20;
      };
      await eventually("ticks and marks", hasGrown, PATIENCE_MS);
    }
  }

  /** Each that is open has come back `times` times. */
  async expectResumed(times: number): Promise<void> {
    for (const { page } of this.pages) {
      if (page.isClosed()) continue;
      const hasResumed = async () => {
        const { states } = await seen(page);
        return states.filter((kind) => kind === "resumed").length >= times && states.at(-1) === "resumed";
      };
      await eventually(`${times} resumes`, hasResumed, PATIENCE_MS);
    }
    await this.expectGrowing();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
}

/** Tabs that share one connection, with a SharedWorker as its holder and with one of them. */
export async function checkTabs(browser: Browser, tally: Tally): Promise<void> {
  await using site = await startSite({ "/page.js": PAGE, "/holder.js": HOLDER });
  for (const [holder, query] of [
    ["a SharedWorker", "worker"],
    ["one of them", "elected"],
  ] as const) {
    const backend = new TabsServer();
    await backend.start();
    await using proxy = await faultProxy({ upstream: backend.server.address });
    await using tabs = new Tabs(
      await browser.newContext(),
      site,
      `at=${encodeURIComponent(proxy.url())}&${query}`,
    );
    const group: Group = { browser, tabs, backend, proxy };
    const lives = query === "worker" ? WORKER_LIVES : ELECTED_LIVES;
    for (const [name, live] of Object.entries(lives)) {
      await tally.check(`tabs whose connection ${holder} holds: ${name}`, async () => {
        await live(group);
        assert.deepEqual(backend.wrong, []);
      });
    }
    await backend.server.close();
  }
}

interface Group {
  readonly browser: Browser;
  readonly tabs: Tabs;
  readonly backend: TabsServer;
  readonly proxy: FaultProxy;
}

const BEGIN = {
  async "three share one connection"({ tabs, backend }: Group) {
    for (const name of ["ada", "bob", "eve"]) await tabs.open(name);
    await tabs.expectGrowing();
    assert.equal(backend.carriers, 1);
  },

  async "when it is cut all resume"({ tabs, proxy, backend }: Group) {
    proxy.cut("reset");
    await tabs.expectResumed(1);
    assert.equal(backend.carriers, 2);
  },
};

const WORKER_LIVES: Readonly<Record<string, (group: Group) => Promise<void>>> = {
  ...BEGIN,

  async "one that is closed takes its own calls with it, and no others"({ tabs, backend }) {
    const [ada, ...others] = tabs.pages;
    const before = await Promise.all(others.map(({ page }) => seen(page)));
    await ada?.page.close();
    await eventually("the end of its stream", () => !backend.served.has("ada"), PATIENCE_MS);
    await tabs.expectGrowing();
    const after = await Promise.all(others.map(({ page }) => seen(page)));
    assert.deepEqual(
      after.map(({ states }) => states),
      before.map(({ states }) => states),
    );
    assert.deepEqual([...backend.served].sort(), ["bob", "eve"]);
  },

  async "when the worker is killed another is started, nothing lost or doubled"({ browser, tabs, backend }) {
    const devtools = await browser.newBrowserCDPSession();
    const { targetInfos } = await devtools.send("Target.getTargets");
    const workers = targetInfos.filter(({ type }) => type === "shared_worker");
    assert.equal(workers.length, 1);
    for (const { targetId } of workers) await devtools.send("Target.closeTarget", { targetId });
    await tabs.expectResumed(2);
    assert.equal(backend.carriers, 3);
    await devtools.detach();
  },
};

const ELECTED_LIVES: Readonly<Record<string, (group: Group) => Promise<void>>> = {
  ...BEGIN,

  async "when the holder is closed the next takes over, nothing lost or doubled"({ tabs, backend }) {
    await tabs.pages[0]?.page.close();
    await tabs.expectResumed(2);
    assert.equal(backend.carriers, 3);
  },

  async "when the holder crashes the last takes over, nothing lost or doubled"({ tabs, backend }) {
    const crashed = tabs.pages.splice(1, 1)[0]?.page;
    const devtools = await crashed?.context().newCDPSession(crashed);
    // Answered by nobody: there is nobody left.
    devtools?.send("Page.crash").catch(() => {});
    await tabs.expectResumed(3);
    assert.equal(backend.carriers, 4);
  },
};
