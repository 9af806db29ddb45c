import { asError, RoamError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import { type Limits, withLimits } from "../../limits.ts";
import type { Link } from "../../link/link.ts";
import type { MessageFamily } from "../conduit.ts";
import type { ConduitState } from "../conduit-state.ts";
import { Attachment } from "./attachment.ts";
import { type Backoff, backoffDelayMs, DEFAULT_BACKOFF } from "./backoff.ts";
import { MAX_FRAME_HEADER_BYTES } from "./frame.ts";
import {
  decodeServerHello,
  encodeClientHello,
  HELLO_BYTES,
  type ResumeKey,
  type ServerHello,
} from "./hello.ts";
import type { LinkSource } from "./link-source.ts";
import { StableConduit } from "./stable-conduit.ts";

export interface StableInitiatorOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits?: Partial<Limits>;
  readonly reconnect?: Partial<Backoff>;
  readonly clock?: Clock;
  /** From 0 to 1; for the spread of delays. */
  readonly random?: () => number;
  readonly onState?: (state: ConduitState) => void;
  /** Aborts the first connection; afterwards close or destroy the conduit. */
  readonly signal?: AbortSignal;
}

/** The peer took the ClientHello and hung up without a byte, as one does that speaks bare. */
export class SilentPeerError extends RoamError {
  override readonly name: string = "SilentPeerError";
}

/**
 * The dialling side of a stable conduit: resolves when the first handshake is done, and from then
 * on gets itself a new link whenever one dies.
 *
 * @throws RoamError `handshake` if the peer does not answer as one; what the first dial failed
 *   by; the signal's reason
 */
export async function connectStable<M>(
  source: LinkSource,
  options: StableInitiatorOptions<M>,
): Promise<StableConduit<M>> {
  const initiator = new StableInitiator(source, options);
  await initiator.connect(options.signal);
  return initiator.conduit;
}

class StableInitiator<M> {
  readonly conduit: StableConduit<M>;
  readonly #source: LinkSource;
  readonly #limits: Limits;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Aborts whatever attempt or delay is under way when the conduit is over. */
  readonly #life = new AbortController();
  #resumeKey: ResumeKey | undefined;
  /**
   * The key before, tried once when the newest is refused: a hello of ours that was given up and came
   * late has made the server forget the newest one.
   */
  #olderKey: ResumeKey | undefined;
  /** Attempts since a link was of use, and when that one was lost. */
  #attempts = 0;
  #lostAtMs = 0;
  #attachedAtMs = 0;

  constructor(source: LinkSource, options: StableInitiatorOptions<M>) {
    this.#source = source;
    this.#limits = withLimits(options.limits);
    this.#backoff = { ...DEFAULT_BACKOFF, ...options.reconnect };
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.conduit = new StableConduit<M>({
      family: options.family,
      limits: this.#limits,
      clock: this.#clock,
      onDetached: (reason) => void this.#reconnect(reason),
      onOver: () => this.#life.abort(new RoamError("closed", "the conduit is over")),
    });
    if (options.onState !== undefined) {
      options.onState(this.conduit.state);
      this.conduit.watch(options.onState);
    }
  }

