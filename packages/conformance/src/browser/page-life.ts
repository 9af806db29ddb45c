import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { method, serve, service, t } from "roam";
import { type FaultProxy, faultProxy } from "roam/fault-proxy";
import { type WatchedPage, watchPage } from "./chromium.ts";
import { startSite } from "./site.ts";
import type { Tally } from "./tally.ts";

const TICKER = `service("Ticker", {
  ticks: method({ every_ms: t.u32, out: t.tx(t.u32, 64) }),
  echo: method({ text: t.string }, t.string),
})`;
const Ticker = service("Ticker", {
  ticks: method({ every_ms: t.u32, out: t.tx(t.u32, 64) }),
  echo: method({ text: t.string }, t.string),
});

/** What the page tells of itself. */
interface Seen {
  /** Ticks, which count from 0. */
  readonly count: number;
  /** One that came out of turn, if any. */
  readonly wrong: string | undefined;
  readonly states: readonly string[];
  /** Times that it came back out of the page cache. */
  readonly restored: number;
}

/** What the browser says of its own accord of a link that it took away, and of one that it cannot have. */
const EXPECTED = /Page entered Back-Forward Cache|ERR_INTERNET_DISCONNECTED/;

const SCRIPT = `
import { connect, method, service, t } from "roam";
const Ticker = ${TICKER};
const seen = { count: 0, wrong: undefined, states: [], restored: 0 };
globalThis.seen = seen;
addEventListener("pageshow", ({ persisted }) => { if (persisted) seen.restored++; });
const address = new URLSearchParams(location.search).get("at");
const ticker = await connect(address, Ticker, { onState: ({ kind }) => seen.states.push(kind) });
globalThis.echo = (text) => ticker.echo({ text });
for await (const tick of ticker.ticks({ every_ms: 2 }).out) {
  if (tick !== seen.count++) seen.wrong ??= tick + " after " + (seen.count - 1) + " ticks";
}
`;

/** A page that a person leaves, comes back to and takes through tunnels, and what becomes of its session. */
// r[verify stable.x.backoff]
export async function checkPageLife(browser: Browser, tally: Tally): Promise<void> {
  await using server = await serve("ws://127.0.0.1:0/", Ticker, {
    async ticks({ every_ms, out }, { signal }) {
      for (let tick = 0; !signal.aborted; tick++) {
        await out.send(tick, { signal });
        await new Promise((resolve) => setTimeout(resolve, every_ms));
      }
    },
    echo: ({ text }) => text,
  });
  await using proxy = await faultProxy({ upstream: server.address });
  await using site = await startSite({ "/page.js": SCRIPT });
  const at = `${site.address}?at=${encodeURIComponent(proxy.url())}`;
  for (const [name, live] of Object.entries(LIVES)) {
    await tally.check(`a page's session ${name}`, async () => {
      const context = await browser.newContext();
      const watched = await watchPage(await context.newPage(), at);
      try {
        await growing(watched.page);
        await live({ watched, proxy, site: site.address });
        const { wrong } = await seen(watched.page);
        assert.equal(wrong, undefined, "ticks out of turn");
        const complaints = (await watched.complaints()).filter((text) => !EXPECTED.test(text));
        assert.deepEqual(complaints, []);
      } finally {
        await context.close();
      }
      // The next page has a session of its own.
      while (server.sessions.size > 0) await Promise.all([...server.sessions].map((one) => one.close()));
    });
  }
}

interface Life {
  readonly watched: WatchedPage;
  readonly proxy: FaultProxy;
  readonly site: string;
}

const LIVES: Readonly<Record<string, (life: Life) => Promise<void>>> = {
  async "runs under a policy without eval"({ watched: { page } }) {
    assert.equal(await page.evaluate("echo('grüße')"), "grüße");
  },

  async "survives cuts of every kind"({ watched: { page }, proxy }) {
    for (const how of ["reset", "close", "reset"] as const) {
      const { states } = await seen(page);
      proxy.cut(how);
      await until(
        page,
        "a resume",
        ({ states: now }) => now.length > states.length && now.at(-1) === "resumed",
      );
      await growing(page);
    }
  },

  async "survives a frozen tab, whose link dies meanwhile"({ watched: { page }, proxy }) {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    proxy.cut("reset");
    // A page that is frozen does not answer; the server meets its replay bound or waits.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await until(page, "a resume", ({ states }) => states.at(-1) === "resumed");
    await growing(page);
  },

  async "comes back at once when the browser is online again"({ watched: { page }, proxy }) {
    await page.context().setOffline(true);
    proxy.cut("reset");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await page.context().setOffline(false);
    await until(page, "a resume", ({ states }) => states.at(-1) === "resumed", 2_000);
    await growing(page);
  },

  async "goes on when the page comes back out of the page cache"({ watched: { page }, site }) {
    await page.goto(`${site}?elsewhere`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Not Playwright's way back, which waits for a page that is loaded.
    await page.evaluate(() => history.back());
    await page.waitForURL(/\?at=/, { waitUntil: "commit" });
    const { restored } = await seen(page);
    assert.equal(restored, 1, "the page was not in the cache");
    await until(page, "a resume", ({ states }) => states.at(-1) === "resumed");
    await growing(page);
  },
};

function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
}

async function until(
  page: Page,
  what: string,
  isSo: (now: Seen) => boolean,
  limitMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const now = await seen(page);
    if (isSo(now)) return;
    assert(performance.now() < deadline, `no ${what} within ${limitMs} ms: ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Ticks come, and go on coming. */
async function growing(page: Page): Promise<void> {
  await until(page, "tick", ({ count }) => count > 0);
  const { count } = await seen(page);
  await until(page, "more ticks", (now) => now.count > count + 20);
}
