import type { SchemaDocument } from "roam/schema";
import { type ProxyServer, proxy, type Tap } from "roam/traffic";
import type { OptionDefinition } from "../command.ts";
import { documentFrom, introspected, SOURCE_FORMS } from "../document-from.ts";
import { failureOf, UsageFailure } from "../failure.ts";
import { tellFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { loggerOf, openPeer, PEER_OPTIONS, type PeerOptions } from "../peer.ts";
import { printable } from "../printable.ts";
import { checkUrl, dialConduit } from "./dial-conduit.ts";

/** What commands between two peers have in common. */
export interface BetweenOptions extends PeerOptions {
  readonly schema?: string;
  readonly types?: string;
  /** Of the address that is listened on. */
  readonly listenCert?: string;
  readonly listenKey?: string;
}

export const BETWEEN_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--schema <source>",
    about: `what passes by, where the peer does not tell: ${SOURCE_FORMS}`,
    complete: "files",
  },
  {
    flags: "--types <file>",
    about: "types of foreign crates, for a schema from Rust sources",
    complete: "files",
  },
  { flags: "--listen-cert <file>", about: "certificate for tls: or wss: on <in>, as PEM", complete: "files" },
  { flags: "--listen-key <file>", about: "its private key, as PEM", complete: "files" },
  ...PEER_OPTIONS,
];

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
    onSession(peer: string, session: number): Tap;
    onListening(address: string): Promise<void>;
  },
): Promise<void> {
  checkUrl(from);
  const warn = (text: string) => io.note(`${io.notePaint.yellow("warning:")} ${printable(text)}`);
  let sessions = 0;
  const server: ProxyServer = await proxy(from, (signal) => dialConduit(to, options, io, signal), {
    onSession: (peer) => events.onSession(peer, ++sessions),
    logger: { ...loggerOf(io), warn },
    ...(await listenTransport(from, options)),
  });
  try {
    await events.onListening(server.address);
    await stopped(io.signal);
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