  async connect(signal?: AbortSignal): Promise<void> {
    const onAbort = () => this.#life.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      await this.#attempt();
    } catch (error) {
      this.conduit.destroy(
        error instanceof RoamError
          ? error
          : new RoamError("handshake", asError(error).message, { cause: error }),
      );
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** One dial and one handshake, within the time for a handshake. */
  // r[impl stable.handshake]
  // r[impl stable.x.handshake-timeout]
  async #attempt(): Promise<void> {
    const attempt = new AbortController();
    const { signal } = attempt;
    const onOver = () => attempt.abort(this.#life.signal.reason);
    if (this.#life.signal.aborted) onOver();
    this.#life.signal.addEventListener("abort", onOver, { once: true });
    const { handshakeTimeoutMs } = this.#limits;
    const stop = this.#clock.after(handshakeTimeoutMs, () =>
      attempt.abort(new RoamError("handshake", `no ServerHello within ${handshakeTimeoutMs} ms`)),
    );
    try {
      const link = await this.#dial(signal);
      const attachment = new Attachment(link);
      try {
        this.#attach(attachment, await this.#shakeHands(attachment, signal));
      } catch (error) {
        attachment.fence();
        throw error;
      }
    } finally {
      stop();
      this.#life.signal.removeEventListener("abort", onOver);
    }
  }

  /** A source that does not listen to the signal is not waited for, and what it brings is dropped. */
  #dial(signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#source.next({ signal }).then(
        (link) => {
          signal.removeEventListener("abort", onAbort);
          if (signal.aborted) link.destroy();
          else resolve(link);
        },
        (error) => {
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      );
    });
  }

  #shakeHands(attachment: Attachment, signal: AbortSignal): Promise<ServerHello> {
    attachment.link.rx.maxPayloadBytes = HELLO_BYTES;
    const { lastReceived } = this.conduit.core;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      const settle = () => signal.removeEventListener("abort", onAbort);
      if (!attachment.send(encodeClientHello({ resumeKey: this.#resumeKey, lastReceived }))) {
        reject(new RoamError("handshake", "the link took no ClientHello"));
      }
      attachment.receive(
        (payload) => {
          settle();
          // Frames may follow in the same turn: they belong to the conduit, and are larger.
          attachment.hold();
          const { maxPayloadBytes } = this.#limits;
          attachment.link.rx.maxPayloadBytes = Math.min(
            maxPayloadBytes + MAX_FRAME_HEADER_BYTES,
            0xffff_ffff,
          );
          try {
            resolve(decodeServerHello(payload.whole()));
          } catch (error) {
            reject(new RoamError("handshake", asError(error).message, { cause: error }));
          }
        },
        (cause) => {
          settle();
          reject(
            cause === undefined
              ? new SilentPeerError("handshake", "the peer hung up before a ServerHello")
              : new RoamError("handshake", `the link died before the ServerHello: ${cause.reason}`, {
                  cause,
                }),
          );
        },
      );
    });
  }

  #attach(attachment: Attachment, hello: ServerHello): void {
    if (this.conduit.hasEnded) throw this.#life.signal.reason;
    if (hello.isRejected) {
      if (this.#resumeKey === undefined) throw new RoamError("handshake", "the peer takes no new session");
      if (this.#olderKey === undefined) throw this.conduit.lose("rejected");
      this.#resumeKey = this.#olderKey;
      this.#olderKey = undefined;
      throw new RoamError("handshake", "the peer does not know the newest key");
    }
    this.#olderKey = this.#resumeKey;
    this.#resumeKey = hello.resumeKey;
    if (!this.conduit.core.isConsistent(hello.lastReceived)) throw this.conduit.lose("peer-state");
    this.#attachedAtMs = this.#clock.nowMs();
    this.conduit.attach(attachment, hello.lastReceived);
  }

  // r[impl stable.x.backoff]
  async #reconnect(reason: string): Promise<void> {
    // A link that shook hands and died at once does not start the count anew.
    const nowMs = this.#clock.nowMs();
    const wasOfUse = this.conduit.core.hasProgress || nowMs - this.#attachedAtMs >= this.#backoff.capMs;
    if (wasOfUse || this.#attempts === 0) {
      this.#attempts = 0;
      this.#lostAtMs = nowMs;
    }
    for (;;) {
      const attempt = this.#attempts++;
      const nextDelayMs = backoffDelayMs(attempt, this.#backoff, this.#random());
      if (this.#clock.nowMs() + nextDelayMs - this.#lostAtMs > this.#backoff.totalMs) {
        this.conduit.lose("timeout");
        return;
      }
      this.conduit.setState({ kind: "detached", reason, attempt, nextDelayMs });
      if (nextDelayMs > 0) await this.#delay(nextDelayMs);
      if (this.conduit.hasEnded) return;
      try {
        return await this.#attempt();
      } catch (error) {
        if (this.conduit.hasEnded) return;
        // A refused dial, a dead link or a slow handshake is tried again.
        reason = error instanceof RoamError ? error.reason : asError(error).message;
      }
    }
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#life;
      const done = () => {
        stop();
        stopWakeUp?.();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const stop = this.#clock.after(ms, done);
      const stopWakeUp = this.#source.onWakeUp?.(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
