import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import type { Tally } from "../browser/tally.ts";
import { REPOSITORY } from "../cli/program.ts";
import { allRead, expectText, type OpenedPage, openInspector, textOf, writeTrace } from "./opened-page.ts";

const EVENTS = 60_000;

/** What a person does with a file: tree, timeline, details, lists, keys, export; in light and in dark. */
export async function checkUse(browser: Browser, tally: Tally, folder: string): Promise<void> {
  const path = join(folder, "some.jsonl");
  writeTrace(path, { events: EVENTS, sessions: 3, seed: 5 });
  const opened = await openInspector(browser, [path]);
  const { page } = opened;
  await allRead(page);
  await tally.check("the tree has sessions, methods and channels, and is worked by keys", () =>
    useTree(page),
  );
  await tally.check("the timeline chooses calls, by mouse and by keys", () => useTimeline(page));
  await tally.check("the overview's brush moves what is seen", () => useBrush(page));
  await tally.check("lists show events, stalls and what was found", () => useLists(page));
  await tally.check("the whole trace and a part of it are exported as traces", () =>
    exportTraces(page, path),
  );
  await tally.check("? shows the keys", () => useKeys(page));
  for (const scheme of ["light", "dark"] as const) {
    await tally.check(`nothing in ${scheme} keeps anybody off (axe)`, () => checkAccess(opened, scheme));
  }
  await tally.check("the switch for dark and light is remembered", () => useTheme(page));
  await opened.expectNoComplaints();
  await opened.close();
  await tally.check("what roam capture wrote is shown as well", () => openCapture(browser, folder));
}

/** The example of the format's own description. */
async function openCapture(browser: Browser, folder: string): Promise<void> {
  const described = readFileSync(join(REPOSITORY, "docs/capture-format.md"), "utf8");
  const path = join(folder, "capture.jsonl");
  writeFileSync(path, `${/```json\n([\s\S]*?)```/.exec(described)?.[1]}`);
  const opened = await openInspector(browser, [path]);
  const { page } = opened;
  await allRead(page);
  await page.locator(".timeline").focus();
  await page.keyboard.press("]");
  const details = await expectText(page, ".details", /^6a09e667f3bcc908 × outcome answered took 3\.5 ms/);
  assert.match(details, /metadata token \(left out: sensitive\)/);
  assert.match(details, /Arguments no schema says what these bytes are bytes\(1\) 07/);
  await opened.expectNoComplaints();
  await opened.close();
}

async function useTree(page: Page): Promise<void> {
  const tree = page.getByRole("tree");
  const names = await tree.getByRole("treeitem").allInnerTexts();
  for (const wanted of [/^all sessions/, /session 3/, /create_person/, /channels/]) {
    assert(
      names.some((name) => wanted.test(name.replace(/\s+/g, " "))),
      `${wanted} in ${names}`,
    );
  }
  await tree.focus();
  await page.keyboard.press("ArrowDown");
  await expectText(page, ".marks-told", /session 1$/);
  await expectText(page, ".details", /peer 127\.0\.0\.1:40001/);
  const open = await tree.getByRole("treeitem").count();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((before) => document.querySelectorAll("[role=treeitem]").length < before, open);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Home");
  await expectText(page, ".marks-told", /all sessions$/);
}

async function useTimeline(page: Page): Promise<void> {
  const timeline = page.locator(".timeline");
  await timeline.focus();
  await page.keyboard.press("0");
  for (let step = 0; step < 12; step++) await page.keyboard.press("+");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("]");
  const first = await expectText(page, ".details", /^Testbed\.\w+ × outcome/);
  await page.keyboard.press("]");
  await expectOther(page, ".details", first);
  await page.keyboard.press("[");
  await expectText(page, ".details", literally(first));
  await page.keyboard.press("Escape");
  await expectText(page, ".details", /^Trace/);
  const box = await timeline.boundingBox();
  assert(box);
  // Somewhere in the row of the first method there is a call.
  for (let x = box.width - 40; x > 200; x -= 20) {
    await page.mouse.click(box.x + x, box.y + 20 + 22 + 12);
    if (!(await textOf(page, ".details")).startsWith("Testbed.")) continue;
    // What is chosen is what the pointer's tip has said.
    await expectText(page, ".timeline .tip", /Testbed\.\w+/);
    return;
  }
  assert.fail("no click chose a call");
}

