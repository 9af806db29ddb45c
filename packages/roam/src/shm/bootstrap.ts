import { createServer, type Socket } from "node:net";
import { asError, RoamError } from "../errors.ts";
import type { Listener } from "../link/link.ts";
import { removeStale } from "../transports/remove-stale.ts";
import { startListening } from "../transports/socket-server.ts";
import { decodeRequest, encodeResponse } from "./bootstrap-frames.ts";
import type { PreparedGuest } from "./host.ts";
import type { Credentials, Native } from "./native.ts";
import type { ShmLink } from "./shm-link.ts";
import { descriptorOf } from "./socket-descriptor.ts";

/** Who asks for a place. */
export interface Asking extends Credentials {
  /** What it shows; empty if it has nothing to show. */
  readonly sid: Uint8Array;
}

export interface BootstrapOptions {
  /** Who gets a place (default: processes of the same user). */
  readonly check?: (asking: Asking) => boolean | Promise<boolean>;
}

/** How long one may take to ask (ms), and how many may be asking at once. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_ASKING = 64;

const isSameUser = ({ uid }: Asking): boolean => uid === process.getuid?.();

export interface HandOutOptions extends BootstrapOptions {
  readonly native: Native;
  /** Of the segment. */
  readonly descriptor: number;
  readonly prepare: () => PreparedGuest;
  readonly onLink: (link: ShmLink) => void;
}

/** Hands out places of a segment by a local socket. */
// r[impl shm.bootstrap]
export async function listenForGuests(path: string, options: HandOutOptions): Promise<Listener> {
  await removeStale(path);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    handOut(socket, options).catch((error) => refuse(socket, asError(error).message));
  });
  server.maxConnections = MAX_ASKING;
  return startListening(server, { path }, () => `unix:${path}`);
}

async function handOut(socket: Socket, options: HandOutOptions): Promise<void> {
  const { native, check = isSameUser, descriptor } = options;
  const sid = await requestOf(socket);
  const to = descriptorOf(socket);
  if (!(await check({ ...native.credentials(to), sid }))) return refuse(socket, "not for you");
  const { ticket, link, handedOver } = options.prepare();
  try {
    const payload = new TextEncoder().encode(ticket.segment);
    const response = encodeResponse({ isSuccess: true, peerId: ticket.peerId, payload });
    // r[impl shm.bootstrap.unix]
    native.send(to, response, [ticket.doorbell, descriptor, ticket.mappingsReceive]);
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    handedOver();
  }
  socket.end();
  options.onLink(link);
}

// r[impl shm.bootstrap.error]
function refuse(socket: Socket, reason: string): void {
  const payload = new TextEncoder().encode(reason);
  socket.end(encodeResponse({ isSuccess: false, peerId: 0, payload }), () => socket.destroy());
}

function requestOf(socket: Socket): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const timer = setTimeout(() => reject(new RoamError("io", "nothing was asked for")), REQUEST_TIMEOUT_MS);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onClose);
      act();
    };
    const onClose = () => settle(() => reject(new RoamError("io", "it hung up before it asked")));
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const sid = decodeRequest(bytes);
        if (sid !== undefined) settle(() => resolve(sid));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    socket.on("data", onData).on("close", onClose);
  });
}
