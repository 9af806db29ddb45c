import { DecodeError } from "roam-postcard";
import { asError, RoamError } from "../../errors.ts";
import { type Clock, systemClock } from "../../internal/clock.ts";
import type { MessageFamily } from "../conduit.ts";
import { Attachment } from "./attachment.ts";
import { type Backoff, backoffDelayMs, DEFAULT_BACKOFF } from "./backoff.ts";
import {
  decodeServerHello,
  encodeClientHello,
  HELLO_BYTES,
  type ResumeKey,
  type ServerHello,
} from "./hello.ts";
import type { LinkSource } from "./link-source.ts";
import { StableConduit } from "./stable-conduit.ts";
import { DEFAULT_STABLE_LIMITS, type StableLimits } from "./stable-limits.ts";
import type { StableState } from "./stable-state.ts";

export interface StableInitiatorOptions<M> {
  readonly family: MessageFamily<M>;
  readonly limits?: Partial<StableLimits>;
  readonly backoff?: Partial<Backoff>;
  readonly clock?: Clock;
  /** From 0 to 1; for the spread of delays. */
  readonly random?: () => number;
  readonly peer?: string;
  readonly onState?: (state: StableState) => void;
  /** Aborts the first connection; afterwards close or destroy the conduit. */
  readonly signal?: AbortSignal;
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
  readonly #limits: StableLimits;
  readonly #backoff: Backoff;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onState: (state: StableState) => void;
  /** Aborts whatever attempt or delay is under way when the conduit is over. */
  readonly #life = new AbortController();
  #resumeKey: ResumeKey | undefined;
  /** Attempts since a link was of use, and when that one was lost. */
  #attempts = 0;
  #lostAtMs = 0;

  constructor(source: LinkSource, options: StableInitiatorOptions<M>) {
    this.#source = source;
    this.#limits = { ...DEFAULT_STABLE_LIMITS, ...options.limits };
    this.#backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#onState = options.onState ?? (() => {});
    this.conduit = new StableConduit<M>({
      family: options.family,
      limits: this.#limits,
      clock: this.#clock,
      peer: options.peer ?? "stable",
      onState: this.#onState,
      onDetached: (reason) => void this.#reconnect(reason),
      onOver: () => this.#life.abort(new RoamError("closed", "the conduit is over")),
    });
  }

  async connect(signal?: AbortSignal): Promise<void> {
    this.#onState({ kind: "connecting" });
    const onAbort = () => this.#life.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      await this.#attempt();
    } catch (error) {
      this.conduit.destroy(new RoamError("handshake", asError(error).message, { cause: error }));
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** One dial and one handshake. */
  // r[impl stable.handshake]
  async #attempt(): Promise<void> {
    const link = await this.#source.next({ signal: this.#life.signal });
    if (this.#life.signal.aborted) {
      link.destroy();
      throw this.#life.signal.reason;
    }
    link.rx.maxPayloadBytes = HELLO_BYTES;
    const attachment = new Attachment(link);
    let hello: ServerHello;
    try {
      const lastReceived = this.conduit.core.lastReceived;
      await attachment.send(encodeClientHello({ resumeKey: this.#resumeKey, lastReceived }));
      hello = await this.#serverHello(attachment);
    } catch (error) {
      attachment.fence();
      throw error;
    }
    if (hello.isRejected) {
      attachment.fence();
      throw this.conduit.lose("rejected");
    }
    this.#resumeKey = hello.resumeKey;
    if (!this.conduit.core.resume(hello.lastReceived)) {
      attachment.fence();
      throw this.conduit.lose("peer-state");
    }
    this.conduit.attach(attachment);
  }

  // r[impl stable.x.handshake-timeout]
  #serverHello(attachment: Attachment): Promise<ServerHello> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#life;
      const settle = () => {
        stop();
        signal.removeEventListener("abort", onAbort);
      };
      const failed = (reason: string, cause?: unknown) => {
        settle();
        reject(new RoamError("handshake", reason, { cause }));
      };
      const onAbort = () => {
        settle();
        reject(signal.reason);
      };
      const stop = this.#clock.after(this.#limits.handshakeTimeoutMs, () => failed("no ServerHello in time"));
      signal.addEventListener("abort", onAbort, { once: true });
      attachment.receive(
        (payload) => {
          settle();
          // Frames may follow in the same turn: they belong to the conduit.
          try {
            const hello = decodeServerHello(payload);
            attachment.hold();
            resolve(hello);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            failed(error.message, error);
          }
        },
        (cause) => failed(cause?.reason ?? "the link ended before the ServerHello", cause),
      );
    });
  }

  // r[impl stable.x.backoff]
  async #reconnect(reason: string): Promise<void> {
    // A link that shook hands and died at once does not start the count anew.
    if (this.conduit.hasProgress || this.#attempts === 0) {
      this.#attempts = 0;
      this.#lostAtMs = this.#clock.nowMs();
    }
    while (!this.conduit.hasEnded) {
      const attempt = this.#attempts++;
      const delayMs = backoffDelayMs(attempt, this.#backoff, this.#random());
      if (this.#clock.nowMs() + delayMs - this.#lostAtMs > this.#backoff.totalMs) {
        this.conduit.lose("timeout");
        return;
      }
      this.#onState({ kind: "detached", reason, attempt, nextDelayMs: delayMs });
      if (delayMs > 0) await this.#delay(delayMs);
      if (this.conduit.hasEnded) return;
      try {
        return await this.#attempt();
      } catch (error) {
        // A refused dial, a dead link or a slow handshake is tried again; a loss has told itself.
        reason = asError(error).message;
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
      if (signal.aborted) done();
    });
  }
}
