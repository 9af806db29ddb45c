import { DecodeError } from "roam-postcard";
import { asError, RoamError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import { type HeldBytes, Holder } from "../../internal/held-bytes.ts";
import { orAborted } from "../../internal/or-aborted.ts";
import { type Limits, withLimits } from "../../limits.ts";
import { NO_FACTS, type PeerFacts } from "../../link/peer-facts.ts";
import type { MessageFamily } from "../conduit.ts";
import type { Attachment } from "./attachment.ts";
import { type ClientHello, decodeClientHello, encodeServerHello, RESUME_KEY_BYTES } from "./hello.ts";
import { ResumeRegistry, type Retention } from "./resume-registry.ts";
import { StableConduit } from "./stable-conduit.ts";

export interface StableAcceptorOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  readonly retention?: Partial<Retention>;
  readonly randomBytes?: (length: number) => Uint8Array;
  /** Where a server counts what its sessions hold. */
  readonly heldBytes?: HeldBytes | undefined;
  /** Who is at the far end. A session is resumed by the principal that began it. */
  readonly authenticate?: AuthenticateLink;
}

/** A link that wants to be let in. */
export interface LinkApplicant {
  /** Address of the far side, as the transport tells it. */
  readonly peer: string;
  readonly facts: PeerFacts;
  /** The session it wants to go on with, by who began it; undefined for a new one. */
  readonly resumes: { readonly principal: unknown } | undefined;
  readonly signal: AbortSignal;
}

/**
 * Decides who is at the far end of a link, before anything is served there and each time a client
 * comes back. What it returns is the session's principal: a resume whose principal is not the same
 * value (`Object.is`) is refused, as is a link for which it throws.
 */
export type AuthenticateLink = (applicant: LinkApplicant) => unknown;

/** One accepted session, as the registry keeps it. */
class Accepted<M> {
  readonly conduit: StableConduit<M>;
  readonly principal: unknown;
  /** Which hello its link came with; 0 for the first link. */
  hello = 0;

