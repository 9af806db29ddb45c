import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";

/** Bundles a page's script as a front-end build does, and gives its text. */
async function bundle(contents: string, conditions: string[]): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    conditions,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

const PAGE = `
  import { connect, method, service, t } from "roam";
  const Adder = service("Adder", { add: method({ a: t.u32, b: t.u32 }, t.u32) });
  globalThis.id = Adder.descriptors().get("add").id;
  globalThis.dial = () => connect("tcp://127.0.0.1:1", Adder);
`;

suite("a browser bundle", () => {
  for (const { name, conditions } of [
    { name: "from sources", conditions: ["roam-source", "browser"] },
    { name: "from the built package", conditions: ["browser"] },
  ]) {
    test(`${name} needs nothing of Node and works without eval`, async () => {
      const code = await bundle(PAGE, conditions);
      assert.doesNotMatch(code, /\b(require\(|node:|new Function|eval\()/);
      // What a page has and a bare context lacks; no process, Buffer or require.
      const page: Record<string, unknown> = {
        TextEncoder,
        TextDecoder,
        queueMicrotask,
        performance,
        setTimeout,
        clearTimeout,
        AbortController,
        addEventListener() {},
      };
      runInNewContext(code, page, { contextCodeGeneration: { strings: false, wasm: false } });
      assert.equal(page.id, 0x9779c2f07703fab4n);
      await assert.rejects((page.dial as () => Promise<unknown>)(), /this platform has ws: and wss:/);
    });
  }
});
