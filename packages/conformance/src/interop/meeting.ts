import { join } from "node:path";
import { accept, clientOn, connect, type Logger, RoamError, type Session, serve } from "roam";
import { childLink } from "roam/stdio";
import { testbedHandlers } from "../../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../../examples/testbed/testbed.ts";
import { ProbeFailure } from "../probe.ts";
import { expectEqual } from "../vectors/tally.ts";
import { type Report, within } from "./case.ts";
import { RustPeer } from "./rust-peer.ts";
import { acceptConnection, type TestbedClient, testbedHandler } from "./services.ts";

export const LINK_KINDS = ["tcp", "unix", "ws", "stdio"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];
/** Ours. */
export type Role = "initiator" | "acceptor";

/** Time for a link and a handshake (ms). */
const MEET_LIMIT_MS = 10_000;
const END_LIMIT_MS = 5_000;

/** What an address looks like to the one who asks for a free one, and to our side as a URL. */
export const ADDRESSES: Readonly<
  Record<Exclude<LinkKind, "stdio">, { free(directory: string): string; url(address: string): string }>
> = {
  tcp: { free: () => "127.0.0.1:0", url: (address) => `tcp://${address}` },
  ws: { free: () => "127.0.0.1:0", url: (address) => `ws://${address}/` },
  unix: { free: (directory) => join(directory, `${nextSocket++}.sock`), url: (path) => `unix:${path}` },
};
let nextSocket = 0;

/** A session of ours with a Rust peer. */
export interface Meeting {
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

/** Sets a session up; with `isCalling` the Rust peer calls our services in it. */
export async function meet(
  kind: LinkKind,
  role: Role,
  options: { readonly isCalling: boolean; readonly directory: string },
): Promise<Meeting> {
  const complaints: string[] = [];
  const call = options.isCalling ? ["--call"] : [];
  const ours = { ...reporting(complaints), acceptConnection, conduit: "bare" as const };
  const initiate = async (target: Parameters<typeof connect>[0], rust: RustPeer): Promise<Meeting> => {
    const dialled = connect(target, Testbed, { ...ours, handler: testbedHandler });
    const client = await within("the session", dialled, MEET_LIMIT_MS);
    const isEndedByRust = kind === "stdio" && options.isCalling;
    return { client, session: client.$.session, rust, complaints, isEndedByRust, close: async () => {} };
  };
  const accepted = (session: Session, rust: RustPeer, close: () => Promise<void>): Meeting => {
    const client = clientOn(session, session.root, Testbed);
    return { client, session, rust, complaints, isEndedByRust: options.isCalling, close };
  };

  if (kind === "stdio") {
    const rust = new RustPeer(["stdio", "--role", role === "initiator" ? "acceptor" : "initiator", ...call]);
    const link = childLink(rust.pipes);
    if (role === "initiator") return initiate(link, rust);
    const session = await within("the session", accept(link, testbedHandler, ours), MEET_LIMIT_MS);
    return accepted(session, rust, async () => {});
  }
  const { free, url } = ADDRESSES[kind];
  if (role === "initiator") {
    const rust = new RustPeer([
      ...["listen", "--link", kind, "--addr", free(options.directory), "--once"],
      ...call,
    ]);
    return initiate(url(await rust.listening()), rust);
  }
  const { onSession, arrived } = firstSession();
  const server = await serve(url(free(options.directory)), Testbed, testbedHandlers, { ...ours, onSession });
  const address =
    kind === "unix" ? server.address.slice("unix:".length) : new URL(asHttp(server.address)).host;
  const rust = new RustPeer(["dial", "--link", kind, "--addr", address, ...call]);
  return accepted(await within("the session", arrived, MEET_LIMIT_MS), rust, () => server.close());
}

/** The first session of a server: pass it `onSession`. */
export function firstSession(): { onSession(session: Session): void; arrived: Promise<Session> } {
  let onSession: (session: Session) => void = () => {};
  const arrived = new Promise<Session>((resolve) => {
    onSession = resolve;
  });
  return { onSession, arrived };
}

// The URL parser knows no hosts of other schemes.
function asHttp(url: string): string {
  return url.replace(/^(tcp|ws):/, "http:");
}

/** Options that collect what our side logs; Probe.fail is meant to fail, and handlers to be aborted. */
function reporting(complaints: string[]) {
  const logger: Logger = {
    warn: (message) => void complaints.push(message),
    error: (message, cause) => void complaints.push(`${message} ${cause}`),
  };
  const onHandlerError = (error: unknown, { service, method }: { service: string; method: string }) => {
    if (error instanceof ProbeFailure || (error instanceof Error && error.name === "AbortError")) return;
    complaints.push(`${service}.${method}: ${error}`);
  };
  return { logger, onHandlerError };
}

/** Ends a session, or waits until the Rust peer has; both sides must find it in order. */
export async function part(meeting: Meeting, report: Report): Promise<void> {
  const { session, rust, complaints, isEndedByRust } = meeting;
  await report.check("the session ends in order", async () => {
    if (!isEndedByRust) await within("closing", session.close(), END_LIMIT_MS);
    const end = await within("the session's end", session.ended, 2 * END_LIMIT_MS);
    if (!(end instanceof RoamError) || end.code !== "closed") throw end;
  });
  await rust.reportExit(report);
  await report.check("nothing else went wrong here", async () => expectEqual("log", complaints, []));
  await meeting.close();
}
