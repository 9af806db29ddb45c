import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { serve } from "roam";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { openPage } from "./chromium.ts";
import { bundleForPage } from "./site.ts";
import type { Tally } from "./tally.ts";

/** What the page writes down: one line for each call. */
const EXPECTED = ['"hi"', '"NotFound"', "6n", "[0,1,2]", '["a","b"]', '"left"', '"TimeoutError"', '"closed"'];

const PAGE = `<!doctype html><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,">
<pre></pre>
<script type="module">
import { connect, Testbed } from "/roam.js";
const lines = document.querySelector("pre");
const write = (value) =>
  lines.append(JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part + "n" : part)).replace(/^"(\\d+n)"$/, "$1") + "\\n");
const testbed = await connect("ADDRESS", Testbed);
write(await testbed.echo({ message: "hi" }));
const answer = await testbed.lookup.result({ id: 9 });
write(answer.error.detail);
write(await testbed.sum({ numbers: [1, 2, 3] }));
const items = [];
for await (const item of testbed.generate({ count: 3 }).output) items.push(item);
write(items);
const texts = [];
for await (const text of testbed.transform({ input: ["a", "b"] }).output) texts.push(text);
write(texts);
for await (const item of testbed.generate({ count: 1e9 }).output) if (item === 50) break;
write("left");
const open = testbed.sum({}, { signal: AbortSignal.timeout(50) });
await open.catch((error) => write(error.name));
await open.numbers.close();
await testbed.$.session.close();
write((await testbed.$.session.ended).code);
document.title = "done";
</script>
`;

/** A page of one file and one bundle: what somebody has who just starts. */
// r[verify transport.websocket.platforms]
export async function checkBarePage(browser: Browser, tally: Tally): Promise<void> {
  await using server = await serve("ws://127.0.0.1:0/", Testbed, testbedHandlers);
  const testbed = fileURLToPath(new URL("../../../../examples/testbed/testbed.ts", import.meta.url));
  const bundle = await bundleForPage(
    `export * from "roam"; export { Testbed } from ${JSON.stringify(testbed)};`,
  );
  const http = createServer(({ url }, response) => {
    const isScript = url === "/roam.js";
    const type = isScript ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": type });
    response.end(isScript ? bundle : PAGE.replace("ADDRESS", server.address));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  await tally.check("a bare page imports a bundle and makes every kind of call", async () => {
    const { page, complaints } = await openPage(browser, `http://127.0.0.1:${port}/`);
    try {
      await page.waitForFunction(() => document.title === "done");
    } finally {
      const lines = ((await page.locator("pre").textContent()) ?? "").trim().split("\n");
      assert.deepEqual([...lines, ...(await complaints())], EXPECTED);
      await page.close();
    }
  });
  http.closeAllConnections();
  await new Promise((resolve) => void http.close(resolve));
}
