import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WAIT_MS = 15_000;

/**
 * Starts Debian's Chromium without a window, with a profile of its own that goes with it.
 *
 * @throws Error if it is not installed
 */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`there is no ${EXECUTABLE}: install the Debian package chromium`);
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ARGS,
    // Pages that are left are kept, as for a person.
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
}

/** A page, and everything that went wrong on it unasked. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors, exceptions that nobody caught, breaches of the content security policy. */
  complaints(): Promise<string[]>;
}

export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  return watchPage(page, url);
}

/** Opens an address in a page that is there. */
export async function watchPage(page: Page, url: string): Promise<WatchedPage> {
  page.setDefaultTimeout(WAIT_MS);
  const heard: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") heard.push(message.text());
  });
  page.on("pageerror", (error) => heard.push(String(error)));
  await page.addInitScript(() => {
    const breaches: string[] = [];
    Object.assign(globalThis, { breaches });
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      breaches.push(`${violatedDirective} forbids ${blockedURI}`);
    });
  });
  await page.goto(url);
  const breaches = () => page.evaluate(() => (globalThis as unknown as { breaches: string[] }).breaches);
  return { page, complaints: async () => [...heard, ...(await breaches())] };
}
