import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { openPage } from "../browser/chromium.ts";
import { Piped, REPOSITORY } from "../cli/program.ts";
import { type MadeTraceOptions, madeTrace } from "./made-trace.ts";

const WAIT_MS = 8_000;
const EXPECT_MS = 5_000;
const EXPECT_EVERY_MS = 20;

/** Makes the page anew, as the packages are built. */
export async function buildPage(): Promise<void> {
  await promisify(execFile)(process.execPath, [`${REPOSITORY}packages/inspector/build.mjs`]);
}

/** A page of `roam inspect`, and the command behind it. */
export interface OpenedPage {
  readonly page: Page;
  /** Throws if anything went wrong on the page unasked. */
  expectNoComplaints(): Promise<void>;
  /** Leaves the page, and ends the command as Ctrl-C does. */
  close(): Promise<void>;
}

/** @param args of `roam inspect` */
export async function openInspector(browser: Browser, args: readonly string[]): Promise<OpenedPage> {
  const source = ["--conditions=roam-source", "--import", "tsx", "packages/cli/src/main.ts"];
  const command = new Piped(process.execPath, [...source, "inspect", ...args], { stdin: "open" });
  const [address] = await command.seen(/http:\/\/\S+/);
  const { page, complaints } = await openPage(browser, address);
  page.setDefaultTimeout(WAIT_MS);
  return {
    page,
    async expectNoComplaints() {
      assert.deepEqual(await complaints(), []);
    },
    async close() {
      await page.close();
      command.kill("SIGINT");
      const { exit } = await command.done();
      assert.equal(exit, 130);
    },
  };
}

/** Waits until a file is read. */
export async function allRead(page: Page): Promise<void> {
  await page.waitForSelector('.status[data-phase="over"]', { state: "attached" });
}

/** Writes a made trace to a file. */
export function writeTrace(path: string, options: MadeTraceOptions): void {
  const file = openSync(path, "w");
  try {
    for (const text of madeTrace(options)) writeSync(file, text);
    // Nobody who reads it is to wait for the disk.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The text of what is there once, as a person sees it. */
export async function textOf(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what is not seen does not count
  const text = await page.locator(selector).innerText();
  return text.replace(/\s+/g, " ").trim();
}

/** Waits until a text is as it should be, for the page tells a little later than it draws. @returns the text */
export async function expectText(page: Page, selector: string, wanted: RegExp): Promise<string> {
  const endMs = performance.now() + EXPECT_MS;
  for (;;) {
    const text = await textOf(page, selector);
    if (wanted.test(text)) return text;
    if (performance.now() > endMs) assert.match(text, wanted);
    await delay(EXPECT_EVERY_MS);
  }
}
