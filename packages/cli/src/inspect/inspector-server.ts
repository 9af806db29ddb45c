import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { InspectorPage } from "./inspector-page.ts";
import type { TraceInput } from "./trace-input.ts";

export interface InspectorServerOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly page: InspectorPage;
  readonly input: TraceInput;
}

export interface InspectorServer extends AsyncDisposable {
  /** With the token behind its `#`: it is not sent, and no log has it. */
  readonly address: string;
  close(): Promise<void>;
}

/** An act is a few dozen bytes. */
const MAX_BODY_BYTES = 1_024;
const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * Serves the page and its trace on loopback. Whoever has not the token gets the page, which has no secrets,
 * and nothing else; requests under another host's name are refused, so that no page elsewhere can come in by
 * a name that leads here.
 *
 * @throws Error if the port cannot be had
 */
export async function startInspectorServer(options: InspectorServerOptions): Promise<InspectorServer> {
  const token = randomBytes(16).toString("hex");
  const server = createServer((request, response) => {
    answer(request, response, token, options).catch(() => response.destroy());
  });
  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => closed(server);
  return { address: `http://127.0.0.1:${port}/#${token}`, close, [Symbol.asyncDispose]: close };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  { page, input }: InspectorServerOptions,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const { method = "", url = "/", headers } = request;
  if (!HOSTS.has((headers.host ?? "").replace(/:\d+$/, ""))) return refuse(response, 403, "not this host");
  const path = url.replace(/\?.*/, "");
  if (path === "/" && method === "GET") {
    response.setHeader("content-security-policy", page.policy);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page.html);
    return;
  }
  if (!isToken(headers.authorization, token))
    return refuse(response, 401, "the token is missing, or another");
  switch (`${method} ${path}`) {
    case "GET /about": {
      const { title, isLive, act } = input;
      return json(response, { title, isLive, canAct: act !== undefined });
    }
    case "GET /events":
      return sendEvents(response, input);
    case "POST /act":
      return act(request, response, input);
    default:
      return refuse(response, 404, "there is nothing of that name");
  }
}

async function sendEvents(response: ServerResponse, input: TraceInput): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.setHeader("content-type", "application/x-ndjson; charset=utf-8");
  // What happens is to be seen, also before there is much of it.
  response.flushHeaders();
  await pipeline(input.open(gone.signal), response);
}

async function act(request: IncomingMessage, response: ServerResponse, { act }: TraceInput): Promise<void> {
  const told = parsed(await bodyOf(request));
  if (told === undefined || act === undefined) return refuse(response, 400, "session and act are wanted");
  try {
    json(response, { isDone: await act(told.session, told.act) });
  } catch (error) {
    refuse(response, 502, error instanceof Error ? error.message : String(error));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) return "";
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parsed(body: string): { readonly session: number; readonly act: string } | undefined {
  try {
    const { session, act } = JSON.parse(body) as { session?: unknown; act?: unknown };
    const isKnown = act === "cut" || act === "pause" || act === "resume";
    const isNumber =
      Number.isSafeInteger(session) && (session as number) > 0 && (session as number) < 2 ** 32;
    return isKnown && isNumber ? { session: session as number, act } : undefined;
  } catch {
    return undefined;
  }
}

function isToken(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${text}\n`);
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
