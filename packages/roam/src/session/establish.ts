import type { Conduit, ConduitRx, Role } from "../conduit/conduit.ts";
import { abortReason, asError, ProtocolError, RoamError } from "../errors.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { type Limits, withLimits } from "../limits.ts";
import type { Message } from "../wire/message.ts";
import { checkMetadata, Metadata } from "../wire/metadata.ts";
import { firstMessage, type HandshakeOffer, type HandshakeStep, onFirstMessage } from "./handshake.ts";
import { linger } from "./linger.ts";
import { Outbox } from "./outbox.ts";
import { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";
import type { TapPoint } from "./session-tap.ts";

/**
 * Sets a session up on a conduit.
 *
 * @throws RoamError `handshake` when refused or too slow, ProtocolError when the counterpart
 *   breaks a rule, what the conduit died of, or the signal's reason; the conduit is gone then
 */
// r[impl rpc.session-setup]
export function establish(
  conduit: Conduit<Message>,
  role: Role,
  options: SessionOptions = {},
): Promise<Session> {
  try {
    return new Handshaking(conduit, role, options).start();
  } catch (error) {
    // Options that make no sense: nobody else would close the conduit.
    conduit.destroy();
    return Promise.reject(error);
  }
}

type Good = Extract<HandshakeStep, { kind: "established" }>;

/** A session to be: waits for the first message, with a limit, then hands everything over. */
class Handshaking {
  readonly #conduit: Conduit<Message>;
  readonly #role: Role;
  readonly #options: SessionOptions;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #offer: HandshakeOffer;
  readonly #rx: ConduitRx<Message>;
  readonly #outbox: Outbox;
  readonly #tap: TapPoint = { current: undefined };
  readonly #result: Deferred<Session> = deferred();
  #session: Session | undefined;
  #isSettled = false;
  /** What came while somebody thought about the Hello: what one chunk of a link holds, at most. */
  #early: Message[] | undefined;
  readonly #admission = new AbortController();
  #stopTimer: () => void = () => {};

  constructor(conduit: Conduit<Message>, role: Role, options: SessionOptions) {
    const limits = withLimits(options.limits);
    const metadata = Metadata.from(options.metadata);
    checkMetadata(metadata, limits);
    const { tx, rx } = conduit.split();
    tx.maxPayloadBytes = limits.maxPayloadBytes;
    rx.maxPayloadBytes = Math.min(limits.maxHandshakeBytes, limits.maxPayloadBytes);
    this.#conduit = conduit;
    this.#role = role;
    this.#options = options;
    this.#limits = limits;
    this.#clock = options.clock ?? systemClock;
    this.#rx = rx;
    this.#outbox = new Outbox(tx, {
      maxControls: limits.maxQueuedControls,
      tap: this.#tap,
      onPressure: (isHigh) => this.#session?.onPressure(isHigh),
      onOverflow: (error) => this.#session?.abandon(error),
      onBlocked: (isBlocked) => this.#session?.onBlocked(isBlocked),
    });
    this.#offer = {
      parity: options.parity ?? "odd",
      maxConcurrentRequests: limits.maxConcurrentRequests,
      metadata,
    };
  }

  start(): Promise<Session> {
    const { signal } = this.#options;
    if (signal?.aborted) this.#onAbort();
    else {
      signal?.addEventListener("abort", this.#onAbort, { once: true });
      const { handshakeTimeoutMs } = this.#limits;
      this.#stopTimer = this.#clock.after(handshakeTimeoutMs, () => {
        this.#fail(new RoamError("handshake", `no handshake within ${handshakeTimeoutMs} ms`), false);
      });
      this.#rx.start(
        (message) => this.#onMessage(message),
        (cause) => this.#onEnd(cause),
      );
      if (this.#role === "initiator") {
        this.#outbox.post(firstMessage(this.#offer), (error) => {
          if (error !== undefined) this.#fail(error, false);
        });
      }
    }
    return this.#result.promise;
  }

  readonly #onAbort = (): void => {
    this.#fail(abortReason(this.#options.signal as AbortSignal), false);
  };

  #onMessage(message: Message): void {
    if (this.#session !== undefined) return this.#session.receive(message);
    if (this.#isSettled) return;
    if (this.#early !== undefined) {
      this.#early.push(message);
      return;
    }
    const step = onFirstMessage(this.#role, this.#offer, message);
    if (step.kind === "failed") return this.#fail(step.error, step.isAnswered);
    try {
      checkMetadata(step.established.metadata, this.#limits);
    } catch (cause) {
      return this.#fail(new ProtocolError("session.x.limits", asError(cause).message, { cause }), true);
    }
    const { admit } = this.#options;
    if (admit === undefined || this.#role === "initiator") return this.#establish(step, undefined);
    this.#early = [];
    this.#rx.pause();
    void this.#admit(admit, step);
  }

  async #admit(admit: NonNullable<SessionOptions["admit"]>, step: Good): Promise<void> {
    const { metadata } = step.established;
    let principal: unknown;
    try {
      principal = await admit(metadata, this.#admission.signal);
    } catch (cause) {
      // Why is the owner's to know.
      return this.#fail(new RoamError("handshake", "the session was refused", { cause }), true);
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    if (this.#isSettled) return;
    this.#establish(step, principal);
    this.#rx.resume();
    for (const message of early) this.#session?.receive(message);
  }

  #establish(step: Good, principal: unknown): void {
    this.#settle();
    this.#rx.maxPayloadBytes = this.#limits.maxPayloadBytes;
    if (step.reply !== undefined) this.#outbox.post(step.reply);
    this.#session = new Session({
      role: this.#role,
      conduit: this.#conduit,
      rx: this.#rx,
      outbox: this.#outbox,
      tap: this.#tap,
      established: step.established,
      options: this.#options,
      principal,
      limits: this.#limits,
      clock: this.#clock,
    });
    // Now, for the next message may be in the same chunk.
    this.#options.trace?.begin(this.#session);
    this.#result.resolve(this.#session);
  }

  #onEnd(cause?: RoamError): void {
    if (this.#session !== undefined) return this.#session.onConduitEnd(cause);
    const error =
      cause ??
      new RoamError("handshake", "the counterpart hung up during the handshake", {
        cause: new RoamError("closed", "the link ended"),
      });
    // Something came, but it was no message: the counterpart is told.
    const isAnswered = error.code === "decode" || error.code === "too-large";
    this.#fail(
      isAnswered ? new ProtocolError("session.handshake", error.reason, { cause }) : error,
      isAnswered,
    );
  }

  #fail(error: unknown, isAnswered: boolean): void {
    if (this.#isSettled) return;
    this.#settle();
    this.#admission.abort(error);
    this.#result.reject(error);
    const cause =
      error instanceof RoamError
        ? error
        : new RoamError("aborted", "the handshake was aborted", { cause: error });
    if (!isAnswered) return this.#conduit.destroy(cause);
    this.#outbox.post({ tag: "ProtocolError", connectionId: 0, description: cause.reason });
    void linger(this.#outbox, cause, this.#clock, this.#conduit.links).then(() =>
      this.#conduit.destroy(cause),
    );
  }

  #settle(): void {
    this.#isSettled = true;
    this.#stopTimer();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
