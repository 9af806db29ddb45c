import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { MainJob } from "../../../../examples/test/main-job.ts";
import { openPage } from "./chromium.ts";
import type { Tally } from "./tally.ts";

const BUILD = fileURLToPath(new URL("../../../../build/", import.meta.url));
const PAGE_LINE = /(http:\/\/\S+)/;

/** A form filled in and sent, and what its card must show then. */
interface FormCase {
  readonly name: string;
  readonly card: string;
  /** Method chosen in the card, if it offers several. */
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** What is done, in order: names of buttons; "send" is the form's own. */
  readonly clicks: readonly string[];
  readonly kind: "ok" | "error" | "cancelled";
  readonly shows: RegExp;
}

const FORM_CASES: readonly FormCase[] = [
  {
    name: "unary: text there and back",
    card: "values",
    fields: { message: "grüße ✓" },
    clicks: ["send"],
    kind: "ok",
    shows: /^"grüße ✓"$/,
  },
  {
    name: "unary: structs, enums and lists",
    card: "values",
    method: "create_canvas",
    clicks: ["send"],
    kind: "ok",
    shows: /^\{ name: "sketch", shapes: \[\{ tag: "Point" \}, .*height: 4 \}\], background: "Blue" \}$/,
  },
  {
    name: "unary: bytes",
    card: "values",
    method: "process_message",
    clicks: ["send"],
    kind: "ok",
    shows: /^\{ tag: "Data", value: bytes 03 02 01 \}$/,
  },
  {
    name: "a fallible method's value",
    card: "lookup",
    fields: { id: "3" },
    clicks: ["send"],
    kind: "ok",
    shows: /^\{ name: "Charlie", age: 35, email: "charlie@example.com" \}$/,
  },
  {
    name: "typed error: DivisionByZero",
    card: "divide",
    clicks: ["send"],
    kind: "error",
    shows: /^"DivisionByZero"$/,
  },
  {
    name: "typed error: NotFound",
    card: "lookup",
    fields: { id: "9" },
    clicks: ["send"],
    kind: "error",
    shows: /^"NotFound"$/,
  },
  {
    name: "64-bit integers",
    card: "divide",
    fields: { dividend: "9223372036854775807", divisor: "-1" },
    clicks: ["send"],
    kind: "ok",
    shows: /^-9223372036854775807n$/,
  },
  {
    name: "a value that does not fit its type",
    card: "lookup",
    fields: { id: "4294967296" },
    clicks: ["send"],
    kind: "error",
    shows: /^encode$/,
  },
  {
    name: "a stream from the page",
    card: "sum",
    fields: { number: "7" },
    clicks: ["send", "send", "send", "finish"],
    kind: "ok",
    shows: /^21n$/,
  },
  {
    name: "a call whose stream is open, cancelled",
    card: "sum",
    clicks: ["send", "cancel"],
    kind: "cancelled",
    shows: /^cancelled$/,
  },
  {
    name: "a stream to the page, to its end",
    card: "generate",
    fields: { count: "1000" },
    clicks: ["send"],
    kind: "ok",
    shows: /^1,000 items, in order$/,
  },
  {
    name: "a stream to the page, left early",
    card: "generate",
    fields: { count: "4000000000" },
    clicks: ["send", "leave"],
    kind: "ok",
    shows: /^left after [\d,]+ items: the channel is reset$/,
  },
  {
    name: "a stream to the page, cancelled",
    card: "generate",
    clicks: ["send", "cancel"],
    kind: "cancelled",
    shows: /^cancelled$/,
  },
  {
    name: "streams in both directions",
    card: "transform",
    fields: { text: "again" },
    clicks: ["send", "send", "finish"],
    kind: "ok",
    shows: /^\["again", "again"\]$/,
  },
];

/** The page of the main job, used as a person would; screenshots go to `build/`. */
export async function checkMainJobPage(browser: Browser, tally: Tally): Promise<void> {
  await using job = new MainJob();
  const url = await job.line(PAGE_LINE);
  const { page, complaints } = await openPage(browser, url);
  await tally.check("the page's policy allows its own scripts alone", () => checkPolicy(url));
  await tally.check("the page connects", () => showsLink(page, "connected"));
  for (const form of FORM_CASES) await tally.check(form.name, () => checkForm(page, form));
  await tally.check("the plot gets more than ten samples, ten a second", () => checkPlot(page));
  await tally.check("a paused plot stands still and goes on", () => checkPause(page));
  await mkdir(BUILD, { recursive: true });
  await page.screenshot({ path: `${BUILD}browser.png` });
  await page.emulateMedia({ colorScheme: "dark" });
  await tally.check("the plot lives through a change of colours", () => getsSamples(page, 5));
  await page.screenshot({ path: `${BUILD}browser-dark.png` });
  await tally.check("no errors in the console, no breach of the policy", async () => {
    assert.deepEqual(await complaints(), []);
  });
  await tally.check("eval is stopped, and such a breach is seen", async () => {
    assert.equal(await page.evaluate(tryEval), "EvalError");
    assert.match((await complaints()).join(), /forbids (eval|trusted-types-sink)/);
  });
  // Dials that are refused show in the console from here on.
  await tally.check("a stream goes on over links that are cut, and nothing is missing", () =>
    checkCuts(page),
  );
  await page.screenshot({ path: `${BUILD}browser-cut.png` });
  await tally.check("the page tells a lost session and finds the server again", () =>
    checkRedial(page, job, url),
  );
  await page.close();
}

