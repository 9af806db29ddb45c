import { blake3 } from "@noble/hashes/blake3.js";
import type { Clock } from "../../internal/clock.ts";
import { RESUME_KEY_BYTES, type ResumeKey } from "./hello.ts";

/** What an acceptor keeps of sessions without a link (`stable.x.retention`). */
export interface Retention {
  /** Time that a detached session is kept (ms); longer than its client tries to come back. */
  readonly retentionMs: number;
  /** Detached sessions kept. */
  readonly maxDetached: number;
  /** Replay bytes of all detached sessions. */
  readonly maxDetachedBytes: number;
}

export const DEFAULT_RETENTION: Retention = Object.freeze({
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
  lose(reason: "expired" | "evicted"): void;
}

interface Entry {
  /** Issued last; the client has not presented it yet. */
  newest: ResumeKey;
  /** Presented last: valid until the newest is. */
  proved: ResumeKey | undefined;
  stopProof: (() => void) | undefined;
  stopRetention: (() => void) | undefined;
}

/** The stable sessions of one acceptor by their resume keys. */
// r[impl stable.resume-key]
export class ResumeRegistry<S extends Resumable> {
  readonly #retention: Retention;
  readonly #clock: Clock;
  readonly #randomKey: () => ResumeKey;
  // The index is a keyed hash of the key, so that a look-up tells nothing of the key by its time.
  readonly #secret: Uint8Array;
  readonly #byHash = new Map<string, S>();
  readonly #entries = new Map<S, Entry>();
  /** Those without a link, the one detached longest first. */
  readonly #detached = new Set<S>();
  #detachedBytes = 0;

  constructor(options: {
    retention?: Partial<Retention>;
    clock: Clock;
    randomBytes?: (length: number) => Uint8Array;
  }) {
    const { randomBytes = secureRandom } = options;
    this.#retention = { ...DEFAULT_RETENTION, ...options.retention };
    this.#clock = options.clock;
    this.#randomKey = () => randomBytes(RESUME_KEY_BYTES);
    this.#secret = randomBytes(32);
  }

  get size(): number {
    return this.#entries.size;
  }

  get detached(): number {
    return this.#detached.size;
  }

  get detachedBytes(): number {
    return this.#detachedBytes;
  }

  /** A new session. @returns its first key */
  add(session: S): ResumeKey {
    const newest = this.#randomKey();
    this.#entries.set(session, {
      newest,
      proved: undefined,
      stopProof: undefined,
      stopRetention: undefined,
    });
    this.#byHash.set(this.#hash(newest), session);
    return newest;
  }

  /** The session that a key names; undefined for one unknown or expired. */
  // r[impl stable.x.resume-verify]
  find(key: ResumeKey): S | undefined {
    const session = this.#byHash.get(this.#hash(key));
    const entry = session && this.#entries.get(session);
    if (entry === undefined) return undefined;
    const isNewest = isEqualInConstantTime(entry.newest, key);
    const isProved = entry.proved !== undefined && isEqualInConstantTime(entry.proved, key);
    return isNewest || isProved ? session : undefined;
  }

  /**
   * A client presented `used` and is taken back. The key it used stays valid beside the new one
   * until the new one is presented, for a client may lose the link before it learns it.
   *
   * @returns the new key
   */
  // r[impl stable.x.resume-rotate]
  rotate(session: S, used: ResumeKey): ResumeKey {
    const entry = this.#entries.get(session) as Entry;
    for (const old of [entry.newest, entry.proved]) {
      if (old !== undefined && !isEqualInConstantTime(old, used)) this.#byHash.delete(this.#hash(old));
    }
    entry.stopProof?.();
    entry.stopProof = undefined;
    entry.proved = used;
    entry.newest = this.#randomKey();
    this.#byHash.set(this.#hash(entry.newest), session);
    this.#onAttached(session, entry);
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
    if (entry === undefined || this.#detached.has(session)) return;
    this.#detached.add(session);
    this.#detachedBytes += session.replayBytes;
    entry.stopRetention = this.#clock.after(this.#retention.retentionMs, () => session.lose("expired"));
    this.#evict();
  }

  /** A detached session keeps so many more bytes. */
  onDetachedBytes(session: S, delta: number): void {
    if (!this.#detached.has(session)) return;
    this.#detachedBytes += delta;
    this.#evict();
  }

  #onAttached(session: S, entry: Entry): void {
    if (this.#detached.delete(session)) this.#detachedBytes -= session.replayBytes;
    entry.stopRetention?.();
    entry.stopRetention = undefined;
  }

  // The one detached longest goes first; an attached session never.
  #evict(): void {
    const { maxDetached, maxDetachedBytes } = this.#retention;
    for (const session of this.#detached) {
      if (this.#detached.size <= maxDetached && this.#detachedBytes <= maxDetachedBytes) return;
      session.lose("evicted");
    }
  }

  /** The session is over, its buffer not yet empty: its keys are forgotten. */
  remove(session: S): void {
    const entry = this.#entries.get(session);
    if (entry === undefined) return;
    this.#onAttached(session, entry);
    entry.stopProof?.();
    this.#entries.delete(session);
    for (const key of [entry.newest, entry.proved]) {
      if (key !== undefined) this.#byHash.delete(this.#hash(key));
    }
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
