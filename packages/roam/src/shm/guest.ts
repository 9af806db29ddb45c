import { fstatSync, openSync } from "node:fs";
import { connect } from "node:net";
import { abortReason, asError, ProtocolError, RoamError } from "../errors.ts";
import { connected } from "../transports/node-stream.ts";
import {
  type BootstrapResponse,
  decodeResponse,
  encodeRequest,
  MAX_FRAME_BYTES,
} from "./bootstrap-frames.ts";
import { FileMappings } from "./file-mappings.ts";
import { Memory } from "./memory.ts";
import { loadNative, type MappedFile, type Native } from "./native.ts";
import { Segment } from "./segment.ts";
import { ShmLink } from "./shm-link.ts";
import { SocketBell } from "./socket-bell.ts";
import { descriptorOf } from "./socket-descriptor.ts";

/** What a host gives to a guest. The descriptors are the guest's from then on. */
export interface GuestTicket {
  /** Path or descriptor of the segment. */
  readonly segment: string | number;
  /** The place that was kept. */
  readonly peerId: number;
  readonly doorbell: number;
  /** Sockets by which mappings come, and are told of. They may be one and the same, duplicated. */
  readonly mappingsReceive: number;
  readonly mappingsSend: number;
}

export interface GuestOptions {
  /** How long to look for entries before going to sleep (µs); it blocks the thread (default 0). */
  readonly spinMicros?: number;
}

export interface JoinOptions extends GuestOptions {
  /** Shown to the host, which may ask for it (default: empty). */
  readonly sid?: string | Uint8Array;
  /** An inherited descriptor to tell of mappings by (default: the one that comes with the answer). */
  readonly mappingsSend?: number;
  readonly signal?: AbortSignal;
}

/** How long a host may take to answer, and how often to look for it (ms). */
const ANSWER_TIMEOUT_MS = 5_000;
const ANSWER_LOOK_MS = 1;
/** Room for more than three, so that they are seen and closed. */
const MAX_DESCRIPTORS = 8;

/**
 * The link of a guest that was given its descriptors, by inheritance or otherwise.
 *
 * @throws RoamError `shm-unavailable`, `io` if the segment or the place cannot be had, `protocol-error` if it is none
 */
// r[impl shm.guest.attach]
// r[impl shm.file.attach]
export async function attachGuest(ticket: GuestTicket, options: GuestOptions = {}): Promise<ShmLink> {
  const native = await loadNative();
  const { peerId, doorbell, mappingsReceive, mappingsSend } = ticket;
  let mapped: MappedFile | undefined;
  try {
    const file = mapSegment(native, ticket.segment);
    mapped = file;
    const segment = Segment.attach(new Memory(file.buffer));
    // Before anything is taken that would have to be given back.
    segment.rings(peerId);
    segment.takePlace(peerId);
    const bell = new SocketBell(native, doorbell);
    const stopBeating = startBeating(segment, peerId);
    return new ShmLink({
      segment,
      id: peerId,
      side: "guest",
      bell,
      mappings: new FileMappings(native, {
        sendTo: mappingsSend,
        receiveFrom: mappingsReceive,
        ...segment.mappedBytes,
      }),
      peer: "shm:host",
      ...options,
      onEnd: () => {
        stopBeating();
        file.release();
      },
    });
  } catch (error) {
    mapped?.release();
    for (const descriptor of new Set([doorbell, mappingsReceive, mappingsSend])) native.close(descriptor);
    throw error;
  }
}

/** Where the host wants to see that its guests are alive. */
function startBeating(segment: Segment, id: number): () => void {
  const { heartbeatMs } = segment;
  if (heartbeatMs < 1) return () => {};
  segment.beat(id);
  const timer = setInterval(() => segment.beat(id), Math.min(heartbeatMs, 0x7fff_ffff));
  timer.unref();
  return () => clearInterval(timer);
}

