import { ProtocolError, RoamError } from "../errors.ts";
import { inlineEntryBytes, MAPPING_ENTRY_BYTES, MAX_INLINE_BYTES, readEntry } from "./entry.ts";
import type { Memory } from "./memory.ts";
import { Ring, ringStride } from "./ring.ts";
import { poolBytes, type SlotClass, SlotPool } from "./slot-pool.ts";

/** How a host lays out a segment. */
export interface SegmentOptions {
  /** Largest payload of its links (bytes). */
  readonly maxPayloadBytes: number;
  /** Payloads of up to so many bytes go into a ring; 0 stands for 256. */
  readonly inlineThreshold: number;
  /** At most 255. */
  readonly maxGuests: number;
  /** Of each ring (bytes): at least twice its largest entry. */
  readonly ringCapacity: number;
  /** In ascending order; at least one. */
  readonly classes: readonly SlotClass[];
  /** How often guests are to show that they are alive (ms; default: never). */
  readonly heartbeatMs?: number;
}

// "ROAMHUB" and 07, read as a little-endian number.
const MAGIC = 0x0742_5548_4d41_4f52n;
const VERSION = 7;
const HEADER_BYTES = 128;
const MAX_GUESTS = 255;
const DEFAULT_INLINE_THRESHOLD = 256;

const AT = {
  magic: 0,
  version: 8,
  headerSize: 12,
  totalSize: 16,
  maxPayloadSize: 24,
  inlineThreshold: 28,
  maxGuests: 32,
  ringCapacity: 36,
  peerTable: 40,
  pool: 48,
  heartbeatInterval: 56,
  hostGoodbye: 64,
  classCount: 68,
  currentSize: 72,
} as const;

const PEER_BYTES = 64;
const PEER = { state: 0, epoch: 4, lastHeartbeat: 8, ringOffset: 16 } as const;
const NS_PER_MS = 1_000_000;

/** What is with one place for a guest. */
// r[impl shm.peer-table.states]
export const PEER_STATE = { empty: 0, attached: 1, goodbye: 2, reserved: 3 } as const;
export type PeerState = (typeof PEER_STATE)[keyof typeof PEER_STATE];

/** The two rings between the host and one guest. */
export interface RingPair {
  readonly toHost: Ring;
  readonly toGuest: Ring;
}

/** What such a segment takes (bytes). */
export function segmentBytes(options: SegmentOptions): number {
  return poolOffset(options) + poolBytes(options.classes);
}

function ringsOffset(maxGuests: number): number {
  return HEADER_BYTES + PEER_BYTES * maxGuests;
}

function poolOffset({ maxGuests, ringCapacity }: Pick<SegmentOptions, "maxGuests" | "ringCapacity">): number {
  return ringsOffset(maxGuests) + 2 * ringStride(ringCapacity) * maxGuests;
}

/** Memory that a host and its guests share: header, table of peers, rings, slots. */
// r[impl shm.segment]
export class Segment {
  readonly memory: Memory;
  readonly maxPayloadBytes: number;
  readonly inlineThreshold: number;
  readonly maxGuests: number;
  readonly ringCapacity: number;
  readonly pool: SlotPool;

  private constructor(memory: Memory) {
    const load = (at: number) => memory.load(at);
    this.memory = memory;
    this.maxPayloadBytes = load(AT.maxPayloadSize);
    this.inlineThreshold = load(AT.inlineThreshold) || DEFAULT_INLINE_THRESHOLD;
    this.maxGuests = load(AT.maxGuests);
    this.ringCapacity = load(AT.ringCapacity);
    this.pool = new SlotPool(memory, Number(memory.loadLong(AT.pool)), load(AT.classCount));
  }

  /**
   * Lays out a segment in memory that is all zeros; its magic comes last, so that nobody attaches before.
   *
   * @throws RangeError for options that make no segment, or memory that is too small for it
   */
  // r[impl shm.segment.header]
  // r[impl shm.bipbuf.layout]
  static create(memory: Memory, options: SegmentOptions): Segment {
    check(options);
    const bytes = segmentBytes(options);
    if (memory.length < bytes) throw new RangeError(`a segment of ${bytes} bytes in ${memory.length}`);
    const { maxGuests, ringCapacity, classes } = options;
    memory.store(AT.version, VERSION);
    memory.store(AT.headerSize, HEADER_BYTES);
    memory.storeLong(AT.totalSize, BigInt(bytes));
    memory.store(AT.maxPayloadSize, options.maxPayloadBytes);
    memory.store(AT.inlineThreshold, options.inlineThreshold);
    memory.store(AT.maxGuests, maxGuests);
    memory.store(AT.ringCapacity, ringCapacity);
    memory.storeLong(AT.peerTable, BigInt(HEADER_BYTES));
    memory.storeLong(AT.pool, BigInt(poolOffset(options)));
    memory.storeLong(AT.heartbeatInterval, BigInt((options.heartbeatMs ?? 0) * NS_PER_MS));
    memory.store(AT.classCount, classes.length);
    memory.storeLong(AT.currentSize, BigInt(bytes));
    const stride = ringStride(ringCapacity);
    for (let id = 1; id <= maxGuests; id++) {
      const ringsAt = ringsOffset(maxGuests) + 2 * stride * (id - 1);
      memory.storeLong(entryAt(id) + PEER.ringOffset, BigInt(ringsAt));
      // The guest's ring to the host is the first.
      Ring.create(memory, ringsAt, ringCapacity);
      Ring.create(memory, ringsAt + stride, ringCapacity);
    }
    SlotPool.create(memory, poolOffset(options), classes);
    memory.storeLong(AT.magic, MAGIC);
    return new Segment(memory);
  }

