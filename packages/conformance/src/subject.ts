/**
 * The conformance subject: a process that serves Testbed (and Probe on virtual connections named
 * so). Environment: SUBJECT_MODE, PEER_ADDR, SUBJECT_CONDUIT; for mode `shm-server`, SHM_CONTROL_SOCK,
 * SHM_SESSION_ID and SHM_MMAP_TX_FD instead. Standard output carries the
 * `listening` line of mode `listen` and nothing else. Exit status: 0 the counterpart ended the
 * session or hung up, 1 it broke the protocol, 2 the environment is not usable.
 */
import { connect, ProtocolError, RoamError, serve } from "roam";
import { SilentPeerError } from "roam/conduit";
import type { Link } from "roam/link";
import { dialLocal } from "roam/local";
import { joinHost } from "roam/shm";
import { dialTcp } from "roam/tcp";
import { dialWs } from "roam/websocket-server";
import { testbedHandlers } from "../../../examples/testbed/handlers.ts";
import { Testbed } from "../../../examples/testbed/testbed.ts";
import { acceptConnection, testbedHandler } from "./interop/services.ts";

/** A variable of the environment that cannot be used. */
class BadEnvironment extends Error {
  override readonly name: string = "BadEnvironment";

  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
  }
}

type PeerAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "ws"; readonly url: string }
  | { readonly kind: "unix"; readonly path: string };

function oneOf<T extends string>(variable: string, values: readonly [T, ...T[]]): T {
  const given = process.env[variable] || values[0];
  const value = values.find((candidate) => candidate === given);
  if (value !== undefined) return value;
  throw new BadEnvironment(variable, `is ${JSON.stringify(given)}, not one of ${values.join(", ")}`);
}

function peerAddress(): PeerAddress {
  const text = process.env.PEER_ADDR;
  if (text === undefined || text === "") throw new BadEnvironment("PEER_ADDR", "is not set");
  if (text.startsWith("unix:") && text.length > "unix:".length) {
    return { kind: "unix", path: text.slice("unix:".length) };
  }
  if (text.startsWith("ws://") && URL.canParse(text)) return { kind: "ws", url: text };
  const [, host, port] = /^(\[[^\]]+\]|[^:/]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 0xffff) {
    return { kind: "tcp", host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  }
  throw new BadEnvironment(
    "PEER_ADDR",
    `is ${JSON.stringify(text)}, not HOST:PORT, ws://HOST:PORT/ or unix:PATH`,
  );
}

async function dial(address: PeerAddress): Promise<Link> {
  try {
    switch (address.kind) {
      case "tcp":
        return await dialTcp(address);
      case "ws":
        return await dialWs(address.url);
      case "unix":
        return await dialLocal(address.path);
    }
  } catch (error) {
    throw new BadEnvironment("PEER_ADDR", `has nobody who answers: ${messageOf(error)}`);
  }
}

/** The variables of mode `shm-server`. */
function sharedMemory(): () => Promise<Link> {
  const { SHM_CONTROL_SOCK: control, SHM_SESSION_ID: sid, SHM_MMAP_TX_FD: mappingsSend } = process.env;
  if (control === undefined || control === "") throw new BadEnvironment("SHM_CONTROL_SOCK", "is not set");
  if (sid === undefined) throw new BadEnvironment("SHM_SESSION_ID", "is not set");
  if (mappingsSend === undefined || !/^\d+$/.test(mappingsSend)) {
    throw new BadEnvironment("SHM_MMAP_TX_FD", `is ${JSON.stringify(mappingsSend)}, not a descriptor`);
  }
  return async () => {
    try {
      return await joinHost(control, { sid, mappingsSend: Number(mappingsSend) });
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw new BadEnvironment("SHM_CONTROL_SOCK", `has no place for us: ${messageOf(error)}`);
    }
  };
}

/** Time that a peer which is gone may take to come back to a stable session (ms). */
const RECONNECT_MS = 2_000;

/** Serves on a session that it asks for, until that ends. @returns the exit status */
async function serveInitiating(dialNext: () => Promise<Link>, conduit: "bare" | "stable"): Promise<number> {
  let hasDialled = false;
  const next = async () => {
    const link = await dialNext();
    hasDialled = true;
    return link;
  };
  let end: unknown;
  try {
    const client = await connect({ next }, Testbed, {
      conduit,
      handler: testbedHandler,
      acceptConnection,
      reconnect: { totalMs: RECONNECT_MS },
    });
    end = await client.$.session.ended;
  } catch (error) {
    if (!hasDialled) throw error;
    end = error;
  }
  if (isHangUp(end)) return 0;
  console.error(`subject: ${messageOf(end)}`);
  return 1;
}

/** True for an orderly end, and for a link that broke or ended under us, for good. */
function isHangUp(end: unknown): boolean {
  if (!(end instanceof RoamError)) return false;
  const isGone = end.code === "session-lost" && /timeout|rejected/.test(end.reason);
  const isUnmet = end instanceof SilentPeerError || (end.code === "handshake" && isHangUp(end.cause));
  return ["closed", "io"].includes(end.code) || isGone || isUnmet;
}

async function listen(address: PeerAddress): Promise<void> {
  try {
    const server = await serve(urlOf(address), Testbed, testbedHandlers, { acceptConnection });
    console.log(`listening ${shown(address, server.address)}`);
  } catch (error) {
    throw new BadEnvironment("PEER_ADDR", `cannot be listened on: ${messageOf(error)}`);
  }
}

function urlOf(address: PeerAddress): string {
  switch (address.kind) {
    case "tcp":
      return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    case "ws":
      return address.url;
    case "unix":
      return `unix:${address.path}`;
  }
}

/** `HOST:PORT`, whatever runs over it; the path of a local socket. */
function shown(address: PeerAddress, bound: string): string {
  return address.kind === "unix" ? address.path : new URL(bound.replace(/^tcp:/, "ws:")).host;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const mode = oneOf("SUBJECT_MODE", ["server", "listen", "shm-server"]);
  const conduit = oneOf("SUBJECT_CONDUIT", ["bare", "stable"]);
  if (mode === "shm-server") process.exit(await serveInitiating(sharedMemory(), "bare"));
  const address = peerAddress();
  // Runs until it is killed.
  if (mode === "listen") return listen(address);
  process.exit(await serveInitiating(() => dial(address), conduit));
}

main().catch((error: unknown) => {
  console.error(`subject: ${error instanceof BadEnvironment ? error.message : String(error)}`);
  process.exit(error instanceof BadEnvironment ? 2 : 1);
});
