import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { connect, serve } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import type { Tally } from "../browser/tally.ts";
import { REPOSITORY } from "../cli/program.ts";
import { expectText, openInspector, textOf } from "./opened-page.ts";

const LOAD_EVERY_MS = 5;

/** A server under load, watched while its link is cut and while a consumer does not read. */
export async function checkLiveCases(browser: Browser, tally: Tally, folder: string): Promise<void> {
  const server = await serve("tcp://127.0.0.1:0", Testbed, testbedHandlers, {
    introspection: { development: true },
  });
  const proxy = await faultProxy({ upstream: server.address });
  const client = await connect(proxy.url(), Testbed);
  const out = join(folder, "live.jsonl");
  const opened = await openInspector(browser, [server.address, "--payload", "4096", "--out", out]);
  const { page } = opened;
  const load = new AbortController();
  const loaded = keepCalling(client, load.signal);
  try {
    await tally.check("a live session is there, with its calls and what was in them", async () => {
      await page.waitForSelector(".tree .row.calls");
      await page.keyboard.press("/");
      await page.getByRole("searchbox").fill("method:lookup");
      await page.waitForFunction(() => /of [1-9]/.test(document.querySelector(".found")?.textContent ?? ""));
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.querySelector(".details")?.textContent?.includes("Alice"));
      await expectText(page, ".details", /Arguments \{"id": 1\} Answer .*"name": "Alice"/);
      await page.keyboard.press("Escape");
    });
    await tally.check("a link that was cut and the resume are marked on the plots", async () => {
      assert.equal(proxy.cut(), 1);
      await marked(page, 1);
    });
    await tally.check("a channel whose consumer does not read is named in the stall view", async () => {
      const generating = client.generate({ count: 1_000_000 });
      await page.getByRole("tab", { name: "Stalls" }).click();
      await page.getByText(/^channel \d+ of Testbed\.generate$/).waitFor();
      await expectText(
        page,
        ".table-tab tbody tr >> nth=0",
        /still \d+ channel \d+ of Testbed\.generate waits for the consumer on the other side \(no credit\)/,
      );
      await page.screenshot({ path: join(REPOSITORY, "build/inspector-live.png") });
      await generating.output.return();
      await generating.catch(() => {});
    });
    await tally.check("the link is cut from the page", async () => {
      await page.locator(".tree .row.session").first().click();
      await page.getByRole("button", { name: "Cut the link" }).click();
      await marked(page, 2);
    });
    await tally.check("a reader is paused and resumed from the page", () => pauseReader(page, client));
    await tally.check("what is shown follows what is new, until somebody looks back", async () => {
      const shown = () => textOf(page, ".overview .value");
      const before = await shown();
      await page.waitForFunction(
        (text) => document.querySelector(".overview .value")?.textContent !== text,
        before,
      );
      await page.locator(".timeline").focus();
      await page.keyboard.press("+");
      await page.getByRole("button", { name: "Follow", pressed: false }).waitFor();
      const still = await shown();
      await delay(400);
      assert.equal(await shown(), still);
    });
  } finally {
    load.abort();
    await loaded;
    await tally.check("the trace was written down as well, and nothing went wrong on the page", async () => {
      await opened.expectNoComplaints();
      await opened.close();
      const lines = readFileSync(out, "utf8").trim().split("\n");
      assert.match(lines[0] ?? "", /^\{"roamTrace":1,/);
      assert(lines.some((line) => line.includes('"state":"resumed"')));
      assert(lines.every((line) => typeof JSON.parse(line) === "object"));
    });
    await client.$.session.close();
    await proxy.close();
    await server.close();
  }
}

type TestbedClient = Awaited<ReturnType<typeof connect<(typeof Testbed)["methods"]>>>;

async function keepCalling(client: TestbedClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const calls = [client.echo({ message: "hi" }), client.lookup({ id: 1 }), client.lookup.result({ id: 9 })];
    await Promise.all(calls);
    await delay(LOAD_EVERY_MS);
  }
}

/** Waits until so many cuts and resumes are told, and their lines are on the plots. */
async function marked(page: Page, count: number): Promise<void> {
  await page.waitForSelector(`.marks-told[data-cuts="${count}"][data-resumes="${count}"]`);
  for (const state of ["detached", "resumed"]) {
    assert.equal(await page.locator(`.marks i.${state}:not([hidden])`).count(), count, state);
  }
}

async function pauseReader(page: Page, client: TestbedClient): Promise<void> {
  const told = page.locator(".acts output");
  await page.getByRole("button", { name: "Pause reader" }).click();
  // The server takes what had come by then; this comes after it.
  await delay(200);
  let isAnswered = false;
  const answer = client.echo({ message: "paused" }).then(() => {
    isAnswered = true;
  });
  await delay(300);
  assert.equal(isAnswered, false, "the server reads");
  await page.getByRole("button", { name: "Resume reader" }).click();
  await answer;
  assert.equal(await told.textContent(), "");
}
