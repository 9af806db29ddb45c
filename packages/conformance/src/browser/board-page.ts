import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { startBoard } from "../../../../examples/board/server.ts";
import { type WatchedPage, watchPage } from "./chromium.ts";
import type { Tally } from "./tally.ts";

const NAMES = ["Ada", "Bo", "Chi"];
const FILE_BYTES = 3_000_000;
/** What a browser says of the network that is not there. */
const EXPECTED = /ERR_CONNECTION_|WebSocket connection to/;

/** The board in three tabs of one browser, as people would use it. Leaves screenshots in `build/`. */
export async function checkBoard(browser: Browser, tally: Tally): Promise<void> {
  const board = await startBoard();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  const tabs: WatchedPage[] = [];
  const all = (run: (page: Page) => Promise<unknown>) => Promise.all(tabs.map(({ page }) => run(page)));
  const allShow = (selector: string, text: string) =>
    all((page) => page.locator(selector, { hasText: text }).first().waitFor());
  const [status, notes] = ['[role="status"]', "textarea"];
  try {
    await tally.check("the board opens in three tabs", async () => {
      for (const name of NAMES)
        tabs.push(await watchPage(await context.newPage(), `${board.url}?name=${name}`));
      await allShow(status, "connected");
    });
    const [ada, bo] = tabs.map(({ page }) => page) as [Page, Page, Page];
    await tally.check("a note that one adds, all see, and what is typed", async () => {
      await ada.getByRole("main").click({ position: { x: 300, y: 200 } });
      await ada.locator(notes).fill("Milk, tea");
      await allText(tabs, ["Milk, tea"]);
    });
    await tally.check("pointers of the others are seen", async () => {
      await bo.getByRole("main").hover({ position: { x: 600, y: 300 } });
      await ada.locator("main i", { hasText: "Bo" }).waitFor();
    });
    await tally.check("a file goes up with its progress, and all hear of it", async () => {
      const buffer = Buffer.alloc(FILE_BYTES, 7);
      await ada.locator('input[type="file"]').setInputFiles({ name: "photo.raw", mimeType: "", buffer });
      await allShow("li", `photo.raw, ${FILE_BYTES.toLocaleString("en-US")} bytes, by Ada`);
      assert.equal(await ada.locator("progress").count(), 0);
    });
    await tally.check("in a tunnel all go on writing; out of it nothing is lost", async () => {
      await ada.getByRole("button", { name: "Into a tunnel" }).click();
      await allShow(status, "no network");
      await bo.getByRole("button", { name: "Add a note" }).click();
      await ada.locator(notes).first().fill("Milk, tea, bread");
      await ada.screenshot({ path: "build/board-tunnel.png" });
      // Nothing can have come meanwhile.
      assert.equal(await ada.locator(notes).count(), 1);
      await ada.getByRole("button", { name: "Out of the tunnel" }).click();
      await allShow(status, "resumed");
      await bo.locator(`${notes} >> nth=1`).fill("From the tunnel");
      await allText(tabs, ["Milk, tea, bread", "From the tunnel"]);
    });
    await tally.check("a tab that is closed leaves; the others stay as they are", async () => {
      await bo.close();
      tabs.splice(1, 1);
      await ada.locator("main i", { hasText: "Bo" }).waitFor({ state: "detached" });
      await allText(tabs, ["Milk, tea, bread", "From the tunnel"]);
    });
    await tally.check("the board looks well, light and dark; no complaints", async () => {
      await ada.screenshot({ path: "build/board.png" });
      await ada.emulateMedia({ colorScheme: "dark" });
      await ada.screenshot({ path: "build/board-dark.png" });
      for (const tab of tabs)
        assert.deepEqual(
          (await tab.complaints()).filter((text) => !EXPECTED.test(text)),
          [],
        );
    });
  } finally {
    await context.close();
    await board.close();
  }
}

/** All tabs show notes with these texts, in any order. */
async function allText(tabs: readonly WatchedPage[], texts: readonly string[]): Promise<void> {
  for (const { page } of tabs) {
    await page.waitForFunction(
      (expected) => {
        const shown = [...document.querySelectorAll("textarea")].map(({ value }) => value).sort();
        return JSON.stringify(shown) === expected;
      },
      JSON.stringify([...texts].sort()),
    );
  }
}