async function useBrush(page: Page): Promise<void> {
  await page.getByRole("button", { name: "All", exact: true }).click();
  const strip = page.getByRole("slider");
  const box = await strip.boundingBox();
  assert(box);
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 });
  await page.mouse.up();
  const endMs = Number(await strip.getAttribute("aria-valuemax"));
  const wanted = [0.4, 0.6].map((share) => (share * endMs) / 1_000);
  const endPoll = performance.now() + 5_000;
  for (;;) {
    const shown = (await textOf(page, ".overview .value")).match(/[\d.]+/g)?.map(Number) ?? [];
    if (shown.every((seconds, index) => Math.abs(seconds - (wanted[index] ?? 0)) < 0.05)) return;
    assert(performance.now() < endPoll, `${shown} instead of ${wanted}`);
  }
}

async function useLists(page: Page): Promise<void> {
  await page.keyboard.press("e");
  await expectText(page, ".list-tab .told", /^[\d,]+ events from/);
  await page.getByRole("listbox", { name: "Events" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.waitForSelector('.event[aria-selected="true"]');
  await page.keyboard.press("s");
  await expectText(
    page,
    ".table-tab tbody tr >> nth=0",
    /channel \d+ of Testbed\.\w+ waits for the consumer/,
  );
  await page.keyboard.press("/");
  await page.getByRole("searchbox").fill("method:divide");
  await expectText(page, ".found", /^– of [1-9][\d,]*$/);
  for (const [key, wanted] of [
    ["Enter", /^1 of/],
    ["Enter", /^2 of/],
    ["Shift+Enter", /^1 of/],
  ] as const) {
    await page.keyboard.press(key);
    await expectText(page, ".found", wanted);
  }
  await expectText(page, ".details h2", /Testbed\.divide/);
  await page.getByRole("listbox", { name: "Finds" }).focus();
  await page.keyboard.press("n");
  await expectText(page, ".found", /^2 of/);
  await page.keyboard.press("Shift+N");
  await expectText(page, ".found", /^1 of/);
}

async function exportTraces(page: Page, path: string): Promise<void> {
  const whole = await downloaded(page, "Export all");
  assert.equal(whole, readFileSync(path, "utf8"));
  const part = (await downloaded(page, "Export range")).trim().split("\n");
  assert(part.length > 100 && part.length < EVENTS, `${part.length} lines`);
  const lines = whole.trim().split("\n");
  assert.equal(part[0], lines[0]);
  const first = lines.indexOf(part[1] ?? "");
  assert.deepEqual(part.slice(1), lines.slice(first, first + part.length - 1));
}

async function downloaded(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "trace.jsonl");
  return readFileSync(await download.path(), "utf8");
}

async function useKeys(page: Page): Promise<void> {
  await page.locator(".timeline").focus();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
}

async function checkAccess({ page }: OpenedPage, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(axe.source);
  for (const tab of ["Stalls", "Search", "Events"]) {
    await page.getByRole("tab", { name: tab }).click();
    const { violations } = (await page.evaluate("axe.run()")) as axe.AxeResults;
    const told = violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`,
    );
    assert.deepEqual(told, [], `with ${tab}`);
  }
  await page.getByRole("tab", { name: "Stalls" }).click();
  await page.keyboard.press("0");
  await page.screenshot({ path: join(REPOSITORY, `build/inspector-${colorScheme}.png`) });
}

async function useTheme(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: "light" });
  const back = () =>
    page.evaluate(
      () => getComputedStyle(document.querySelector(".roam-inspector") as Element).backgroundColor,
    );
  const light = await back();
  await page.getByRole("button", { name: "Dark or light" }).click();
  const dark = await back();
  assert.notEqual(dark, light);
  await page.reload();
  await allRead(page);
  assert.equal(await back(), dark);
}

async function expectOther(page: Page, selector: string, before: string): Promise<void> {
  await expectText(page, selector, new RegExp(`^(?!${literally(before).source.slice(1, -1)}$)`));
}

function literally(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`);
}
