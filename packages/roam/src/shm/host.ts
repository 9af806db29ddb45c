import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RoamError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { asyncDispose } from "../internal/dispose.ts";
import type { Listener } from "../link/link.ts";
import { type BootstrapOptions, listenForGuests } from "./bootstrap.ts";
import { FileMappings } from "./file-mappings.ts";
import type { GuestOptions, GuestTicket } from "./guest.ts";
import { Memory } from "./memory.ts";
import { loadNative, type MappedFile, type Native } from "./native.ts";
import { Segment, type SegmentOptions, segmentBytes } from "./segment.ts";
import { ShmLink } from "./shm-link.ts";
import { SocketBell } from "./socket-bell.ts";

const KIB = 1024;

/** How a segment is laid out unless its host asks for something else. */
export const DEFAULT_SEGMENT: SegmentOptions = {
  maxPayloadBytes: 64 * KIB * KIB,
  // A slot costs as much as a copy of some KiB.
  inlineThreshold: 4 * KIB,
  maxGuests: 8,
  ringCapacity: 256 * KIB,
  // Payloads above the largest slot go by files, which is slower than a socket: so they reach beyond 1 MiB.
  classes: [
    { slotBytes: 16 * KIB, slots: 128 },
    { slotBytes: 72 * KIB, slots: 64 },
    { slotBytes: KIB * KIB + 64 * KIB, slots: 16 },
  ],
};

export interface HostOptions extends Partial<SegmentOptions>, GuestOptions {
  /** Of the segment's file; what is there is replaced (default: in a directory of its own that others cannot enter). */
  readonly path?: string;
}

/** A place that was kept for a guest. */
export interface PreparedGuest {
  /** What the guest needs. */
  readonly ticket: GuestTicket & { readonly segment: string };
  /** The host's side. It can be used at once; what is sent waits for the guest. */
  readonly link: ShmLink;
  /** The guest has the descriptors: closes this process's copies, without which its death is not seen. */
  handedOver(): void;
}

/** A guest that runs as a child of this process. */
export interface SpawnedGuest {
  readonly child: ChildProcess;
  readonly link: ShmLink;
}

/** Owner of a segment: gives places to guests and takes them back. */
// r[impl shm.topology]
export interface ShmHost extends AsyncDisposable {
  /** Path of the segment. */
  readonly path: string;
  /** Guests that have a place, alive or not yet attached. */
  readonly guests: number;
  /**
   * Keeps a place and makes all that a guest needs.
   *
   * @throws RoamError `io` if all places are taken
   */
  prepare(): PreparedGuest;
  /**
   * Starts a program as a guest: it has its descriptors as 3, 4 and 5 (doorbell, mappings to receive, mappings to
   * send) and the variables `ROAM_SHM_SEGMENT` and `ROAM_SHM_PEER`; in Node, `spawnedGuest()` takes them.
   */
  spawn(command: string, args?: readonly string[], options?: SpawnOptions): SpawnedGuest;
  /** Gives places to whoever asks at a local socket and passes the check. */
  listen(path: string, onLink: (link: ShmLink) => void, options?: BootstrapOptions): Promise<Listener>;
  /** Says goodbye to all guests, ends their links, and removes the segment. */
  close(): Promise<void>;
}

/**
 * Makes a segment.
 *
 * @throws RoamError `shm-unavailable`, `io` if the file cannot be made; RangeError for options that make no segment
 */
// r[impl shm.file]
// r[impl shm.file.create]
export async function createHost(options: HostOptions = {}): Promise<ShmHost> {
  const { path, spinMicros, ...layout } = options;
  const native = await loadNative();
  const isOurs = path === undefined;
  // r[impl shm.file.permissions]
  const at = path ?? join(mkdtempSync(join(tmpdir(), "roam-shm-")), "segment");
  try {
    const shape = { ...DEFAULT_SEGMENT, ...layout };
    const { file, descriptor } = mapNew(native, at, segmentBytes(shape));
    const segment = Segment.create(new Memory(file.buffer), shape);
    const directory = isOurs ? dirname(at) : undefined;
    return new Host({ native, descriptor, path: at, directory, file, segment, spinMicros });
  } catch (error) {
    if (isOurs) rmSync(dirname(at), { recursive: true, force: true });
    throw error;
  }
}