  /**
   * A segment that another process has laid out.
   *
   * @throws ProtocolError for what is none, or one that does not fit into the memory
   */
  // r[impl shm.segment.magic.v7]
  // r[impl shm.segment.config]
  static attach(memory: Memory): Segment {
    if (memory.length < HEADER_BYTES || memory.loadLong(AT.magic) !== MAGIC) {
      fail("shm.segment.magic.v7", "there is no segment of version 7");
    }
    if (memory.load(AT.version) !== VERSION)
      fail("shm.segment.magic.v7", `version ${memory.load(AT.version)}`);
    if (memory.load(AT.headerSize) !== HEADER_BYTES) fail("shm.segment.header", "a header of another size");
    if (memory.load(AT.classCount) === 0) fail("shm.segment.header", "no slot classes");
    const maxGuests = memory.load(AT.maxGuests);
    if (maxGuests === 0 || maxGuests > MAX_GUESTS) fail("shm.topology.max-guests", `${maxGuests} guests`);
    const pool = memory.loadLong(AT.pool);
    const isPlaced =
      pool % 64n === 0n && pool >= BigInt(ringsOffset(maxGuests)) && pool < BigInt(memory.length);
    if (memory.loadLong(AT.peerTable) !== BigInt(HEADER_BYTES) || !isPlaced) {
      fail("shm.segment.header", "the peer table or the slots are not where they can be");
    }
    if (memory.load(AT.ringCapacity) < leastCapacity(memory.load(AT.inlineThreshold)))
      fail("shm.segment.header", "rings too small for any entry");
    return new Segment(memory);
  }

  /** What a ring holds at least when its producer finds no room (bytes). */
  get fullFromBytes(): number {
    return Math.max(0, this.ringCapacity - leastCapacity(this.inlineThreshold));
  }

  /** Set when the host ends: guests detach. */
  // r[impl shm.host.goodbye]
  get isHostGone(): boolean {
    return this.memory.load(AT.hostGoodbye) !== 0;
  }

  sayGoodbye(): void {
    this.memory.store(AT.hostGoodbye, 1);
  }

