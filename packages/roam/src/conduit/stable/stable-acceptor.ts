import { DecodeError } from "roam-postcard";
import { RoamError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import type { MessageFamily } from "../conduit.ts";
import type { Attachment } from "./attachment.ts";
import { type ClientHello, decodeClientHello, encodeServerHello, RESUME_KEY_BYTES } from "./hello.ts";
import { ResumeRegistry, type RetentionLimits } from "./resume-registry.ts";
import { StableConduit } from "./stable-conduit.ts";
import { DEFAULT_STABLE_LIMITS, type StableLimits } from "./stable-limits.ts";
import type { StableState } from "./stable-state.ts";

export interface StableAcceptorOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits?: Partial<StableLimits>;
  readonly retention?: Partial<RetentionLimits>;
  readonly clock?: Clock;
  readonly randomBytes?: (length: number) => Uint8Array;
  readonly onState?: (state: StableState, conduit: StableConduit<M>) => void;
}

/** One accepted session, as the registry keeps it. */
class Accepted<M> {
  readonly conduit: StableConduit<M>;

  constructor(conduit: StableConduit<M>) {
    this.conduit = conduit;
  }

  get replayBytes(): number {
    return this.conduit.core.replayBytes;
  }

  lose(reason: "expired" | "evicted"): void {
    this.conduit.lose(reason);
  }
}

/** The accepting side of stable conduits: new sessions, and clients that come back. */
export class StableAcceptor<M> {
  readonly #options: StableAcceptorOptions<M>;
  readonly #limits: StableLimits;
  readonly #clock: Clock;
  readonly #registry: ResumeRegistry<Accepted<M>>;

  constructor(options: StableAcceptorOptions<M>) {
    this.#options = options;
    this.#limits = { ...DEFAULT_STABLE_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#registry = new ResumeRegistry({
      clock: this.#clock,
      ...(options.retention === undefined ? {} : { limits: options.retention }),
      ...(options.randomBytes === undefined ? {} : { randomBytes: options.randomBytes }),
    });
  }

  /** Sessions known, attached or not. */
  get sessions(): number {
    return this.#registry.size;
  }

  /**
   * Takes a link whose first payload is a ClientHello.
   *
   * @returns the conduit of a new session; undefined if the link went to a session that exists,
   *   or was refused
   */
  // r[impl stable.x.detect]
  async accept(attachment: Attachment, firstPayload: Uint8Array): Promise<StableConduit<M> | undefined> {
    let hello: ClientHello;
    try {
      hello = decodeClientHello(firstPayload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      attachment.fence(new RoamError("handshake", error.message, { cause: error }));
      return undefined;
    }
    if (hello.resumeKey !== undefined) {
      await this.#resume(attachment, hello.resumeKey, hello.lastReceived);
      return undefined;
    }
    // Only a session that exists can have received something.
    if (hello.lastReceived !== undefined) {
      await this.#reject(attachment);
      return undefined;
    }
    return this.#open(attachment);
  }

  async #open(attachment: Attachment): Promise<StableConduit<M>> {
    const { family, onState } = this.#options;
    const conduit: StableConduit<M> = new StableConduit<M>({
      family,
      limits: this.#limits,
      clock: this.#clock,
      peer: attachment.link.peer,
      onState: (state) => onState?.(state, conduit),
      onDetached: (reason) => {
        onState?.({ kind: "detached", reason, attempt: 0, nextDelayMs: undefined }, conduit);
        this.#registry.onDetached(session);
      },
      onOver: () => this.#registry.remove(session),
    });
    const session = new Accepted(conduit);
    const resumeKey = this.#registry.add(session);
    try {
      await attachment.send(encodeServerHello({ isRejected: false, resumeKey, lastReceived: undefined }));
    } catch (error) {
      conduit.destroy(new RoamError("handshake", "the link died in the handshake", { cause: error }));
      throw error;
    }
    conduit.core.resume(undefined);
    conduit.attach(attachment);
    return conduit;
  }

  async #resume(attachment: Attachment, key: Uint8Array, lastReceived: number | undefined): Promise<void> {
    const session = this.#registry.find(key);
    if (session === undefined) return this.#reject(attachment);
    const { conduit } = session;
    // Before the number is read: what the old link brings after that counts for nothing.
    conduit.fence();
    if (!conduit.core.resume(lastReceived)) return this.#reject(attachment);
    const resumeKey = this.#registry.rotate(session, key);
    const hello = encodeServerHello({
      isRejected: false,
      resumeKey,
      lastReceived: conduit.core.lastReceived,
    });
    try {
      await attachment.send(hello);
    } catch {
      // Died already: the client comes back with one of the two keys.
      attachment.fence();
      this.#registry.onDetached(session);
      return;
    }
    if (conduit.hasEnded) return attachment.fence();
    conduit.attach(attachment);
    this.#registry.onFirstFrame(session);
  }

  // r[impl stable.x.resume-verify]
  async #reject(attachment: Attachment): Promise<void> {
    const resumeKey = new Uint8Array(RESUME_KEY_BYTES);
    try {
      await attachment.send(encodeServerHello({ isRejected: true, resumeKey, lastReceived: undefined }));
      await attachment.link.tx.close();
    } catch {
      // Gone before it could be told.
    }
    attachment.fence();
  }
}
