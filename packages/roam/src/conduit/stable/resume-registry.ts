import { blake3 } from "@noble/hashes/blake3.js";
import type { Clock } from "../../internal/clock.ts";
import { RESUME_KEY_BYTES, type ResumeKey } from "./hello.ts";
import type { LostReason } from "./stable-state.ts";

/** What a registry bounds (`stable.x.retention`). */
export interface RetentionLimits {
  /** Time that a detached session is kept (ms). */
  readonly retentionMs: number;
  /** Detached sessions kept. */
  readonly maxDetached: number;
  /** Replay bytes of all detached sessions. */
  readonly maxDetachedBytes: number;
}

export const DEFAULT_RETENTION: RetentionLimits = Object.freeze({
  retentionMs: 120_000,
  maxDetached: 1024,
  maxDetachedBytes: 256 * 1024 * 1024,
});

/** Time after the first frame on a link during which the older key stays valid (ms). */
const PROOF_MS = 30_000;

/** A session as the registry sees it. */
export interface Resumable {
  readonly replayBytes: number;
  /** Its time is over, or there is no room for it. */
  lose(reason: LostReason): void;
}

interface Entry<S> {
  readonly session: S;
  /** Issued last; the client has not presented it yet. */
  newest: ResumeKey;
  /** Presented last: valid until the newest is. */
  proved: ResumeKey | undefined;
  detachedAtMs: number | undefined;
  stopTimer: (() => void) | undefined;
  stopProof: (() => void) | undefined;
}

/** The stable sessions of one acceptor by their resume keys. */
// r[impl stable.resume-key]
export class ResumeRegistry<S extends Resumable> {
  readonly #limits: RetentionLimits;
  readonly #clock: Clock;
  readonly #randomKey: () => ResumeKey;
  // The index is a keyed hash of the key, so that a look-up tells nothing of the key by its time.
  readonly #secret: Uint8Array;
  readonly #byHash = new Map<string, Entry<S>>();
  readonly #entries = new Map<S, Entry<S>>();

  constructor(options: {
    limits?: Partial<RetentionLimits>;
    clock: Clock;
    randomBytes?: (length: number) => Uint8Array;
  }) {
    const { randomBytes = secureRandom } = options;
    this.#limits = { ...DEFAULT_RETENTION, ...options.limits };
    this.#clock = options.clock;
    this.#randomKey = () => randomBytes(RESUME_KEY_BYTES);
    this.#secret = randomBytes(32);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A new session. @returns its first key */
  add(session: S): ResumeKey {
    const newest = this.#randomKey();
    const entry: Entry<S> = {
      session,
      newest,
      proved: undefined,
      detachedAtMs: undefined,
      stopTimer: undefined,
      stopProof: undefined,
    };
    this.#entries.set(session, entry);
    this.#byHash.set(this.#hash(newest), entry);
    return newest;
  }

  /** The session that a key names; undefined for one unknown or expired. */
  // r[impl stable.x.resume-verify]
  find(key: ResumeKey): S | undefined {
    const entry = this.#byHash.get(this.#hash(key));
    if (entry === undefined) return undefined;
    const isNewest = isEqualInConstantTime(entry.newest, key);
    const isProved = entry.proved !== undefined && isEqualInConstantTime(entry.proved, key);
    return isNewest || isProved ? entry.session : undefined;
  }

  /**
   * A client presented `used` and is taken back. The key it used stays valid beside the new one
   * until the new one is presented, for a client may lose the link before it learns it.
   *
   * @returns the new key
   */
  // r[impl stable.x.resume-rotate]
  rotate(session: S, used: ResumeKey): ResumeKey {
    const entry = this.#entries.get(session) as Entry<S>;
    for (const old of [entry.newest, entry.proved]) {
      if (old !== undefined && !isEqualInConstantTime(old, used)) this.#byHash.delete(this.#hash(old));
    }
    entry.stopProof?.();
    entry.stopProof = undefined;
    entry.proved = used;
    entry.newest = this.#randomKey();
    this.#byHash.set(this.#hash(entry.newest), entry);
    this.#attached(entry);
    return entry.newest;
  }

  /** The first frame came on the session's new link: the older key has little time left. */
  onFirstFrame(session: S): void {
    const entry = this.#entries.get(session);
    if (entry?.proved === undefined || entry.stopProof !== undefined) return;
    entry.stopProof = this.#clock.after(PROOF_MS, () => {
      entry.stopProof = undefined;
      if (entry.proved !== undefined) this.#byHash.delete(this.#hash(entry.proved));
      entry.proved = undefined;
    });
  }

  /** The session has no link: it is kept for a while, if there is room. */
  // r[impl stable.x.retention]
  onDetached(session: S): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    entry.stopProof?.();
    entry.stopProof = undefined;
    entry.detachedAtMs = this.#clock.nowMs();
    entry.stopTimer = this.#clock.after(this.#limits.retentionMs, () => session.lose("expired"));
    this.#evict();
  }

  #attached(entry: Entry<S>): void {
    entry.detachedAtMs = undefined;
    entry.stopTimer?.();
    entry.stopTimer = undefined;
  }

  // The one detached longest goes first; an attached session never.
  #evict(): void {
    const detached = [...this.#entries.values()].filter((entry) => entry.detachedAtMs !== undefined);
    detached.sort((a, b) => (a.detachedAtMs as number) - (b.detachedAtMs as number));
    let count = detached.length;
    let bytes = detached.reduce((sum, { session }) => sum + session.replayBytes, 0);
    for (const { session } of detached) {
      if (count <= this.#limits.maxDetached && bytes <= this.#limits.maxDetachedBytes) return;
      count--;
      bytes -= session.replayBytes;
      session.lose("evicted");
    }
  }

  /** The session is over: its keys are forgotten. */
  remove(session: S): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    this.#attached(entry);
    entry.stopProof?.();
    this.#entries.delete(session);
    for (const key of [entry.newest, entry.proved])
      if (key !== undefined) this.#byHash.delete(this.#hash(key));
  }

  #hash(key: ResumeKey): string {
    return blake3(key, { key: this.#secret, dkLen: 16 }).join();
  }
}

function secureRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Looks at every byte whatever the first ones say. */
function isEqualInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] as number) ^ (b[index] as number);
  return difference === 0;
}
