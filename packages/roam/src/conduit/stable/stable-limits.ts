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
  /** Time for each handshake, and for the first frame of a new session (ms). */
  readonly handshakeTimeoutMs: number;
  /** A solicitation that nothing answers for this long means a dead link (ms). */
  readonly solicitTimeoutMs: number;
}

export const DEFAULT_STABLE_LIMITS: StableLimits = Object.freeze({
  maxReplayFrames: 65_536,
  maxReplayBytes: 16 * 1024 * 1024,
  maxPermits: 64,
  ackAfterItems: 64,
  ackAfterBytes: 256 * 1024,
  ackAfterMs: 100,
  handshakeTimeoutMs: 10_000,
  solicitTimeoutMs: 30_000,
});
