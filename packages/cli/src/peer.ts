import { readFileSync } from "node:fs";
import {
  type Client,
  type ConduitChoice,
  clientOn,
  connect,
  type Handler,
  knownIds,
  type LogFields,
  type Session,
} from "roam";
import type { Methods, Service } from "roam/schema";
import { type SpawnedLink, spawnLink } from "./child-link.ts";
import { collect, type OptionDefinition } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { Failure, failureOf, UsageFailure } from "./failure.ts";
import type { Io } from "./io.ts";
import { printable } from "./printable.ts";
import { durationMs } from "./quantity.ts";
import { schemeOf, URL_SCHEMES } from "./url.ts";

/** How a peer is reached; the same for every command that dials. */
export interface PeerOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
  readonly header?: readonly string[];
  readonly conduit: ConduitChoice;
  /** Milliseconds. */
  readonly connectTimeout: number;
}

export const PEER_OPTIONS: readonly OptionDefinition[] = [
  { flags: "--ca <file>", about: "certificates to trust, as PEM, for tls: and wss:" },
  { flags: "--cert <file>", about: "our own certificate, as PEM, for peers that ask for one" },
  { flags: "--key <file>", about: "its private key, as PEM" },
  { flags: "--insecure", about: "take any certificate: for trying things out only", default: false },
  {
    flags: "--header <name=value>",
    about: "header of the WebSocket's request; may be repeated",
    parse: collect,
    complete: "nothing",
  },
  {
    flags: "--conduit <kind>",
    about: "stable sessions survive lost links; auto asks for one and takes what the peer has",
    default: "auto",
    choices: ["auto", "stable", "bare"],
  },
  {
    flags: "--connect-timeout <time>",
    about: "longest time until there is a session, as 500ms or 2s",
    default: 10_000,
    defaultText: "10s",
    parse: durationMs,
    complete: "nothing",
  },
];

/** Stands for the root while nobody knows what is served there. */
const UNKNOWN: Service = knownIds("Unknown", {}, {});

/** A session with a peer, from a URL. */
export interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly session: Session;
  /** A client on the root connection, or on a virtual one opened under the service's name. */
  client<M extends Methods>(
    service: Service<M>,
    options?: { readonly isVirtual?: boolean },
  ): Promise<Client<M>>;
  /** Ends the session in order, and the command behind `stdio:`. */
  close(): Promise<void>;
}

/**
 * @param options.handler what we serve on the root, for peers that call back
 * @throws UsageFailure for a URL that is none
 * @throws Failure exit 4 if there is no session, 124 after `connectTimeout`
 */
export async function openPeer(
  url: string,
  options: PeerOptions,
  io: Io,
  { handler }: { readonly handler?: Handler } = {},
): Promise<Peer> {
  const scheme = schemeOf(url);
  if (scheme === undefined) {
    throw new UsageFailure(
      `${JSON.stringify(url)} is not a URL`,
      `one begins with ${URL_SCHEMES.join(": ")}:`,
    );
  }
  const spawned = scheme === "stdio" ? spawnLink(url) : undefined;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(options.connectTimeout)), options.connectTimeout);
  try {
    const signal = AbortSignal.any([io.signal, late.signal]);
    const connecting = connect(spawned?.link ?? url, UNKNOWN, {
      signal,
      conduit: options.conduit,
      transport: transportOptions(scheme, options),
      schemaCheck: "off",
      logger: loggerOf(io),
      ...(handler && { handler }),
    });
    connecting.catch(() => {});
    const root = await Promise.race([connecting, ...(spawned ? [spawned.failed] : [])]);
    return peerOf(url, root, spawned);
  } catch (error) {
    throw unreachable(url, await lastWord(error, spawned));
  } finally {
    clearTimeout(timer);
  }
}

/** How a command ended says more than what its link died of. */
async function lastWord(error: unknown, spawned: SpawnedLink | undefined): Promise<unknown> {
  if (spawned === undefined) return error;
  const ended = spawned.end().then(() => error);
  return Promise.race([spawned.failed, ended]).catch((died: unknown) => died);
}

function peerOf(url: string, root: Client<Methods>, spawned: SpawnedLink | undefined): Peer {
  const { session } = root.$;
  const close = async () => {
    await session.close();
    await spawned?.end();
  };
  return {
    url,
    session,
    close,
    [Symbol.asyncDispose]: close,
    client: async (service, { isVirtual = false } = {}) =>
      isVirtual ? root.$.open(service) : clientOn(session, session.root, service),
  };
}

export function transportOptions(
  scheme: string,
  { ca, cert, key, insecure, header = [] }: PeerOptions,
): object {
  const tls = {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
  };
  if (scheme !== "ws" && scheme !== "wss") return tls;
  return { ...tls, ...(header.length === 0 ? {} : { headers: headersOf(header) }) };
}

function headersOf(header: readonly string[]): Record<string, string> {
  return Object.fromEntries(header.map((text) => pairOf(text, "a header")));
}

/** `key=value` */
export function pairOf(text: string, what: string): [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageFailure(`${JSON.stringify(text)} is not ${what}`, "write it as name=value");
  return [text.slice(0, at), text.slice(at + 1)];
}

function tooLate(ms: number): Failure {
  return new Failure(`no session within ${ms} ms`, {
    exit: EXIT.timeout,
    hint: "is it a Roam peer? Give it more time with --connect-timeout",
  });
}

/** What was thrown, with the address in its message. */
function unreachable(url: string, error: unknown): unknown {
  const failure = failureOf(error);
  if (failure.exit !== EXIT.peer || failure.message.includes(url)) return failure;
  return new Failure(`${url}: ${failure.message}`, {
    exit: failure.exit,
    code: failure.code,
    cause: error,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  });
}

export function loggerOf(io: Io) {
  const note = (_fields: LogFields, message: string) => {
    if (io.env.ROAM_LOG !== undefined) io.note(io.notePaint.dim(`roam: ${printable(message)}`));
  };
  return { warn: note, error: note };
}
