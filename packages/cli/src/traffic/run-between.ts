import type { SchemaDocument } from "roam/schema";
import { type ProxyServer, proxy, type Tap } from "roam/traffic";
import { documentFrom, introspected } from "../document-from.ts";
import { failureOf, UsageFailure } from "../failure.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { loggerOf, openPeer } from "../peer.ts";
import { printable } from "../printable.ts";
import type { BetweenOptions } from "./between-options.ts";
import { checkUrl, dialConduit } from "./dial-conduit.ts";

/**
 * Listens between two peers until the command is to stop.
 *
 * @param onSession tells who listens to a session; `session` counts them from 1
 * @param onListening the address is there
 */
export async function runBetween(
  [from = "", to = ""]: readonly string[],
  options: BetweenOptions,
  io: Io,
  events: {
    /** Ends it (default: the command's). */
    readonly signal?: AbortSignal;
    onSession(peer: string, session: number): Tap;
    onListening(address: string): Promise<void>;
  },
): Promise<void> {
  const isStdio = checkUrl(from) === "stdio";
  if (isStdio && from !== "stdio:")
    throw new UsageFailure(
      `${from}: a command cannot be listened on`,
      "stdio: listens on our own standard input and output",
    );
  const over = new AbortController();
  const warn = (_fields: unknown, text: string) =>
    io.note(`${io.notePaint.yellow("warning:")} ${printable(text)}`);
  let sessions = 0;
  const server: ProxyServer = await proxy(from, (signal) => dialConduit(to, options, io, signal), {
    onSession(peer) {
      const tap = events.onSession(peer, ++sessions);
      if (!isStdio) return tap;
      // There is no other one to come.
      const onEnd: Tap["onEnd"] = (...end) => {
        tap.onEnd?.(...end);
        over.abort();
      };
      return { onMessage: tap.onMessage, onEnd };
    },
    logger: { ...loggerOf(io), warn },
    ...(await listenTransport(from, options)),
  });
  try {
    await events.onListening(server.address);
    await stopped(AbortSignal.any([events.signal ?? io.signal, over.signal]));
  } finally {
    await server.close();
  }
}

/** What passes by: as was stated, or as the far side tells; undefined if nobody knows. */
export async function documentBetween(
  to: string,
  options: BetweenOptions,
  io: Io,
): Promise<SchemaDocument | undefined> {
  const scheme = checkUrl(to);
  const { schema, types } = options;
  if (schema !== undefined) {
    const { document, findings } = await documentFrom(schema, { ...(types && { types }), peer: options }, io);
    tellFindings(findings, io);
    return document;
  }
  const hint = "calls are shown by their ids; --schema says what they are";
  // A command is started for each session, and asking would be one.
  if (scheme === "stdio") return undefined;
  try {
    await using peer = await openPeer(to, options, io);
    const told = await introspected(peer, io);
    if (told === undefined) io.note(io.notePaint.dim(`the far side does not tell what it serves: ${hint}`));
    return told?.document;
  } catch (error) {
    io.signal.throwIfAborted();
    io.note(io.notePaint.yellow(`${printable(failureOf(error).message)}; ${hint}`));
    return undefined;
  }
}

async function listenTransport(url: string, { listenCert, listenKey }: BetweenOptions): Promise<object> {
  if (listenCert === undefined && listenKey === undefined) return {};
  if (listenCert === undefined || listenKey === undefined)
    throw new UsageFailure("--listen-cert and --listen-key go together");
  const { readFile } = await import("node:fs/promises");
  const tls = { cert: await readFile(listenCert), key: await readFile(listenKey) };
  return { transport: url.startsWith("wss:") ? { tls } : tls };
}

export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
