// A board for many tabs and people: `npm run board`, then open the page in as many tabs as you like.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { serve } from "roam";
import { faultProxy } from "roam/fault-proxy";
import { Board } from "./board.ts";
import { Room } from "./room.ts";

const PAGE = new URL("./page/", import.meta.url);

export interface BoardSite {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the board and its page on free ports of this machine. */
export async function startBoard(): Promise<BoardSite> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const server = await serve("ws://127.0.0.1:0/", Board, new Room().handlers, {
    tunnels: true,
    // Who is gone for so long without a word has left.
    retention: { retentionMs: 30_000 },
    transport: { origins: [origin] },
    authenticate: ({ kind, metadata, principal }) =>
      kind === "session" ? (metadata.get("name") ?? "somebody") : principal,
  });
  // What stands for the network: the page can have it cut.
  const network = await faultProxy({ upstream: server.address });
  const scripts = await bundle();
  http.on("request", async ({ method, url = "/" }, response) => {
    const path = new URL(url, "http://host").pathname;
    if (method === "POST" && path === "/tunnel") {
      const isInside = url.endsWith("?inside");
      if (isInside) {
        network.refuse();
        network.cut("reset");
      } else network.accept();
      return response.end();
    }
    const [type, body] = scripts.get(path) ?? (await fileAt(path, network.url()));
    response.setHeader("content-type", type);
    response.setHeader(
      "content-security-policy",
      "default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws://127.0.0.1:*",
    );
    response.end(body);
  });
  return {
    url: `${origin}/`,
    async close() {
      http.close();
      http.closeAllConnections();
      await server.drain({ timeoutMs: 100 });
      await network.close();
    },
  };
}

type Asset = readonly [type: string, body: string | Uint8Array];

async function fileAt(path: string, network: string): Promise<Asset> {
  if (path === "/style.css") return ["text/css", await readFile(new URL("style.css", PAGE))];
  const html = await readFile(new URL("index.html", PAGE), "utf8");
  return ["text/html", html.replace("{network}", network)];
}

async function bundle(): Promise<Map<string, Asset>> {
  const { outputFiles } = await build({
    entryPoints: ["app.tsx", "holder.ts"].map((name) => fileURLToPath(new URL(name, PAGE))),
    outdir: "/",
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    conditions: ["roam-source", "browser"],
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return new Map(outputFiles.map(({ path, contents }) => [path, ["text/javascript", contents] as const]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const board = await startBoard();
  console.log(`The board: ${board.url}  (in several tabs; Ctrl-C stops it)`);
  process.once("SIGINT", () => void board.close()).once("SIGTERM", () => void board.close());
}