async function checkPolicy(url: string): Promise<void> {
  const policy = (await fetch(url)).headers.get("content-security-policy") ?? "";
  const directives = new Map(policy.split("; ").map((text) => [text.split(" ")[0], text]));
  assert.equal(directives.get("default-src"), "default-src 'none'");
  assert.equal(directives.get("script-src"), "script-src 'self'");
  assert.equal(directives.get("style-src"), "style-src 'self'");
}

async function showsLink(page: Page, state: "connected" | "lost"): Promise<void> {
  await page.waitForSelector(`#link[data-state="${state}"]`);
}

async function checkForm(
  page: Page,
  { card, method, fields = {}, clicks, kind, shows }: FormCase,
): Promise<void> {
  const root = page.locator(`#${card}`);
  if (method !== undefined) await root.locator("select").selectOption(method);
  for (const [name, value] of Object.entries(fields)) await root.locator(`input[name="${name}"]`).fill(value);
  // What the card shows from the case before must not pass for this one's.
  await root.locator("output").evaluate((output) => output.replaceChildren());
  for (const click of clicks) {
    if (click === "send") await root.locator('button[type="submit"]').click();
    else {
      await root.locator('output[data-kind="running"] pre').waitFor();
      await root.locator(`.${click}`).click();
    }
  }
  // Cancel is possible as long as a call runs.
  await root.locator(".cancel:disabled").waitFor();
  const output = root.locator("output");
  const shown = await output.locator("pre").textContent();
  assert.match(shown ?? "", shows);
  assert.equal(await output.getAttribute("data-kind"), kind);
}

async function samplesOf(page: Page): Promise<number> {
  return Number(await page.locator("#samples").textContent());
}

async function getsSamples(page: Page, count: number): Promise<void> {
  const wanted = (await samplesOf(page)) + count;
  await page.waitForFunction(
    (least) => Number(document.querySelector("#samples")?.textContent) >= least,
    wanted,
  );
}

async function checkPlot(page: Page): Promise<void> {
  const startedMs = performance.now();
  await getsSamples(page, 11);
  const tookMs = performance.now() - startedMs;
  // Never sooner than asked for; later only as far as the machine is busy.
  assert.ok(tookMs > 900, `11 samples in ${tookMs.toFixed(0)} ms`);
  const painted = await page.locator("#plot canvas").evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const pixels =
      (canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const colors = new Set<string>();
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at + 3] === 255) colors.add(`${pixels[at]},${pixels[at + 1]},${pixels[at + 2]}`);
    }
    return [...colors];
  });
  for (const color of ["15,118,110", "180,83,9"])
    assert.ok(painted.includes(color), `no line in rgb(${color})`);
  assert.match((await page.locator("#cpu").textContent()) ?? "", /^(\d|[1-9]\d|100) %$/);
  assert.match((await page.locator("#memory").textContent()) ?? "", /^\d+\.\d of \d+\.\d GiB$/);
}

async function checkPause(page: Page): Promise<void> {
  const button = page.locator("#pause");
  await button.click();
  await button.getByText("Resume").waitFor();
  const paused = await samplesOf(page);
  // A call after the stream has ended: had the server sent on, it would have come before the answer.
  await checkForm(page, {
    name: "",
    card: "lookup",
    fields: { id: "2" },
    clicks: ["send"],
    kind: "ok",
    shows: /Bob/,
  });
  assert.equal(await samplesOf(page), paused);
  await button.click();
  await getsSamples(page, 3);
}

async function checkCuts(page: Page): Promise<void> {
  const state = page.locator("#link-state");
  const generate = page.locator("#generate");
  await generate.locator("output").evaluate((output) => output.replaceChildren());
  await generate.locator('input[name="count"]').fill("8000");
  const before = await samplesOf(page);
  await generate.locator('button[type="submit"]').click();
  for (let cut = 1; cut <= 3; cut++) {
    await page.locator("#cut:enabled").click();
    await page.waitForFunction(
      (least) => document.querySelector("#resumes")?.textContent === least,
      `${cut}`,
    );
    assert.match((await state.textContent()) ?? "", /^resumed after \d+ ms/);
  }
  // The card checks the order of what comes.
  await generate.locator(".cancel:disabled").waitFor();
  assert.equal(await generate.locator("output pre").textContent(), "8,000 items, in order");
  assert.ok((await samplesOf(page)) >= before, "the other stream lives, too");
  assert.equal(await page.locator("#cuts").textContent(), "3");
  await page.locator("#cut-long").click();
  await page.locator('#link-state[data-state="detached"]').waitFor();
  await page.locator('#link-state[data-state="resumed"]').waitFor();
  await getsSamples(page, 3);
}

/** What the page's own scripts would meet; directly from here, the policy does not apply. */
function tryEval(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => {
      try {
        // biome-ignore lint/security/noGlobalEval: it must fail
        resolve(String(eval("1")));
      } catch (error) {
        resolve((error as Error).name);
      }
    });
  });
}

async function checkRedial(page: Page, job: MainJob, url: string): Promise<void> {
  job.kill("SIGINT");
  await showsLink(page, "lost");
  assert.equal(await job.exit, 0, job.errors);
  await using next = new MainJob(["--ws", new URL(url).port]);
  await next.line(PAGE_LINE);
  await showsLink(page, "connected");
  await checkForm(page, {
    name: "",
    card: "lookup",
    fields: { id: "1" },
    clicks: ["send"],
    kind: "ok",
    shows: /Alice/,
  });
  await getsSamples(page, 3);
  next.kill("SIGINT");
  // By itself it would try again after four seconds.
  await page.getByText("next try in 4 s").waitFor();
  const startedMs = performance.now();
  await page.locator("#redial").click();
  await page.getByText("next try in 8 s").waitFor();
  assert.ok(performance.now() - startedMs < 3500, "the button did not make it try at once");
}
