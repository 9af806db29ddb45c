/**
 * Chromium on the inspector's page, as `roam inspect` serves it: a file of a million events opened and scrubbed,
 * everything that a person does with mouse and keys, no violation of accessibility rules in light and dark, a live
 * session that is cut, and one whose consumer does not read. Leaves screenshots in `build/`. One line for each case;
 * the last is `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChromium } from "./browser/chromium.ts";
import { Tally } from "./browser/tally.ts";
import { killCommands } from "./cli/program.ts";
import { checkLiveCases } from "./inspector/live-cases.ts";
import { checkMillion } from "./inspector/million-case.ts";
import { buildPage } from "./inspector/opened-page.ts";
import { checkUse } from "./inspector/use-cases.ts";

const tally = new Tally();
const folder = mkdtempSync(join(tmpdir(), "roam-inspector-check-"));
await tally.check("the page is built, and the browser runs", async () => {
  await buildPage();
  const browser = await startChromium();
  try {
    await checkMillion(browser, tally, folder);
    await checkUse(browser, tally, folder);
    await checkLiveCases(browser, tally, folder);
  } finally {
    await browser.close();
    killCommands();
    rmSync(folder, { recursive: true, force: true });
  }
});
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 ? 0 : 1;
