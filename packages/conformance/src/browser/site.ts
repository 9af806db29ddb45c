import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";

/** No scripts but the site's, nothing evaluated, and nothing to talk to but a server on this machine. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src ws://127.0.0.1:*";

export interface Site extends AsyncDisposable {
  /** Of its page, which runs `/page.js`; with `?elsewhere` it is one that runs nothing. */
  readonly address: string;
}

/**
 * A site of one page on loopback, under a strict policy and isolated from other origins.
 *
 * @param scripts sources by path, bundled as they are
 */
export async function startSite(scripts: Readonly<Record<string, string>>): Promise<Site> {
  const bundles = new Map<string, Uint8Array>();
  for (const [path, source] of Object.entries(scripts)) bundles.set(path, await bundleForPage(source));
  const http = createServer(({ url = "/" }, response) => {
    const script = bundles.get(url.replace(/\?.*/, ""));
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.setHeader("content-security-policy", POLICY);
    // Without these two a page cannot share memory with its workers.
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    if (script !== undefined) return void response.end(script);
    const runs = url.endsWith("?elsewhere") ? "" : '<script type="module" src="/page.js"></script>';
    response.end(`<!doctype html><title>page</title>${runs}`);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => void http.close(resolve));
    },
  };
}

/** One script, from TypeScript that lies here. */
export async function bundleForPage(source: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["roam-source", "browser"],
    logLevel: "silent",
  });
  return outputFiles[0]?.contents ?? assert.fail("esbuild gave no bundle");
}