  /** The rings of a guest, by its id: its place in the table and one. */
  // r[impl shm.topology.peer-id]
  rings(id: number): RingPair {
    const at = Number(this.memory.loadLong(entryAt(this.#expectPeer(id)) + PEER.ringOffset));
    const stride = ringStride(this.ringCapacity);
    if (at % 64 !== 0 || at < ringsOffset(this.maxGuests) || at + 2 * stride > this.memory.length) {
      fail("shm.bipbuf.layout", `rings of guest ${id} at ${at}`);
    }
    const pair = { toHost: new Ring(this.memory, at), toGuest: new Ring(this.memory, at + stride) };
    for (const { capacity } of [pair.toHost, pair.toGuest]) {
      if (capacity !== this.ringCapacity) fail("shm.bipbuf.header", `a ring of ${capacity} bytes`);
    }
    return pair;
  }

  state(id: number): PeerState {
    return this.memory.load(entryAt(this.#expectPeer(id)) + PEER.state) as PeerState;
  }

  setState(id: number, state: PeerState): void {
    this.memory.store(entryAt(this.#expectPeer(id)) + PEER.state, state);
  }

  /** This guest, or the host towards it, says that it sends nothing more. */
  // r[impl shm.guest.detach]
  leave(id: number): void {
    const at = entryAt(this.#expectPeer(id)) + PEER.state;
    this.memory.exchange(at, PEER_STATE.attached, PEER_STATE.goodbye);
  }

  isLeaving(id: number): boolean {
    return this.state(id) === PEER_STATE.goodbye;
  }

  /** How often guests are to show that they are alive (ms); 0 for never. */
  get heartbeatMs(): number {
    return Number(this.memory.loadLong(AT.heartbeatInterval)) / NS_PER_MS;
  }

  /** A guest shows that it is alive. */
  // r[impl shm.crash.heartbeat-clock]
  beat(id: number): void {
    this.memory.storeLong(entryAt(this.#expectPeer(id)) + PEER.lastHeartbeat, process.hrtime.bigint());
  }

  /** When a guest showed that it was alive (ns of the system's monotonic clock); 0 for never. */
  lastBeat(id: number): bigint {
    return this.memory.loadLong(entryAt(this.#expectPeer(id)) + PEER.lastHeartbeat);
  }

  /** Rises each time that a place is given out. */
  epoch(id: number): number {
    return this.memory.load(entryAt(this.#expectPeer(id)) + PEER.epoch);
  }

  /** Of payloads that fit into no slot: the shortest and the longest (bytes). */
  get mappedBytes(): { readonly leastBytes: number; readonly mostBytes: number } {
    return { leastBytes: this.pool.maxPayloadBytes + 1, mostBytes: this.maxPayloadBytes };
  }

  /** Guests that are attached now. */
  get attached(): number {
    let attached = 0;
    for (let id = 1; id <= this.maxGuests; id++) if (this.state(id) === PEER_STATE.attached) attached++;
    return attached;
  }

  /**
   * Keeps a place for a guest that the host is about to start.
   *
   * @returns its id; undefined if all places are taken
   */
  reserve(): number | undefined {
    return this.#take(PEER_STATE.reserved);
  }

  /**
   * Takes a place: the one that was kept, or any that is free.
   *
   * @throws RoamError `io` if there is none, or the one given was not kept
   */
  // r[impl shm.guest.attach]
  // r[impl shm.guest.attach-failure]
  takePlace(id?: number): number {
    if (id === undefined) {
      const taken = this.#take(PEER_STATE.attached);
      if (taken === undefined)
        throw new RoamError("io", `all ${this.maxGuests} places of the segment are taken`);
      return taken;
    }
    const at = entryAt(this.#expectPeer(id)) + PEER.state;
    const found = this.memory.exchange(at, PEER_STATE.reserved, PEER_STATE.attached);
    if (found !== PEER_STATE.reserved)
      throw new RoamError("io", `place ${id} of the segment was not kept for us`);
    return id;
  }

  /**
   * Makes the place of a guest free again that is certainly dead: what it had in the rings and in slots is lost.
   */
  // r[impl shm.crash.recovery]
  recover(id: number): void {
    this.setState(id, PEER_STATE.goodbye);
    const { toHost, toGuest } = this.rings(id);
    this.#freeUnread(toGuest);
    toGuest.reset();
    toHost.reset();
    this.pool.recover(id);
    this.setState(id, PEER_STATE.empty);
  }

  /** Frees the slots that nobody will read. */
  #freeUnread(ring: Ring): void {
    try {
      for (let readable = ring.readable(); readable !== undefined; readable = ring.readable()) {
        const from = ring.dataAt + readable.at;
        const entry = readEntry(this.memory.bytes, from, readable.length);
        if (entry.kind === "slot") this.pool.free(entry.ref);
        ring.release(entry.total);
      }
    } catch (error) {
      // Whatever it has written there: the ring is emptied now.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  #take(state: PeerState): number | undefined {
    for (let id = 1; id <= this.maxGuests; id++) {
      const at = entryAt(id);
      if (this.memory.exchange(at + PEER.state, PEER_STATE.empty, state) !== PEER_STATE.empty) continue;
      // As published peers do: it rises when a place is no longer empty.
      this.memory.store(at + PEER.epoch, (this.memory.load(at + PEER.epoch) + 1) >>> 0);
      return id;
    }
    return undefined;
  }

  // r[impl shm.peer-table]
  #expectPeer(id: number): number {
    if (Number.isInteger(id) && id >= 1 && id <= this.maxGuests) return id;
    throw new RangeError(`there is no guest ${id}`);
  }
}

function entryAt(id: number): number {
  return HEADER_BYTES + PEER_BYTES * (id - 1);
}

/** What a ring must hold at least (bytes): twice its largest entry. */
function leastCapacity(inlineThreshold: number): number {
  return 2 * Math.max(inlineEntryBytes(inlineThreshold || DEFAULT_INLINE_THRESHOLD), MAPPING_ENTRY_BYTES);
}

// r[impl shm.topology.max-guests]
function check(options: SegmentOptions): void {
  const { maxGuests, ringCapacity, inlineThreshold, maxPayloadBytes, classes, heartbeatMs = 0 } = options;
  const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (!isCount(maxGuests, MAX_GUESTS) || maxGuests === 0) throw new RangeError(`maxGuests: ${maxGuests}`);
  if (!isCount(inlineThreshold, MAX_INLINE_BYTES - 1))
    throw new RangeError(`inlineThreshold: ${inlineThreshold}`);
  if (!isCount(maxPayloadBytes, 0xffff_ffff)) throw new RangeError(`maxPayloadBytes: ${maxPayloadBytes}`);
  if (!isCount(heartbeatMs, 0x7fff_ffff)) throw new RangeError(`heartbeatMs: ${heartbeatMs}`);
  const least = leastCapacity(inlineThreshold);
  if (!isCount(ringCapacity, 0x7fff_ffff) || ringCapacity % 4 !== 0 || ringCapacity < least) {
    throw new RangeError(`ringCapacity: ${ringCapacity} is no multiple of 4 from ${least} on`);
  }
  const isAscending = classes.every(
    (one, index) => index === 0 || one.slotBytes > (classes[index - 1] as SlotClass).slotBytes,
  );
  if (classes.length === 0 || !isAscending)
    throw new RangeError("classes: at least one is needed, in ascending order");
}

function fail(rule: string, message: string): never {
  throw new ProtocolError(rule, message);
}