  constructor(conduit: StableConduit<M>, principal: unknown) {
    this.conduit = conduit;
    this.principal = principal;
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
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #registry: ResumeRegistry<Accepted<M>>;
  readonly #principals = new WeakMap<StableConduit<M>, unknown>();
  /** Resumes asked for, in the order in which they came. */
  #hellos = 0;

  constructor(options: StableAcceptorOptions<M>) {
    this.#options = options;
    this.#limits = withLimits(options.limits);
    this.#clock = options.clock ?? systemClock;
    this.#registry = new ResumeRegistry({ ...options, clock: this.#clock });
  }

  /** What `authenticate` said of the one who began it. */
  principalOf(conduit: StableConduit<M>): unknown {
    return this.#principals.get(conduit);
  }

  /** Sessions known, attached or not. */
  get sessions(): number {
    return this.#registry.size;
  }

  /** Those without a link, and the bytes that they hold. */
  get detached(): { readonly sessions: number; readonly bytes: number } {
    return { sessions: this.#registry.detached, bytes: this.#registry.detachedBytes };
  }

  /**
   * Takes a link whose first payload is a ClientHello.
   *
   * @returns the conduit of a new session; undefined if the link went to a session that exists
   * @throws RoamError `handshake` for a link that was refused, or the signal's reason; it is closed then
   */
  async accept(
    attachment: Attachment,
    firstPayload: Uint8Array,
    signal = new AbortController().signal,
  ): Promise<StableConduit<M> | undefined> {
    let hello: ClientHello;
    try {
      hello = decodeClientHello(firstPayload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw refuse(attachment, error.message, error);
    }
    const { resumeKey, lastReceived } = hello;
    if (resumeKey !== undefined) {
      await this.#resume(attachment, resumeKey, lastReceived, signal);
      return undefined;
    }
    // Only a session that exists can have received something.
    if (lastReceived !== undefined) throw this.#reject(attachment, "a number without a key");
    return this.#open(attachment, await this.#authenticate(attachment, undefined, signal));
  }

  async #authenticate(
    attachment: Attachment,
    resumes: LinkApplicant["resumes"],
    signal: AbortSignal,
  ): Promise<unknown> {
    const { authenticate } = this.#options;
    if (authenticate === undefined) return undefined;
    const { peer, facts = NO_FACTS } = attachment.link;
    const ask = async () => authenticate({ peer, facts, resumes, signal });
    try {
      return await orAborted(ask(), signal);
    } catch (error) {
      if (!signal.aborted) throw this.#reject(attachment, asError(error).message, error);
      // No refusal, which would end the client's session: it was not found wrong, only late.
      attachment.fence(error instanceof RoamError ? error : undefined);
      throw error;
    }
  }

  #open(attachment: Attachment, principal: unknown): StableConduit<M> {
    const registry = this.#registry;
    const { handshakeTimeoutMs } = this.#limits;
    // A client that missed the ServerHello begins another session.
    // r[impl stable.x.handshake-timeout]
    const stopBirth = this.#clock.after(handshakeTimeoutMs, () =>
      conduit.destroy(new RoamError("handshake", `no first frame within ${handshakeTimeoutMs} ms`)),
    );
    const held = new Holder(this.#options.heldBytes, (cause) => conduit.destroy(cause));
    const conduit: StableConduit<M> = new StableConduit<M>({
      family: this.#options.family,
      limits: this.#limits,
      clock: this.#clock,
      onDetached: (reason) => {
        conduit.setState({ kind: "detached", reason, attempt: 0, nextDelayMs: undefined });
        registry.onDetached(session);
      },
      onOver: () => {
        stopBirth();
        held.close();
        registry.remove(session);
      },
      onFirstFrame: () => {
        stopBirth();
        registry.onFirstFrame(session);
      },
      onDetachedBytes: (delta) => registry.onDetachedBytes(session, delta),
      onKept: () => held.add(conduit.core.replayBytes - held.bytes),
    });
    const session = new Accepted(conduit, principal);
    this.#principals.set(conduit, principal);
    const resumeKey = registry.add(session);
    if (!attachment.send(encodeServerHello({ isRejected: false, resumeKey, lastReceived: undefined }))) {
      const error = refuse(attachment, "the link died in the handshake");
      conduit.destroy(error);
      throw error;
    }
    conduit.attach(attachment, undefined);
    return conduit;
  }

  async #resume(
    attachment: Attachment,
    key: Uint8Array,
    lastReceived: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const hello = ++this.#hellos;
    const asked = this.#registry.find(key);
    if (asked === undefined) throw this.#reject(attachment, "no session has this key");
    const principal = await this.#authenticate(attachment, { principal: asked.principal }, signal);
    // The session may have gone on, or ended, while somebody thought about it.
    const session = this.#registry.find(key);
    if (session === undefined) throw this.#reject(attachment, "no session has this key any more");
    if (!Object.is(principal, session.principal)) throw this.#reject(attachment, "another principal");
    // The client gave this link up for one that is attached already: it is not to lose that one.
    if (hello < session.hello) throw refuse(attachment, "a later link was faster");
    this.#takeBack(session, attachment, key, lastReceived);
    session.hello = hello;
  }

  /** All in one turn: a second link with the same key finds the first one attached. */
  // r[impl stable.reconnect.server-replay]
  #takeBack(session: Accepted<M>, attachment: Attachment, key: Uint8Array, lastReceived?: number): void {
    const { conduit } = session;
    if (!conduit.core.isConsistent(lastReceived)) throw this.#reject(attachment, "not the state we share");
    // Before our number is read: what the old link brings after that counts for nothing.
    // r[impl stable.x.fence]
    conduit.fence();
    const resumeKey = this.#registry.rotate(session, key);
    const hello = { isRejected: false, resumeKey, lastReceived: conduit.core.lastReceived };
    // A link that died already tells so when it is attached.
    attachment.send(encodeServerHello(hello));
    conduit.attach(attachment, lastReceived);
  }

  /** Says no, with a key of zeros, and hangs up. */
  // r[impl stable.x.resume-verify]
  // r[impl stable.reconnect.failure]
  #reject(attachment: Attachment, reason: string, cause?: unknown): RoamError {
    const resumeKey = new Uint8Array(RESUME_KEY_BYTES);
    const isTold = attachment.send(
      encodeServerHello({ isRejected: true, resumeKey, lastReceived: undefined }),
    );
    if (!isTold) return refuse(attachment, reason, cause);
    attachment.hangUp(this.#clock);
    return new RoamError("handshake", reason, { cause });
  }
}

function refuse(attachment: Attachment, reason: string, cause?: unknown): RoamError {
  const error = new RoamError("handshake", reason, { cause });
  attachment.fence(error);
  return error;
}