function mapNew(native: Native, path: string, length: number): { file: MappedFile; descriptor: number } {
  // Left behind by one that died: those who still have it keep it.
  // r[impl shm.file.cleanup]
  rmSync(path, { force: true });
  const descriptor = openSync(path, "wx+", 0o600);
  try {
    ftruncateSync(descriptor, length);
    return { file: native.map(descriptor, length), descriptor };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

interface HostParts {
  readonly native: Native;
  /** Of the segment's file, to be passed on. */
  readonly descriptor: number;
  readonly path: string;
  /** To be removed with the segment. */
  readonly directory: string | undefined;
  readonly file: MappedFile;
  readonly segment: Segment;
  readonly spinMicros: number | undefined;
}

class Host implements ShmHost {
  readonly path: string;
  readonly #parts: HostParts;
  readonly #guests = new Map<number, { readonly link: ShmLink; readonly bell: SocketBell }>();
  readonly #listeners = new Set<Listener>();
  #closing: Promise<void> | undefined;

  constructor(parts: HostParts) {
    this.path = parts.path;
    this.#parts = parts;
  }

  get guests(): number {
    return this.#guests.size;
  }

  // r[impl shm.spawn]
  prepare(): PreparedGuest {
    const { segment } = this.#parts;
    if (this.#closing !== undefined) throw new RoamError("closed", "the host was closed");
    const id = segment.reserve();
    if (id === undefined)
      throw new RoamError("io", `all ${segment.maxGuests} places of the segment are taken`);
    try {
      return this.#prepare(id);
    } catch (error) {
      segment.recover(id);
      throw error;
    }
  }

  #prepare(id: number): PreparedGuest {
    const { native, segment, spinMicros } = this.#parts;
    const { bell, control, guests } = guestSockets(native);
    const { promise: ended, resolve: end } = deferred<void>();
    const link = new ShmLink({
      segment,
      id,
      side: "host",
      bell,
      mappings: new FileMappings(native, {
        sendTo: control,
        receiveFrom: control,
        ...segment.mappedBytes,
      }),
      peer: `shm:${id}`,
      ...(spinMicros === undefined ? {} : { spinMicros }),
      onEnd: end,
    });
    this.#guests.set(id, { link, bell });
    // Only when both are over: the guest may still write, and the link still read.
    // r[impl shm.crash.detection]
    void Promise.all([bell.gone, ended]).then(() => {
      this.#guests.delete(id);
      link.reclaim();
      segment.recover(id);
    });
    const handedOver = once(() => {
      for (const descriptor of Object.values(guests)) native.close(descriptor);
    });
    return { ticket: { segment: this.path, peerId: id, ...guests }, link, handedOver };
  }

  // r[impl shm.spawn.fd-inheritance]
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): SpawnedGuest {
    const { ticket, link, handedOver } = this.prepare();
    try {
      const { stdio = "inherit", env = process.env } = options;
      const standard = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
      const child = spawn(command, args, {
        ...options,
        stdio: [...standard.slice(0, 3), ticket.doorbell, ticket.mappingsReceive, ticket.mappingsSend],
        env: { ...env, ROAM_SHM_SEGMENT: ticket.segment, ROAM_SHM_PEER: `${ticket.peerId}` },
      });
      return { child, link };
    } finally {
      handedOver();
    }
  }

  async listen(
    path: string,
    onLink: (link: ShmLink) => void,
    options: BootstrapOptions = {},
  ): Promise<Listener> {
    const { native, descriptor } = this.#parts;
    const prepare = () => this.prepare();
    const listener = await listenForGuests(path, { native, descriptor, prepare, onLink, ...options });
    const tracked: Listener = {
      address: listener.address,
      close: () => {
        this.#listeners.delete(tracked);
        return listener.close();
      },
    };
    this.#listeners.add(tracked);
    return tracked;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  // r[impl shm.host.goodbye]
  async #close(): Promise<void> {
    const { segment, file, path, directory, descriptor } = this.#parts;
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    const guests = [...this.#guests.values()];
    await Promise.all(guests.map(({ link }) => link.tx.close()));
    segment.sayGoodbye();
    for (const { bell } of guests) bell.destroy();
    await Promise.all(guests.map(({ bell }) => bell.gone));
    rmSync(path, { force: true });
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    closeSync(descriptor);
    file.release();
  }

  async [asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The host's ends of what connects it with one guest, and the guest's: all of them, or none is open. */
function guestSockets(native: Native) {
  const opened: number[] = [];
  const pair = (kind: "stream" | "datagram") => {
    const ends = native.socketPair(kind);
    opened.push(...ends);
    return ends;
  };
  try {
    const [mine, doorbell] = pair("stream");
    const [control, mappingsReceive] = pair("datagram");
    const mappingsSend = native.duplicate(mappingsReceive);
    opened.push(mappingsSend);
    return {
      bell: new SocketBell(native, mine),
      control,
      guests: { doorbell, mappingsReceive, mappingsSend },
    };
  } catch (error) {
    for (const descriptor of opened) native.close(descriptor);
    throw error;
  }
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
