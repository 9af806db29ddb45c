import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { watchPage } from "./chromium.ts";
import { startSite } from "./site.ts";
import type { Tally } from "./tally.ts";

/** What a page says of one case: nothing, or what is wrong. */
type Run = (name: string) => Promise<string | undefined>;

/** Both ends of each kind of link are in the page; what lies between them is the browser's. */
const PAGE = `
import { messagePortLink } from "roam/message-port";
import { sharedBufferEnds, sharedBufferLink } from "roam/shared-buffer";
import { linkCasesFor } from "roam/testing";
import { tabPorts } from "./tab-ports.ts";

const frame = document.createElement("iframe");
document.body.append(frame);
const KINDS = {
  "message channel": () => {
    const { port1, port2 } = new MessageChannel();
    return [messagePortLink(port1), messagePortLink(port2)];
  },
  "port of a frame": () => {
    const { port1, port2 } = new frame.contentWindow.MessageChannel();
    return [messagePortLink(port1), messagePortLink(port2)];
  },
  "shared buffer": () => sharedBufferEnds().map((end) => sharedBufferLink(end)),
  "shared buffer, small rings": () => sharedBufferEnds({ ringBytes: 4096 }).map((end) => sharedBufferLink(end)),
  "broadcast channel with locks": async () => (await tabPorts()).map((port) => messagePortLink(port)),
};
const cases = new Map();
for (const [kind, pair] of Object.entries(KINDS))
  for (const { name, run } of linkCasesFor({ isHalfOpen: true, isPausable: true }))
    cases.set(kind + ": " + name, () => run(pair));
globalThis.names = [...cases.keys()];
globalThis.run = (name) => cases.get(name)().then(() => undefined, (error) => String(error.stack));
`;

/** The cases that every link has to pass, in a page. */
export async function checkLinkCases(browser: Browser, tally: Tally): Promise<void> {
  await using site = await startSite({ "/page.js": PAGE });
  const context = await browser.newContext();
  const { page } = await watchPage(await context.newPage(), site.address);
  await page.waitForFunction(() => "names" in globalThis);
  const names = await page.evaluate(() => (globalThis as unknown as { names: string[] }).names);
  for (const name of names) {
    await tally.check(name, async () => {
      const failure = await page.evaluate((name) => (globalThis as unknown as { run: Run }).run(name), name);
      assert.equal(failure, undefined, failure);
    });
  }
  await context.close();
}
