import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const EXAMPLES = fileURLToPath(new URL("../", import.meta.url));

suite("telemetry", () => {
  test("the collector gets one trace of three programs, and what was measured", async () => {
    const args = ["--conditions=roam-source", "--import", "tsx", "telemetry/main.ts"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: EXAMPLES });
    const lines = stdout.trimEnd().split("\n");
    // What each end of the link noticed of the cut, and when, is open.
    const events = lines.filter((line) => line.includes("* roam."));
    assert(events.filter((line) => line.includes("roam.resumed")).length >= 2, stdout);
    const told = lines
      .filter((line) => !events.includes(line))
      .map((line) => line.replace(/, \d+\.\d ms\)/, ")").replace(/-> [0-9a-f]{16}, \d+/, "-> SPAN, N"));
    assert.deepEqual(told, [
      "paid 5",
      "user",
      "errand (buyer, internal)",
      "  Shop/order (buyer, client)",
      "    Shop/order (shop, server)",
      "      Stock/take (shop, client)",
      "        Stock/take (stock, server)",
      "      Stock/take (shop, client)",
      "        Stock/take (stock, server)",
      "  Shop/order (buyer, client) failed: user",
      "    Shop/order (shop, server)",
      "      Stock/take (shop, client) failed: user",
      "        Stock/take (stock, server)",
      "  Shop/news (buyer, client) failed: cancelled",
      "    Shop/news out (buyer, internal)",
      "      -> SPAN, N items",
      "    Shop/news (shop, server)",
      "      Shop/news out (shop, internal)",
      "        -> SPAN, N items",
      "rpc.client.call.duration Stock/take ok: 2",
      "rpc.client.call.duration Shop/order ok: 1",
      "rpc.client.call.duration Stock/take user: 1",
      "rpc.client.call.duration Shop/order user: 1",
      "rpc.client.call.duration Shop/news cancelled: 1",
      "rpc.server.call.duration Stock/take ok: 2",
      "rpc.server.call.duration Shop/order ok: 1",
      "rpc.server.call.duration Stock/take user: 1",
      "rpc.server.call.duration Shop/order user: 1",
      "rpc.server.call.duration Shop/news cancelled: 1",
    ]);
  });
});
