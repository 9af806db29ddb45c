import {
  accept,
  type ConnectOptions,
  clientOn,
  connect,
  type Handler,
  type Logger,
  RoamError,
  type ServeOptions,
  type Session,
  serve,
  serveHandler,
} from "roam";
import type { Link } from "roam/link";
import { createHost, joinHost } from "roam/shm";
import { childLink } from "roam/stdio";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { ProbeFailure } from "../probe.ts";
import { Difference, expectEqual } from "../vectors/tally.ts";
import { ADDRESSES, bareAddress, type SocketKind } from "./address.ts";
import { type Report, within } from "./case.ts";
import { RustPeer } from "./rust-peer.ts";
import { acceptConnection, type TestbedClient, testbedHandler } from "./services.ts";

export const LINK_KINDS = ["tcp", "unix", "ws", "stdio", "shm"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];
export type Role = "initiator" | "acceptor";

/** How two peers meet. */
export interface Terms {
  readonly link: LinkKind;
  /** Ours. */
  readonly role: Role;
  readonly conduit: "bare" | "stable";
}

/** Time for a link and a handshake (ms). */
const MEET_LIMIT_MS = 10_000;
const END_LIMIT_MS = 5_000;
/** How long the Rust peer waits for its next link, and so for a counterpart that closed (ms). */
const RUST_WINDOW_MS = 1_000;
/** How long we wait for a Rust peer that is gone: it cannot say that it will not come back (ms). */
const RETENTION_MS = 1_500;
/** In step with links that are cut on purpose, many of them in a row in their handshakes (ms). */
const RECONNECT = { baseMs: 5, capMs: 100, totalMs: 10_000 };

export interface MeetOptions {
  readonly directory: string;
  /** What the Rust peer does besides serving, as its arguments: `--call`. */
  readonly rust?: readonly string[];
  /** What we serve on the root besides Testbed. */
  readonly handler?: Handler;
  /** Stands between us and each of our links. */
  readonly wrap?: (link: Link) => Link;
  /** For our side, whatever its role. */
  readonly ours?: Partial<Pick<ConnectOptions & ServeOptions, "limits" | "keepalive">>;
  /** For our side as the initiator. */
  readonly reconnect?: ConnectOptions["reconnect"];
}