function mapSegment(native: Native, segment: string | number): MappedFile {
  const descriptor = typeof segment === "number" ? segment : open(segment);
  try {
    // Only whole words: the memory is looked at as such.
    return native.map(descriptor, Math.floor(fstatSync(descriptor).size / 8) * 8);
  } finally {
    native.close(descriptor);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (cause) {
    throw new RoamError("io", `no segment: ${asError(cause).message}`, { cause });
  }
}

/**
 * Asks a host for a place, by its control socket.
 *
 * @throws RoamError `shm-unavailable`, `io` if nobody answers, `rejected` if the host refuses; the signal's reason
 */
// r[impl shm.bootstrap]
export async function joinHost(path: string, options: JoinOptions = {}): Promise<ShmLink> {
  const { sid = "", signal } = options;
  const native = await loadNative();
  const socket = connect({ path });
  // What comes is read with its descriptors, and nobody else may read it before.
  socket.pause();
  await connected(socket, "connect", `unix:${path}`, signal);
  socket.on("error", () => {});
  try {
    socket.write(encodeRequest(typeof sid === "string" ? new TextEncoder().encode(sid) : sid));
    const { response, descriptors } = await answer(native, descriptorOf(socket), signal);
    return await attachGuest(ticketOf(native, response, descriptors, options.mappingsSend), options);
  } finally {
    socket.destroy();
  }
}

interface Answer {
  readonly response: BootstrapResponse;
  readonly descriptors: readonly number[];
}

async function answer(native: Native, socket: number, signal: AbortSignal | undefined): Promise<Answer> {
  const descriptors: number[] = [];
  try {
    const untilMs = performance.now() + ANSWER_TIMEOUT_MS;
    let bytes = new Uint8Array();
    for (;;) {
      const received = native.receive(socket, { bytes: MAX_FRAME_BYTES, descriptors: MAX_DESCRIPTORS });
      if (received === undefined) {
        if (performance.now() > untilMs) throw new RoamError("io", "the host does not answer");
        await pause(signal);
        continue;
      }
      descriptors.push(...received.descriptors);
      if (received.bytes.length === 0)
        throw new RoamError("io", "the host closed the connection without an answer");
      if (received.isCut) throw new ProtocolError("shm.bootstrap.success", "more descriptors than three");
      bytes = joined(bytes, received.bytes);
      const response = decodeResponse(bytes);
      if (response !== undefined) return { response, descriptors };
    }
  } catch (error) {
    for (const descriptor of descriptors) native.close(descriptor);
    throw error;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function pause(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => (signal?.aborted ? reject(abortReason(signal)) : resolve()), ANSWER_LOOK_MS);
  });
}

// r[impl shm.bootstrap.success]
function ticketOf(
  native: Native,
  { isSuccess, peerId, payload }: BootstrapResponse,
  descriptors: readonly number[],
  mappingsSend: number | undefined,
): GuestTicket {
  const [doorbell, segment, mappingsReceive] = descriptors;
  const isWhole = isSuccess && descriptors.length === 3 && peerId !== 0;
  if (isWhole && doorbell !== undefined && segment !== undefined && mappingsReceive !== undefined) {
    // A datagram socket carries both directions.
    return {
      segment,
      peerId,
      doorbell,
      mappingsReceive,
      mappingsSend: mappingsSend ?? native.duplicate(mappingsReceive),
    };
  }
  for (const descriptor of descriptors) native.close(descriptor);
  const text = new TextDecoder().decode(payload);
  if (!isSuccess && descriptors.length === 0) throw new RoamError("rejected", `the host refused: ${text}`);
  const rule = isSuccess ? "shm.bootstrap.success" : "shm.bootstrap.error";
  throw new ProtocolError(rule, `an answer for peer ${peerId} with ${descriptors.length} descriptors`);
}

/**
 * The link of a guest that its host has started with `spawn`.
 *
 * @throws RoamError `io` if this process was not started so, and what `attachGuest` throws
 */
export async function spawnedGuest(options: GuestOptions = {}): Promise<ShmLink> {
  const { ROAM_SHM_SEGMENT: segment, ROAM_SHM_PEER: peer } = process.env;
  const peerId = Number(peer);
  if (segment === undefined || !Number.isInteger(peerId)) {
    throw new RoamError("io", "this process was not started by a host of shared memory");
  }
  const native = await loadNative();
  const [doorbell, mappingsReceive, mappingsSend] = [3, 4, 5].map((inherited) => {
    // The inherited one would go to this process's own children, which would keep it open beyond our death.
    const ours = native.duplicate(inherited);
    native.close(inherited);
    return ours;
  }) as [number, number, number];
  return attachGuest({ segment, peerId, doorbell, mappingsReceive, mappingsSend }, options);
}
