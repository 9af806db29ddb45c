/**
 * Ceilings of one session. Each says what it stops; all are checked before the thing they
 * bound is allocated.
 */
// r[impl session.x.limits]
export interface Limits extends StableLimits, ListenerLimits {
  /** Largest link payload (bytes), both ways. Stops a length prefix from claiming gigabytes. */
  readonly maxPayloadBytes: number;
  /** Largest first payload of an inbound link (bytes): nobody is known yet. */
  readonly maxHandshakeBytes: number;
  /** Time for the handshake (ms). Stops sockets that connect and say nothing. */
  readonly handshakeTimeoutMs: number;
  /** Metadata of one message (bytes of keys and values). */
  readonly maxMetadataBytes: number;
  /** Metadata of one message (entries). */
  readonly maxMetadataEntries: number;
  /** Virtual connections alive at a time. */
  readonly maxVirtualConnections: number;
  /** Opens of ours waiting for an answer; more of them wait in line. */
  readonly maxPendingOpens: number;
  /** Channels alive at a time on one connection. */
  readonly maxChannelsPerConnection: number;
  /** Calls we are willing to have in flight towards us, per connection; announced. */
  readonly maxConcurrentRequests: number;
  /** Calls of ours that wait for the counterpart's limit, per connection; then `queue-full`. */
  readonly maxQueuedCalls: number;
  /** Items held for channels whose Call has not come yet, per connection (bytes). */
  readonly maxUnboundBytes: number;
  /** Items held for one such channel (items), unless the service's largest credit is above. */
  readonly minUnboundItems: number;
  /** Longest time that a cancelled call of ours keeps its place without an answer (ms). */
  readonly cancelGraceMs: number;
  /** Items buffered for one reader beyond the initial credit, when granting ahead (bytes). */
  readonly maxChannelBufferBytes: number;
  /** The same for all channels of a session (bytes). */
  readonly maxSessionBufferBytes: number;
  /** The same for one channel (items). */
  readonly maxChannelBufferItems: number;
  /** Answers and control messages waiting for the conduit; above it reading pauses. */
  readonly maxQueuedControls: number;
  /** Time without reading after which the owner is told that the counterpart does not (ms). */
  readonly stallNoticeMs: number;
  /** The same, after which the session is ended. Stops readers of nothing from holding memory for ever. */
  readonly maxStallMs: number;
}

/** Ceilings of one listener, over all of its sessions. What comes above them is hung up on. */
export interface ListenerLimits {
  /** Links open at a time (links). Stops strangers from using up the process's files. */
  readonly maxLinks: number;
  /**
   * The same from one network address. Stops one host from taking everybody's places; by default it may
   * take all, for behind a proxy all clients have one address. Lower it where they come by themselves.
   */
  readonly maxLinksPerAddress: number;
  /** Links whose handshake is not over (links). Stops those that connect and say nothing. */
  readonly maxHandshakes: number;
  /**
   * Handlers running at a time over all sessions (calls). Stops a burst from slowing every call down. A call
   * with channels runs for as long as they are open; one that its own handler makes here has to find a place too.
   */
  readonly maxRunningCalls: number;
  /** Calls that wait for that (calls), each connection's in order, connections in turns; above it `Cancelled` at once. */
  readonly maxWaitingCalls: number;
  /**
   * What is held for all sessions together (bytes): items and calls that wait here, and what is kept for
   * replay. Above it the session that holds most is ended with `too-large`. Stops many small holdings from
   * adding up. Payloads that are still arriving are not in it: those are `maxPayloadBytes` a link.
   */
  readonly maxHeldBytes: number;
}

/** Ceilings of one stable conduit. */
export interface StableLimits {
  /** Items sent and not acknowledged (frames; at most 2^30). Stops a silent peer from costing memory. */
  readonly maxReplayFrames: number;
  /** The same in bytes; overshot by at most one item per permit that is out. */
  readonly maxReplayBytes: number;
  /** Permits out at a time. */
  readonly maxPermits: number;
  /** Received items without an ack at which an ack frame goes out (items). */
  readonly ackAfterItems: number;
  /** The same in bytes. */
  readonly ackAfterBytes: number;
  /** The same as time since the oldest of them (ms). */
  readonly ackAfterMs: number;
  /** A solicitation that nothing answers for this long means a dead link (ms). */
  readonly solicitTimeoutMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxPayloadBytes: 16 * MIB,
  maxHandshakeBytes: 64 * KIB,
  handshakeTimeoutMs: 10_000,
  maxMetadataBytes: 64 * KIB,
  maxMetadataEntries: 128,
  maxVirtualConnections: 256,
  maxPendingOpens: 32,
  maxChannelsPerConnection: 4096,
  // r[impl rpc.flow-control.max-concurrent-requests.default]
  maxConcurrentRequests: 64,
  maxQueuedCalls: 1024,
  maxUnboundBytes: 4 * MIB,
  minUnboundItems: 64,
  cancelGraceMs: 30_000,
  maxChannelBufferBytes: MIB,
  maxSessionBufferBytes: 16 * MIB,
  maxChannelBufferItems: 65_536,
  maxQueuedControls: 8192,
  stallNoticeMs: 5_000,
  maxStallMs: 120_000,
  maxLinks: 16_384,
  maxLinksPerAddress: 16_384,
  maxHandshakes: 4096,
  // What an owner's handlers can do is known to the owner alone.
  maxRunningCalls: Number.MAX_SAFE_INTEGER,
  maxWaitingCalls: 1024,
  maxHeldBytes: 1024 * MIB,
  // r[impl stable.x.bounded]
  maxReplayFrames: 65_536,
  maxReplayBytes: 16 * MIB,
  maxPermits: 64,
  ackAfterItems: 64,
  ackAfterBytes: 256 * KIB,
  ackAfterMs: 100,
  solicitTimeoutMs: 30_000,
});

/** Serial numbers are compared within half their circle; a quarter of it leaves room. */
const MOST_REPLAY_FRAMES = 2 ** 30;

/** The defaults with some of them replaced. */
export function withLimits(limits: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!(name in DEFAULT_LIMITS)) throw new TypeError(`no limit is called ${name}`);
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name}: ${value} is not a count`);
  }
  const all = { ...DEFAULT_LIMITS, ...limits };
  if (all.maxReplayFrames > MOST_REPLAY_FRAMES) throw new RangeError("maxReplayFrames is above 2^30");
  return all;
}