/** A session of ours with a Rust peer. */
export interface Meeting extends Terms {
  readonly client: TestbedClient;
  readonly session: Session;
  readonly rust: RustPeer;
  /** What our side had to log: nothing, when all is well. */
  readonly complaints: readonly string[];
  /** True if the Rust peer ends the session after its own calls. */
  readonly isEndedByRust: boolean;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Sets a session up. */
export async function meet(terms: Terms, options: MeetOptions): Promise<Meeting> {
  const { rust: work = [], handler = testbedHandler } = options;
  const complaints: string[] = [];
  const ours = { ...reporting(complaints), acceptConnection, ...options.ours, handler };
  const hasWork = work.some((flag) => flag === "--call" || flag.startsWith("--soak-"));
  // One that listens goes on listening.
  const isEndedByRust = hasWork && (terms.role === "acceptor" || terms.link === "stdio");
  const met = (session: Session, rust: RustPeer, close = async () => {}): Meeting => {
    const client = clientOn(session, session.root, Testbed);
    return { ...terms, client, session, rust, complaints, isEndedByRust, close };
  };

  const { link, role, conduit } = terms;
  if (link === "stdio") {
    const rust = new RustPeer(["stdio", "--role", role === "initiator" ? "acceptor" : "initiator", ...work]);
    const pipe = childLink(rust.pipes);
    const session = role === "initiator" ? dialled(pipe, ours) : accept(pipe, handler, ours);
    return met(await within("the session", session, MEET_LIMIT_MS), rust);
  }
  if (link === "shm" && role === "initiator") {
    const rust = new RustPeer(["shm-host", ...shmPaths(options.directory), "--once", ...work]);
    const session = dialled(await joinHost(await rust.listening()), ours);
    return met(await within("the session", session, MEET_LIMIT_MS), rust);
  }
  if (link === "shm") {
    const host = await createHost();
    const { onSession, arrived } = firstSession();
    const control = ADDRESSES.unix.free(options.directory);
    const server = await serveHandler((onLink) => host.listen(control, onLink), handler, {
      ...ours,
      onSession,
    });
    const rust = new RustPeer(["shm-guest", "--control", control, ...work]);
    return met(await within("the session", arrived, MEET_LIMIT_MS), rust, async () => {
      await server.close();
      await host.close();
    });
  }
  const rustConduit = conduit === "bare" ? [] : ["--conduit", "stable", ...rustWindow(work)];
  if (role === "initiator") {
    const address = ADDRESSES[link].free(options.directory);
    const rust = new RustPeer([
      ...["listen", "--link", link, "--addr", address, "--once"],
      ...rustConduit,
      ...work,
    ]);
    const target = targetOf(link, await rust.listening(), options.wrap);
    const session = dialled(target, { ...ours, conduit, reconnect: options.reconnect ?? RECONNECT });
    return met(await within("the session", session, MEET_LIMIT_MS), rust);
  }
  const { onSession, arrived } = firstSession();
  const server = await served(link, options, {
    ...ours,
    onSession,
    retention: { retentionMs: RETENTION_MS },
  });
  const address = bareAddress(server.address);
  const rust = new RustPeer(["dial", "--link", link, "--addr", address, ...rustConduit, ...work]);
  const session = await within("the session", arrived, MEET_LIMIT_MS);
  return met(session, rust, () => server.close());
}

function rustWindow(work: readonly string[]): readonly string[] {
  return work.includes("--resume-window-ms") ? [] : ["--resume-window-ms", `${RUST_WINDOW_MS}`];
}

/** Where a Rust host has its segment and gives out places. */
export function shmPaths(directory: string): readonly string[] {
  const control = ADDRESSES.unix.free(directory);
  return ["--segment", `${control}.segment`, "--control", control];
}

async function dialled(target: Parameters<typeof connect>[0], options: ConnectOptions): Promise<Session> {
  const client = await connect(target, Testbed, options);
  return client.$.session;
}

function targetOf(link: SocketKind, address: string, wrap: MeetOptions["wrap"]) {
  const { url, dial } = ADDRESSES[link];
  if (wrap === undefined) return url(address);
  const next = async ({ signal }: { signal: AbortSignal }) => wrap(await dial(address, signal));
  return { next };
}

function served(link: SocketKind, { directory, wrap, handler }: MeetOptions, options: ServeOptions) {
  const { free, url, listen } = ADDRESSES[link];
  const address = free(directory);
  if (wrap === undefined && handler === undefined) {
    return serve(url(address), Testbed, testbedHandlers, options);
  }
  const wrapped = (onLink: (link: Link) => void) =>
    listen(address, (inbound) => onLink(wrap?.(inbound) ?? inbound));
  return serveHandler(wrapped, handler ?? testbedHandler, options);
}

/** The first session of a server: pass it `onSession`. */
export function firstSession(): { onSession(session: Session): void; arrived: Promise<Session> } {
  let onSession: (session: Session) => void = () => {};
  const arrived = new Promise<Session>((resolve) => {
    onSession = resolve;
  });
  return { onSession, arrived };
}

/** Options that collect what our side logs; Probe.fail is meant to fail, and handlers to be aborted. */
export function reporting(complaints: string[]) {
  const logger: Logger = {
    warn: (_fields, message) => void complaints.push(message),
    error: ({ err }, message) => void complaints.push(`${message} ${err}`),
  };
  const onHandlerError = (error: unknown, { service, method }: { service: string; method: string }) => {
    if (error instanceof ProbeFailure || (error instanceof Error && error.name === "AbortError")) return;
    complaints.push(`${service}.${method}: ${error}`);
  };
  return { logger, onHandlerError };
}

/** Ends a session, or waits until the Rust peer has; both sides must find it in order. */
export async function part(meeting: Meeting, report: Report): Promise<void> {
  const { session, rust, complaints, isEndedByRust, conduit } = meeting;
  await report.check("the session ends in order", async () => {
    if (!isEndedByRust) await within("closing", session.close(), END_LIMIT_MS);
    const end = await within("the session's end", session.ended, 2 * END_LIMIT_MS);
    // 7.3 cannot say on a stable conduit that all is said: its end is a lost link that is never replaced.
    // r[verify stable.x.retention]
    const isExpired = isEndedByRust && conduit === "stable";
    expectEnd(end, isExpired ? "session-lost" : "closed", isExpired ? /expired/ : /./);
  });
  await rust.reportExit(report);
  await report.check("nothing else went wrong here", async () => expectEqual("log", complaints, []));
  await meeting.close();
}

/** @throws what a session ended by, if it is not an error of this code and reason */
export function expectEnd(end: unknown, code: RoamError["code"], reason = /./): void {
  if (end instanceof RoamError && end.code === code && reason.test(end.message)) return;
  throw end ?? new Difference("no error tells of the end");
}
