import type { Reader } from "roam-postcard";
import { RoamError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import type { HeldBytes } from "../internal/held-bytes.ts";
import { orAborted } from "../internal/or-aborted.ts";
import { type Limits, withLimits } from "../limits.ts";
import type { Link } from "../link/link.ts";
import { NO_FACTS } from "../link/peer-facts.ts";
import { BareConduit } from "./bare-conduit.ts";
import type { Conduit, MessageFamily } from "./conduit.ts";
import { LinkPlaces } from "./link-places.ts";
import { Attachment } from "./stable/attachment.ts";
import { hasClientMagic } from "./stable/hello.ts";
import type { Retention } from "./stable/resume-registry.ts";
import { type AuthenticateLink, StableAcceptor } from "./stable/stable-acceptor.ts";
import type { StableConduit } from "./stable/stable-conduit.ts";

/** Which conduits are spoken: "auto" takes what the peer can do, the others insist. */
export type ConduitChoice = "auto" | "stable" | "bare";

export interface InboundOptions {
  /** What inbound links may speak (default auto: told by their first payload). */
  readonly conduit?: ConduitChoice;
  readonly limits?: Partial<Limits>;
  /** What is kept of stable sessions that have no link. */
  readonly retention?: Partial<Retention>;
  readonly authenticate?: AuthenticateLink;
  readonly clock?: Clock;
  /** Source of resume keys (default: the platform's, which is secure). */
  readonly randomBytes?: (length: number) => Uint8Array;
  /** @internal Where a server counts what its sessions hold. */
  readonly heldBytes?: HeldBytes | undefined;
  /** @internal A link was hung up on, for there are too many. */
  readonly onRefused?: (peer: string, reason: string) => void;
}

/** Makes conduits of the links that come in, stable or bare as their first payload says. */
export class InboundConduits<M> {
  readonly #family: MessageFamily<M>;
  readonly #options: InboundOptions;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #stable: StableAcceptor<M>;
  readonly #places: LinkPlaces;
  readonly #principals = new WeakMap<BareConduit<M>, unknown>();

  constructor(family: MessageFamily<M>, options: InboundOptions = {}) {
    const { retention, authenticate, randomBytes, heldBytes } = options;
    this.#family = family;
    this.#options = options;
    this.#limits = withLimits(options.limits);
    this.#clock = options.clock ?? systemClock;
    this.#places = new LinkPlaces(this.#limits, options.onRefused);
    this.#stable = new StableAcceptor({
      family,
      limits: this.#limits,
      clock: this.#clock,
      heldBytes,
      ...(retention === undefined ? {} : { retention }),
      ...(authenticate === undefined ? {} : { authenticate }),
      ...(randomBytes === undefined ? {} : { randomBytes }),
    });
  }

  /** Links open and not refused, and those of them whose handshake is not over. */
  get places(): LinkPlaces {
    return this.#places;
  }

  /** Stable sessions known, and those of them without a link. */
  get stable(): StableAcceptor<M> {
    return this.#stable;
  }

  /** What `authenticate` said of the one whose link a conduit was made of. */
  principalOf(conduit: Conduit<M>): unknown {
    return conduit instanceof BareConduit
      ? this.#principals.get(conduit)
      : this.#stable.principalOf(conduit as StableConduit<M>);
  }

  /**
   * Waits for the first payload and acts on it, within the time for a handshake.
   *
   * @returns a new conduit; undefined if the link went to a session that exists
   * @throws RoamError `handshake`, what the link died of, or the signal's reason; the link is closed then
   */
  // r[impl stable.x.detect]
  // r[impl stable.x.handshake-timeout]
  async accept(link: Link, signal?: AbortSignal): Promise<Conduit<M> | undefined> {
    const { maxHandshakeBytes, maxPayloadBytes, handshakeTimeoutMs } = this.#limits;
    link.rx.maxPayloadBytes = Math.min(maxHandshakeBytes, maxPayloadBytes);
    const place = this.#places.take(link);
    const attachment = new Attachment(link, () => place.giveBack());
    const attempt = new AbortController();
    const onAbort = () => attempt.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const stop = this.#clock.after(handshakeTimeoutMs, () =>
      attempt.abort(new RoamError("handshake", `no handshake within ${handshakeTimeoutMs} ms`)),
    );
    try {
      return await this.#accept(attachment, attempt.signal);
    } finally {
      place.isKnown();
      stop();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #accept(attachment: Attachment, signal: AbortSignal): Promise<Conduit<M> | undefined> {
    const payload = await firstPayload(attachment, signal);
    const { conduit = "auto" } = this.#options;
    const hello = payload.whole();
    const isStable = hasClientMagic(hello);
    if (conduit !== "auto" && isStable !== (conduit === "stable")) {
      // In order, for that is how a dialler knows what is spoken here.
      attachment.hangUp(this.#clock);
      throw new RoamError("handshake", `only ${conduit} conduits are taken here`);
    }
    if (isStable) return this.#stable.accept(attachment, hello, signal);
    const principal = await this.#authenticate(attachment, signal);
    attachment.hold(payload);
    const bare = new BareConduit(attachment.handOn(), this.#family);
    this.#principals.set(bare, principal);
    return bare;
  }

  async #authenticate(attachment: Attachment, signal: AbortSignal): Promise<unknown> {
    const { peer, facts = NO_FACTS } = attachment.link;
    const ask = async () => this.#options.authenticate?.({ peer, facts, resumes: undefined, signal });
    try {
      return await orAborted(ask(), signal);
    } catch (cause) {
      const error = new RoamError("handshake", "the link was refused", { cause });
      attachment.fence(error);
      throw error;
    }
  }
}

/** @throws what the link died of, or the signal's reason; the link is closed then */
function firstPayload(attachment: Attachment, signal: AbortSignal): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      attachment.fence(error instanceof RoamError ? error : undefined);
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    attachment.receive(
      (payload) => {
        signal.removeEventListener("abort", onAbort);
        attachment.hold();
        resolve(payload);
      },
      (cause) => fail(cause ?? new RoamError("handshake", "the peer hung up without a word")),
    );
  });
}
