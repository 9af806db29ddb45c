import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { RoamError } from "roam";

const PAGE = new URL("./page/", import.meta.url);

interface Asset {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/** Listens for HTTP on a free port of this machine alone, and serves the page from memory. */
// The page is bundled while the server is up already: scripts wait for it, nothing else does.
export async function servePage(): Promise<Server> {
  const assets = loadAssets();
  // Seen by those who ask for the page; nobody may ever ask.
  assets.catch(() => {});
  const http = createServer(async (request, response) => {
    try {
      const path = new URL(request.url ?? "/", "http://host").pathname;
      const asset = isFromHere(request) ? (await assets).get(path) : undefined;
      if (asset === undefined)
        return response.writeHead(404, { "content-type": "text/plain" }).end("not here\n");
      response.writeHead(200, { "content-type": asset.type, ...headersFor(request) }).end(asset.body);
    } catch (error) {
      console.error("the page cannot be served:", error);
      response.writeHead(500).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", (cause) => reject(cannotListen(0, cause)));
    http.listen({ host: "127.0.0.1", port: 0 }, resolve);
  });
  return http;
}

export function cannotListen(port: number, cause: unknown): RoamError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = code === "EADDRINUSE" ? "the address is in use" : message;
  return new RoamError("io", `cannot listen on 127.0.0.1:${port}: ${reason}`, { cause });
}

/**
 * True unless a page of another site asks, by its own origin or by a name that it made point
 * here (DNS rebinding): browsers let any page open a WebSocket to this machine.
 */
export function isFromHere({ headers: { host = "", origin } }: IncomingMessage): boolean {
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host)) return false;
  return origin === undefined || origin === `http://${host}`;
}

/** Nothing from elsewhere, nothing inline, no `eval`. */
function headersFor({ headers: { host } }: IncomingMessage): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    // Some browsers do not count WebSockets of the same host as 'self'.
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ];
  return {
    "content-security-policy": policy.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
  };
}

async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [html, icon, bundle] = await Promise.all([
    readFile(new URL("index.html", PAGE)),
    readFile(new URL("icon.svg", PAGE)),
    build({
      entryPoints: ["app.ts", "style.css"].map((name) => fileURLToPath(new URL(name, PAGE))),
      bundle: true,
      write: false,
      outdir: "/",
      format: "esm",
      platform: "browser",
      target: "es2022",
      conditions: ["roam-source", "browser"],
      sourcemap: "linked",
      logLevel: "silent",
    }),
  ]);
  const assets = new Map<string, Asset>([
    ["/", { type: "text/html; charset=utf-8", body: html }],
    ["/icon.svg", { type: "image/svg+xml", body: icon }],
  ]);
  for (const { path, contents } of bundle.outputFiles) {
    const name = `/${path.split(/[\\/]/).at(-1)}`;
    const extension = name.slice(name.lastIndexOf("."));
    assets.set(name, { type: TYPES[extension] ?? "application/octet-stream", body: contents });
  }
  return assets;
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".map": "application/json",
};
