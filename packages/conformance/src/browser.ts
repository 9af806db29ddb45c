/**
 * Chromium against a Node server: the page of the main job and a board in three tabs, used as a person would; a
 * bare page; pages and tabs that are cut, frozen, closed and killed. Leaves screenshots in `build/`. One line for
 * each case; the last is `N passed, N failed`.
 */
import { checkBarePage } from "./browser/bare-page.ts";
import { checkBoard } from "./browser/board-page.ts";
import { startChromium } from "./browser/chromium.ts";
import { checkLinkCases } from "./browser/link-cases.ts";
import { checkMainJobPage } from "./browser/main-job-page.ts";
import { checkPageLife } from "./browser/page-life.ts";
import { checkTabs } from "./browser/tabs.ts";
import { Tally } from "./browser/tally.ts";

const tally = new Tally();
await tally.check("the browser runs", async () => {
  const browser = await startChromium();
  try {
    await checkMainJobPage(browser, tally);
    await checkBarePage(browser, tally);
    await checkLinkCases(browser, tally);
    await checkPageLife(browser, tally);
    await checkTabs(browser, tally);
    await checkBoard(browser, tally);
  } finally {
    await browser.close();
  }
});
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
